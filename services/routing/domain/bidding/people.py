"""Who could take the parts of a bid, and who is needed in two places at once. Pure; nobody is reserved by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from services.routing.domain.appointments import absence, appointments, taken
from services.routing.domain.bidding.schedule import Slot
from services.routing.domain.bidding.state import Kin
from services.routing.domain.context import Context
from services.routing.domain.eligibility import Eligible
from services.routing.domain.explanation import REASONS
from services.routing.domain.seating import Seating
from shared.schemas.bidding import BidConflict, BidConflictKind, Helper
from shared.schemas.model import Text
from shared.schemas.requests import PolicyPin, Request

AWAY = ("on_leave", "booked", "leave_then")
"""The filters of those who are away when a part is worked on."""


@dataclass(frozen=True, kw_only=True)
class Team:
    """For one part: who could take it, the best first; roles that nobody can; how many are full, by role; whom to expect in it.

    `kept_from` counts by role and filter those who are away when it is worked on, `hindered` are (person, filter) of those who have it.
    """

    helpers: tuple[Helper, ...] = ()
    unfilled: tuple[str, ...] = ()
    full: Mapping[str, int]
    expected: tuple[str, ...] = ()
    kept_from: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    hindered: tuple[tuple[str, BidConflictKind], ...] = ()


def at_work(context: Context, slot: Slot) -> Context:
    """What is known now, as of when a part in `slot` is begun."""
    later = max(context.now, slot.start)
    moves = context.seasons or any(person.leave for person in context.directory.people.values())
    return replace(context, now=later) if moves and later != context.now else context


def seated_team(kin: Kin, request: Request, policy: PolicyPin, context: Context, *, review: bool) -> Team:
    """Those who have the part already, which `request` is. Whoever only reviews it is not kept from anything else."""
    helpers = tuple(
        Helper(person=person, role=role, open_load=context.load(person).weight, seated=True) for person, role in kin.people
    )
    busy = () if review else tuple(dict.fromkeys(person for person, _ in kin.people))
    hindered = tuple((person, why) for person in busy if (why := _hindered(person, kin.request, request, policy, context)))
    return Team(helpers=helpers, full={}, expected=busy, hindered=hindered)


def likely_team(identity: str, request: Request, policy: PolicyPin, context: Context, shown: int) -> Team:
    """Those who pass the filters of each seat that `request` would have, were it filed at `context.now`."""
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
    kept_from: dict[str, Mapping[str, int]] = {}
    known: set[tuple[str, str]] = set()
    for wanted in seats.vacancies():
        best, found = seats.prospects(wanted)
        first = next((person for person in best if person not in expected), None)
        if first is None:
            unfilled.append(wanted.role)
            full[wanted.role], kept_from[wanted.role] = found.excluded["full"], _away(found)
        else:
            expected.append(first)
        for person in best[:shown]:
            if (person, wanted.role) not in known:
                known.add((person, wanted.role))
                helpers.append(Helper(person=person, role=wanted.role, open_load=context.load(person).weight))
    busy = () if review else tuple(expected)
    return Team(helpers=tuple(helpers), unfilled=tuple(unfilled), full=full, expected=busy, kept_from=kept_from)


def hindered(teams: Mapping[str, Team], labels: Mapping[str, Text]) -> tuple[BidConflict, ...]:
    """Those who have a part and are away when it is worked on."""
    return tuple(_hindrance(person, why, name, labels[name]) for name, team in teams.items() for person, why in team.hindered)


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


def _away(found: Eligible) -> Mapping[str, int]:
    """How many are kept from a seat by where they are, by filter."""
    return {why: found.excluded[why] for why in AWAY if found.excluded[why]}


def _hindered(person: str, part: str, request: Request, policy: PolicyPin, context: Context) -> BidConflictKind | None:
    """Why somebody who has the part can do nothing for it when it is worked on: a leave, or an appointment of another request."""
    known, pack = context.directory.people.get(person), context.pack(policy)
    if known is None or request.type not in pack.types:
        return None
    wanted = appointments(part, request, pack.types[request.type], context.policy.assignment)
    if absence(wanted, known) or context.absence(person, request.needed_by) == 1:
        return "leave_then"
    return "booked" if taken(wanted, context.load(person).bookings, context.policy.assignment.travel) else None


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


def _hindrance(person: str, why: BidConflictKind, part: str, label: Text) -> BidConflict:
    message = Text(
        zh=f"“{label.zh}”由 {person} 承担，但届时{REASONS[why].zh}。",
        en=f"{person} has “{label.en}”, and is one of those who {REASONS[why].en}.",
    )
    return BidConflict(kind=why, person=person, parts=(part,), message=message)
