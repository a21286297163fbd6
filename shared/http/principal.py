"""Who asks, what they may, and how far they see."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from shared.schemas.access import FilesFor, Scope
from shared.schemas.people import Directory, Person
from shared.storage import Sight


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks. `id` is a unit's code (with /system, where it is known which of its systems), a person's id or a service.

    `scopes` None are all. `files_for` says for whom a unit's system may file requests, `system` which one it is. `stands_in_for` are
    those who are away at this moment and have the person stand in.
    """

    kind: Literal["unit", "person", "service"]
    id: str
    business_unit: str | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    files_for: FilesFor = "any"
    system: str | None = None
    stands_in_for: frozenset[str] = frozenset()

    @classmethod
    def of_person(cls, person: Person, directory: Directory, at: datetime) -> Self:
        """One of our people as the directory has them at `at`, with those for whom they stand in then."""
        return cls(
            kind="person",
            id=person.id,
            business_unit=person.business_unit,
            roles=frozenset(person.roles),
            stands_in_for=directory.stood_in_for(person.id, at),
        )

    def may(self, scope: Scope) -> bool:
        """Whether the caller's token gives `scope`."""
        return self.scopes is None or scope in self.scopes

    @property
    def pinned_to(self) -> tuple[str, ...]:
        """The unit, or the unit and source system, for which alone the caller may file requests; nothing when for any."""
        match self.files_for:
            case "any":
                return ()
            case "unit":
                return (self.business_unit or "",)
            case "system":
                return (self.business_unit or "", self.system or "")

    @property
    def files_for_any(self) -> bool:
        """Whether the caller's own key lets it file for any unit."""
        return self.system is not None and self.files_for == "any"

    @property
    def sight(self) -> Sight:
        """What may be seen: by our own services everything, by others what belongs to their unit, by people also where they have a
        part, or somebody for whom they stand in.
        """
        if self.kind == "service":
            return Sight.of_our_services()
        if self.kind == "unit":
            return Sight(unit=self.business_unit)
        return Sight(unit=self.business_unit, person=self.id, stands_in_for=self.stands_in_for)

    def sees(self, *, units: Collection[str], people: Collection[str]) -> bool:
        """Whether what belongs to `units`, and in which `people` have a part, may be shown: to our own services always."""
        return self.sight.allows(units=units, people=people)
