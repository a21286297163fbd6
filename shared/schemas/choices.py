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


class Way(Frozen):
    """What came of one way to assign a batch.

    `score` is the sum over all seats, each at the load that its person has by then; `overload`, how many places were given beyond
    somebody's capacity; `spread`, the Gini coefficient of the load afterwards of all who could have had one of the seats.
    """

    assigned: int
    score: float
    overload: int
    spread: float


class Together(Frozen):
    """How a batch was assigned: which way was kept, and by how much its score is the greater (`gain`).

    `requests` of the batch had seats to be filled by policy. More requests assigned go before a greater score, that before less spread;
    what is alike in everything is done one by one.
    """

    requests: int
    kept: Literal["together", "one_by_one"]
    gain: float
    together: Way
    one_by_one: Way


class Seat(Frozen):
    """One person's part in a request."""

    person: str
    role: str
    step: Step
    skill: str | None = None
    department: str | None = None
    stands_in_for: str | None = None


class DecisionRecord(Frozen):
    """How one choice was made, reproducible from directory version, policy and these numbers (`backline explain`).

    `weights` are those it used, `fairness_half` the effort at which the weight of fairness is halved.
    `candidates` holds the best 10, or 20 where a coordinator chooses; `excluded` counts everybody else by the filter that
    removed them; of whom a person named, or who stands in by leave, there is that one alone. What was chosen in a batch holds
    `together`; where that was the way kept, each candidate's part `price` is what it costs the batch to have that person, scores
    are after it, and nobody has a greater one than whoever was chosen.
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
    together: Together | None = None
