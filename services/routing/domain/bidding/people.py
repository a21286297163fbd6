"""Who could take the parts of a bid, and who is needed in two places at once. Pure; nobody is reserved by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from services.routing.domain.bidding.schedule import Slot
from services.routing.domain.bidding.state import Kin
from services.routing.domain.context import Context
from services.routing.domain.seating import Seating
from shared.schemas.bidding import BidConflict, Helper
from shared.schemas.model import Text
from shared.schemas.requests import PolicyPin, Request


@dataclass(frozen=True, kw_only=True)
class Team:
    """For one part: who could take it, the best first; roles that nobody can; how many are full, by role; whom to expect in it."""

    helpers: tuple[Helper, ...] = ()
    unfilled: tuple[str, ...] = ()
    full: Mapping[str, int]
    expected: tuple[str, ...] = ()


def seated_team(kin: Kin, context: Context, *, review: bool) -> Team:
    """Those who have the part already. Whoever only reviews it is not kept from anything else."""
    helpers = tuple(
        Helper(person=person, role=role, open_load=context.load(person).weight, seated=True) for person, role in kin.people
    )
    busy = () if review else tuple(dict.fromkeys(person for person, _ in kin.people))
    return Team(helpers=helpers, full={}, expected=busy)


def likely_team(identity: str, request: Request, policy: PolicyPin, context: Context, shown: int) -> Team:
    """Those who pass the filters of each seat that `request` would have, were it filed now."""
    pack = context.pack(policy)
    if request.type not in pack.types:
        return Team(full={})
    review = pack.types[request.type].review
    seats = Seating(
        identity=identity, request=request, policy=policy, pack=pack, context=context, barred=frozenset(), holding=frozenset()
    )
    helpers: list[Helper] = []
    unfilled: list[str] = []
    expected: list[str] = []
    full: dict[str, int] = {}
    known: set[tuple[str, str]] = set()
    for wanted in seats.vacancies():
        best, full_of = seats.prospects(wanted)
        first = next((person for person in best if person not in expected), None)
        if first is None:
            unfilled.append(wanted.role)
            full[wanted.role] = full_of
        else:
            expected.append(first)
        for person in best[:shown]:
            if (person, wanted.role) not in known:
                known.add((person, wanted.role))
                helpers.append(Helper(person=person, role=wanted.role, open_load=context.load(person).weight))
    return Team(helpers=tuple(helpers), unfilled=tuple(unfilled), full=full, expected=() if review else tuple(expected))


def needed_twice(slots: Mapping[str, Slot], teams: Mapping[str, Team], labels: Mapping[str, Text]) -> tuple[BidConflict, ...]:
    """Those who are to be expected in two parts that are worked on at the same time."""
    found: list[BidConflict] = []
    for one, other in combinations(slots, 2):
        if not _overlap(slots[one], slots[other]):
            continue
        both = set(teams[one].expected) & set(teams[other].expected)
        found += [
            _twice(person, (one, other), labels) for person in sorted(both) if not _replaceable(person, teams[one], teams[other])
        ]
    return tuple(found)


def on_the_road(
    slots: Mapping[str, Slot], teams: Mapping[str, Team], going: Iterable[str], road: Slot, labels: Mapping[str, Text]
) -> tuple[BidConflict, ...]:
    """Those of the pitch who are expected in another part while they travel."""
    people = set(going) | set(teams["pitch"].expected if "pitch" in teams else ())
    return tuple(
        _travel(person, name, labels[name])
        for name, slot in slots.items()
        if name != "pitch" and _overlap(slot, road)
        for person in sorted(people & set(teams[name].expected))
    )


def _overlap(one: Slot, other: Slot) -> bool:
    return one.start < other.due and other.start < one.due


def _replaceable(person: str, *teams: Team) -> bool:
    """Whether somebody else could have one of the parts, who is expected in neither."""
    busy = {known for team in teams for known in team.expected}
    return any(_other(person, team.helpers, busy) for team in teams)


def _other(person: str, helpers: Sequence[Helper], busy: set[str]) -> bool:
    roles = {helper.role for helper in helpers if helper.person == person}
    seated = any(helper.seated for helper in helpers)
    return not seated and any(helper.role in roles and helper.person not in busy for helper in helpers)


def _twice(person: str, parts: tuple[str, str], labels: Mapping[str, Text]) -> BidConflict:
    one, other = (labels[part] for part in parts)
    message = Text(
        zh=f"{person} 同时需要承担“{one.zh}”和“{other.zh}”，且没有其他合适人选。",
        en=f"{person} is needed for “{one.en}” and “{other.en}” at the same time, and nobody else fits.",
    )
    return BidConflict(kind="twice", person=person, parts=parts, message=message)


def _travel(person: str, part: str, label: Text) -> BidConflict:
    message = Text(
        zh=f"{person} 需要在“{label.zh}”完成前出发参加述标。",
        en=f"{person} has to leave for the pitch before “{label.en}” is due.",
    )
    return BidConflict(kind="travel", person=person, parts=("pitch", part), message=message)
