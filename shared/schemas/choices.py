"""How somebody was chosen for a seat: the record that routing says and keeps."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen, Text
from shared.schemas.requests import PolicyPin
from shared.schemas.seasons import SeasonUsed

Step = Literal["coordinator", "supporter"]


class Candidate(Frozen):
    """One person who passed every filter, with each part of the score (higher is better) and the sum."""

    person: str
    rank: int
    total: float
    parts: dict[str, float]
    open_load: float
    stands_in_for: str | None = None
    inputs: dict[str, float] = Field(default_factory=dict, description="what the parts were worked out from; 0 is left out")


class DecisionRecord(Frozen):
    """How one choice was made, reproducible from directory version, policy and these numbers (`backline explain`).

    `weights` are those it used, `fairness_half` the effort at which the weight of fairness is halved.
    `candidates` holds the best 10, or 20 where a coordinator chooses; `excluded` counts everybody else by the filter that
    removed them.
    """

    step: Step
    role: str
    skill: str | None = None
    at: datetime
    directory: str
    policy: PolicyPin
    considered: int
    candidates: tuple[Candidate, ...]
    excluded: dict[str, int]
    chosen: tuple[str, ...]
    chosen_by: str = "policy"
    explanation: Text
    skills: dict[str, int] = Field(default_factory=dict, description="each wanted skill and its least level")
    weights: dict[str, float] = Field(default_factory=dict)
    fairness_half: float | None = None
    season: SeasonUsed | None = Field(default=None, description="the season of the request's unit, when it was chosen in one")
