"""All seasons in one state, so that one guarded write decides which may stand beside each other. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from shared.schemas.model import Frozen
from shared.schemas.seasons import Season

OVER_KEPT = 100
"""So many that are over stay in the state; the events keep all."""
Phase = Literal["declared", "in_effect", "ended", "withdrawn"]


class Kept(Season):
    """A season, who declared it, and what was said of it. `over` is how it came to its end."""

    by: str
    reason: str = ""
    declared_at: datetime
    began: bool = False
    over: Literal["ended", "withdrawn"] | None = None

    @property
    def plain(self) -> Season:
        """As it is said."""
        return Season(**{name: getattr(self, name) for name in Season.model_fields})

    @property
    def next_at(self) -> datetime | None:
        """When there is something to say of it."""
        if self.over is not None:
            return None
        return self.ends if self.began else self.starts

    def phase(self, at: datetime) -> Phase:
        """What it is at `at`, said already or not."""
        if self.over == "withdrawn":
            return "withdrawn"
        if self.over == "ended" or self.ends <= at:
            return "ended"
        return "in_effect" if self.starts <= at else "declared"

    def meets(self, unit: str | None, starts: datetime, ends: datetime) -> bool:
        """Whether it and one of `unit` (None: of all) from `starts` to `ends` would be in effect for the same unit at once."""
        return (
            self.over is None
            and self.starts < ends
            and starts < self.ends
            and (None in {unit, self.business_unit} or unit == self.business_unit)
        )


class Seasons(Frozen):
    """Every season that is or will be, and the latest of those that are over; in the order in which they were declared."""

    revision: int = 0
    seasons: tuple[Kept, ...] = ()

    def get(self, identity: object) -> Kept | None:
        """The season of that id."""
        return next((one for one in self.seasons if one.id == identity), None)

    def with_one(self, season: Kept) -> Self:
        """These with `season` in the place of the one of its id, or after all."""
        if self.get(season.id) is None:
            return self._of((*self.seasons, season))
        return self._of(season if one.id == season.id else one for one in self.seasons)

    def _of(self, seasons: Iterable[Kept]) -> Self:
        found = tuple(seasons)
        gone = [one.id for one in found if one.over is not None][:-OVER_KEPT]
        kept = tuple(one for one in found if one.id not in gone)
        return self.model_copy(update={"seasons": kept, "revision": self.revision + 1})
