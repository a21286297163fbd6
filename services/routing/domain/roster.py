"""Who may have a kind of seat as far as the directory and the hour tell: worked out once for all requests that want alike. Pure.

Invariant: everybody in the directory is either in a roster or counted in it under exactly one reason.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.routing.domain.standing_in import stand_in
from shared.schemas.people import Directory, Person

QUARTER = timedelta(minutes=15)
"""Days begin at a whole quarter of an hour in every time zone, so within one nobody's leave begins or ends."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A kind of seat: for a request of unit `home`, with the policy's shared `pool`."""

    home: str
    pool: str
    role: str
    skills: tuple[tuple[str, int], ...] = ()
    """Each skill with its least level."""
    department: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """Somebody who may have the seat. `entry` holds the role; `worker` is the same, or stands in while they are away.

    `level` is the worker's lowest among the wanted skills; `at_home`, whether they belong to the request's unit; `languages` are
    those they work in, `unit` where they belong. `lent`: the entry is neither of the request's unit nor of the pool. `leaves`: they
    have a leave, of whatever time.
    """

    entry: str
    worker: str
    seats: int
    level: int
    at_home: bool
    industries: tuple[str, ...]
    regions: tuple[str, ...]
    languages: frozenset[str]
    of_pool: bool
    unit: str = ""
    lent: bool = False
    leaves: bool = False

    @property
    def stands_in_for(self) -> str | None:
        """The id of whoever is away, or None."""
        return self.entry if self.entry != self.worker else None


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The request's own unit's people and the pool's, in the order of their ids; all others are counted in `excluded`."""

    own: tuple[Fit, ...]
    pool: tuple[Fit, ...]
    excluded: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Lenders:
    """The other units' people who hold the role: those who may have the seat, and the others of the `holders` by filter."""

    fits: tuple[Fit, ...]
    excluded: Mapping[str, int]
    holders: int


class Rosters:
    """The rosters of one directory in one quarter of an hour."""

    def __init__(self, directory: Directory, now: datetime) -> None:
        self._directory = directory
        self._now = now
        self._known: dict[Wanted, Roster] = {}
        self._lent: dict[Wanted, Lenders] = {}
        self._holders, self._inactive = _by_role_and_unit(directory)

    def serve(self, directory: Directory, now: datetime) -> bool:
        """Whether these are the rosters of `directory` at `now`."""
        return self._directory is directory and _quarter(self._now) == _quarter(now)

    def of(self, wanted: Wanted) -> Roster:
        """Who may have the seat, and who not."""
        known = self._known.get(wanted)
        if known is None:
            known = self._known[wanted] = self._made(wanted)
        return known

    def lenders(self, wanted: Wanted) -> "Lenders":
        """Who of other units may be borrowed for the seat."""
        known = self._lent.get(wanted)
        if known is None:
            units = self._holders.get(wanted.role, {})
            others = [
                person for unit, people in sorted(units.items()) if unit not in {wanted.home, wanted.pool} for person in people
            ]
            excluded: Counter[str] = Counter()
            known = self._lent[wanted] = Lenders(
                fits=self._fits(others, wanted, excluded), excluded=excluded, holders=len(others)
            )
        return known

    def removed_by(self, person: str, wanted: Wanted) -> str:
        """The first filter that keeps somebody out of the roster, by its name; `unknown` who is not in the directory."""
        found = self._directory.people.get(person)
        if found is None:
            return "unknown"
        if not found.active:
            return "inactive"
        if wanted.role not in found.roles:
            return "role"
        if found.business_unit not in {wanted.home, wanted.pool}:
            return "unit_or_pool"
        filtered = self._filtered(found, wanted)
        return filtered if isinstance(filtered, str) else "on_leave"

    def _made(self, wanted: Wanted) -> Roster:
        by_unit = self._holders.get(wanted.role, {})
        holders = sum(len(people) for people in by_unit.values())
        near = [by_unit.get(unit, ()) for unit in dict.fromkeys((wanted.home, wanted.pool))]
        excluded = Counter(
            inactive=self._inactive,
            role=len(self._directory.people) - self._inactive - holders,
            unit_or_pool=holders - sum(len(people) for people in near),
        )
        fits = [self._fits(people, wanted, excluded) for people in near]
        return Roster(own=fits[0], pool=fits[1] if len(fits) > 1 else (), excluded=dict(+excluded))

    def _fits(self, people: Sequence[Person], wanted: Wanted, excluded: Counter[str]) -> tuple[Fit, ...]:
        fits: list[Fit] = []
        for person in people:
            found = self._filtered(person, wanted)
            if isinstance(found, str):
                excluded[found] += 1
            else:
                fits.append(_fit(person, found, wanted))
        return tuple(fits)

    def _filtered(self, person: Person, wanted: Wanted) -> Person | str:
        """Whoever would work for `person`'s entry, or the name of the first filter that removes it."""
        if wanted.department is not None and person.department != wanted.department:
            return "department"
        worker = stand_in(person, self._directory, self._now)
        if worker is None:
            return "on_leave"
        held = [(worker.skills.get(skill, 0), least) for skill, least in wanted.skills]
        if not all(level for level, _ in held):
            return "skill"
        return worker if all(level >= least for level, least in held) else "level"


def _fit(person: Person, worker: Person, wanted: Wanted) -> Fit:
    return Fit(
        entry=person.id,
        worker=worker.id,
        seats=worker.seats,
        level=min((worker.skills.get(skill, 0) for skill, _ in wanted.skills), default=0),
        at_home=worker.business_unit == wanted.home,
        industries=worker.industries,
        regions=worker.regions,
        languages=frozenset((worker.locale, *worker.languages)),
        of_pool=worker.business_unit == wanted.pool,
        unit=worker.business_unit,
        lent=person.business_unit not in {wanted.home, wanted.pool},
        leaves=bool(worker.leave),
    )


def _by_role_and_unit(directory: Directory) -> tuple[Mapping[str, Mapping[str, Sequence[Person]]], int]:
    """The active people by role and unit, in the order of their ids, and how many have left."""
    holders: dict[str, dict[str, list[Person]]] = defaultdict(lambda: defaultdict(list))
    inactive = 0
    for _, person in sorted(directory.people.items()):
        inactive += not person.active
        for role in dict.fromkeys(person.roles if person.active else ()):
            holders[role][person.business_unit].append(person)
    return holders, inactive


def _quarter(now: datetime) -> int:
    return int(now.timestamp() // QUARTER.total_seconds())
