"""Bid seasons: for a time other figures count in assignments; what routing says of them on backline.seasons.v1."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen

SEASONS = "seasons"
"""The subject of every event here: all seasons stand in one entry, so that no two can be declared for the same time at once."""


class SeasonFigures(Frozen):
    """What counts meanwhile. Somebody with 8 places has floor(8 x cap_factor) + cap_more."""

    cap_factor: float = 1.0
    cap_more: int = 0
    borrowing: bool = Field(default=False, description="other units' people may be taken once one's own and the pool's are full")
    lenders_keep: int = Field(default=0, description="places that whoever is borrowed keeps free for their own unit")
    ageing: bool = Field(default=False, description="of those that wait, urgent ones and those needed soon are tried sooner")

    def cap(self, seats: int) -> int:
        """How many open requests somebody with `seats` places may hold; who has none takes none."""
        return int(seats * self.cap_factor + 1e-9) + self.cap_more if seats else 0


class Season(Frozen):
    """In effect from `starts` up to, and without, `ends`; of every unit where none is named."""

    id: str
    name: str
    business_unit: str | None = None
    starts: datetime
    ends: datetime
    figures: SeasonFigures

    def concerns(self, unit: str) -> bool:
        """Whether it is a season of `unit`."""
        return self.business_unit in {None, unit}

    def in_effect(self, at: datetime) -> bool:
        """Whether its figures count at `at`."""
        return self.starts <= at < self.ends


class SeasonDeclared(Frozen):
    """There will be a season, or it begins at once."""

    season: Season
    by: str
    reason: str = ""


class SeasonChanged(Frozen):
    """The season is as it reads here from now on. `told` are the leaders and coordinators of the units concerned, once it has begun."""

    season: Season
    by: str
    reason: str = ""
    told: tuple[str, ...] = ()


class SeasonWithdrawn(Frozen):
    """The season will not be: it was taken back before it began."""

    season: Season
    by: str
    reason: str = ""


class SeasonBegan(Frozen):
    """Its figures count since `season.starts`. `told` are the leaders and coordinators of the units concerned."""

    season: Season
    told: tuple[str, ...] = ()


class SeasonEnded(Frozen):
    """Its figures count no more since `season.ends`: its time was over, or somebody ended it."""

    season: Season
    cause: Literal["time", "person"]
    by: str = "policy"
    reason: str = ""
    told: tuple[str, ...] = ()


class SeasonUsed(Frozen):
    """The season whose figures a choice was made by."""

    id: str
    name: str
    figures: SeasonFigures
