"""The parts of the rejection desk, put together."""

from dataclasses import dataclass
from typing import Self

from services.intake.desk.early import TellsEarly
from services.intake.desk.keeping import DeskKeeper
from services.intake.desk.reading import DeskReader
from services.intake.desk.refused import Refusals
from services.intake.desk.resending import Resending
from services.intake.desk.shelf import Shelf
from services.intake.projection import Projection
from services.intake.reception import Reception
from shared.service.parts import Parts


@dataclass(frozen=True, kw_only=True)
class DeskRoom:
    """What channels put there (`refusals`), what looks after it, and what of it is read."""

    parts: Parts
    shelf: Shelf
    refusals: Refusals
    keeper: DeskKeeper
    tells: TellsEarly
    reader: DeskReader

    @classmethod
    def of(cls, parts: Parts, projection: Projection, most_open: int) -> Self:
        """The desk of this service's database."""
        shelf = Shelf(parts.database["desk"], parts.database["requests"], parts.clock.now, most_open=most_open)
        return cls(
            parts=parts,
            shelf=shelf,
            refusals=Refusals(shelf, parts.clock),
            keeper=DeskKeeper(shelf, lambda: parts.people.directory),
            tells=TellsEarly(shelf, projection, parts.producer, parts.clock),
            reader=DeskReader(shelf, projection),
        )

    def resending(self, reception: Reception) -> Resending:
        """What sends entries again."""
        return Resending(self.shelf, reception, self.parts.clock)
