"""The figures of the bid room: which parts a bid has, how long each takes, what it builds on and what it is filled with. Pure.

Invariant: every part builds on parts that are named before it, so that no plan runs in a circle.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.calendar import Week, WindowsError, read_week
from shared.schemas.model import Json, Text

Place = Literal["hand_in", "pitch"]


class Part(BaseModel):
    """One part: a request of `type` that takes `hours` of working time.

    `ends` names what it has to be there for. It is opened `at_once`, or `when_ready`: when all it builds on is delivered. One that
    is needed `unless_completed` is left out when the opportunity has such a request that is done, and takes one that is open.
    `fill` maps fields to values; a text that begins with $ stands for one of the bid's. `proves` maps a precondition to the part
    whose request is the evidence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    zh: str
    en: str
    hours: float = Field(gt=0, le=2000)
    after: tuple[str, ...] = ()
    ends: Place = "hand_in"
    opens: Literal["at_once", "when_ready"] = "when_ready"
    needed: Literal["always", "unless_completed"] = "always"
    fill: Json = Field(default_factory=dict)
    proves: dict[str, str] = Field(default_factory=dict)

    @property
    def label(self) -> Text:
        """What people call it."""
        return Text(zh=self.zh, en=self.en)


class BiddingPolicy(BaseModel):
    """The table. `example` says that the figures are ours.

    `assembly_hours` before the deadline all parts are there; `pitch_lead_hours` before the pitch its deck is, and `travel_hours`
    earlier where the pitch is elsewhere. `squeeze` is the least share of its hours in which a part can be done at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    example: bool
    zone: str
    week: dict[str, tuple[str, ...]]
    assembly_hours: float = Field(gt=0, le=2000)
    pitch_lead_hours: float = Field(gt=0, le=2000)
    travel_hours: float = Field(ge=0, le=2000)
    squeeze: float = Field(gt=0, le=1)
    helpers: int = Field(ge=1, le=20)
    marks: tuple[str, ...]
    parts: dict[str, Part]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        """Parts build on parts above them, and there are hours to work in."""
        known: set[str] = set()
        for name, part in self.parts.items():
            if unknown := sorted({*part.after, *part.proves.values()} - known):
                raise ValueError(f"part {name} builds on {unknown[0]}, which is no part above it; name it there")
            known.add(name)
        try:
            week = self.hours
        except WindowsError as error:
            raise ValueError(str(error)) from error
        if not any(week.days):
            raise ValueError("the week of the bid room has no hours; give some")
        return self

    @property
    def hours(self) -> Week:
        """The hours of a week."""
        return read_week(self.week)

    def opportunity_wide(self) -> frozenset[str]:
        """The types of the parts that any request of the opportunity may be."""
        return frozenset(part.type for part in self.parts.values() if part.needed == "unless_completed")
