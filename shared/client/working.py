"""What routing answers: who works on a request, why, by when, and in which seasons; see models."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from shared.schemas.links import LinkStanding
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.reviews import ReviewCondition
from shared.schemas.routing import DecisionRecord, Seat
from shared.schemas.seasons import SeasonFigures
from shared.schemas.service_levels import ClockName
from shared.schemas.status import WorkStatus


class Held(Seat):
    accepted: bool = False


class Halt(Frozen):
    by: str
    reason: str
    missing: tuple[str, ...] = ()
    since: datetime
    until: datetime | None = None
    before: WorkStatus


class ShownClock(Frozen):
    clock: ClockName
    state: Literal["runs", "held", "over", "met", "late"]
    started: datetime
    due: datetime
    held_since: datetime | None
    warned: datetime | None
    breached: datetime | None
    met: datetime | None
    provisional: bool


class WaitsFor(Frozen):
    request: str
    number: str
    reference: str
    holds: bool
    standing: LinkStanding | None
    reason: Text | None
    held_by: tuple[str, ...]
    version: int
    amount: float | None
    lines: tuple[Json, ...]
    more: int
    conditions: tuple[ReviewCondition, ...]


class Assignment(Frozen):
    id: str
    type: str | None
    status: WorkStatus
    revision: int
    version: int
    coordinator: Seat | None
    supporters: tuple[Held, ...]
    waiting_since: datetime | None
    halt: Halt | None
    confirm_by: datetime | None
    rating: int | None
    clocks: tuple[ShownClock, ...] = ()
    waits_for: WaitsFor | None = None


class Lacking(Assignment):
    business_unit: str | None
    why: tuple[Text, ...]


class Decisions(Frozen):
    id: str
    decisions: tuple[DecisionRecord, ...]


class Waiting(Frozen):
    waiting: tuple[Lacking, ...]


class SeasonLine(Frozen):
    """In effect from `starts` up to, and without, `ends`; of all units where none is named."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    name: str
    business_unit: str | None
    starts: datetime = Field(alias="from")
    ends: datetime = Field(alias="to")
    phase: Literal["declared", "in_effect", "ended", "withdrawn"]
    figures: SeasonFigures
    by: str
    reason: str
    declared_at: datetime


class SeasonList(Frozen):
    """Those that concern the unit, the latest first; `usual` are the policy's figures."""

    example: bool
    usual: SeasonFigures
    seasons: tuple[SeasonLine, ...]
