"""The plan of a bid: its parts backwards from the deadline, who could take them, and whether the dates can be met. Pure.

Invariant: with a later deadline no part that was feasible becomes infeasible.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from services.routing.domain.bidding import people
from services.routing.domain.bidding.filling import filled
from services.routing.domain.bidding.policy import BiddingPolicy, Part
from services.routing.domain.bidding.reading import Wanted
from services.routing.domain.bidding.schedule import HOUR, Anchors, Slot, anchors, backwards, china, lacking, working_time
from services.routing.domain.bidding.state import Bid, Kin
from services.routing.domain.bidding.words import sentence
from services.routing.domain.context import Context
from shared.calendar import WorkingTime
from shared.schemas.bidding import SOURCE_SYSTEM, BidConflict, BidFault, BidPart, BidPlan, PartStatus, Verdict, reference_of
from shared.schemas.requests import Origin, PolicyPin, Request

DONE = frozenset({"completed", "confirmed"})
OVER: frozenset[PartStatus] = frozenset({"delivered", "withdrawn"})
ENDS_IT: frozenset[BidFault] = frozenset({"no_due", "due_past", "due_out_of_range", "pitch_past"})


@dataclass(frozen=True, kw_only=True)
class Question:
    """A bid as it stands: `subject` is the id its parts refer to, `going` are its own supporters.

    `within` says that whoever asks for the bid is of its unit, and so may see the unit's other requests; `amends`, that open parts
    which say something else than this bid are amended with the plan.
    """

    subject: str
    request: Request
    pin: PolicyPin
    bid: Bid
    kin: tuple[Kin, ...] = ()
    going: tuple[str, ...] = ()
    within: bool = False
    amends: bool = False

    def source(self, part: str) -> Origin:
        """Where the request of `part` comes from."""
        return Origin(system=SOURCE_SYSTEM, reference=reference_of(self.subject, part))

    def request_of(self, name: str, part: Part) -> Kin | None:
        """The request that is this part; where any of the opportunity will do, rather one that is done."""
        own = next((kin for kin in self.kin if kin.source == self.source(name) and kin.type == part.type), None)
        if part.needed == "always" or own is not None:
            return own
        standing = [kin for kin in self.kin if kin.type == part.type and kin.status != "withdrawn"]
        return max(standing, key=lambda kin: (kin.status in DONE, kin.request), default=None)


def plan(question: Question, wanted: Wanted, context: Context) -> BidPlan:
    """The whole plan at `context.now`."""
    policy = context.policy.bidding
    faults = list(wanted.faults)
    time = working_time(policy, wanted.zone)
    kin = {name: question.request_of(name, part) for name, part in policy.parts.items()}
    over = {name: _over(found) for name, found in kin.items()}
    left = {name: part for name, part in policy.parts.items() if not over[name]}
    ends = _ends(time, policy, wanted, faults)
    slots = backwards(time, left, ends) if ends else {}
    squeezed = backwards(time, left, ends, policy.squeeze) if ends else {}
    teams = {name: _team(name, kin[name], slots[name], question, wanted, context) for name in slots}
    parts = [_part(name, policy.parts[name], slots[name], kin[name], teams[name], question, time, context) for name in slots]
    parts += [
        _ended(name, policy.parts[name], found, wanted.due or context.now)
        for name in kin
        if slots and (found := kin[name]) and over[name]
    ]
    conflicts = _conflicts(time, slots, teams, question, wanted, policy)
    begun = frozenset(name for name, found in kin.items() if _begun(found))
    verdict = _verdict(parts, faults, hopeless=_hopeless(parts, squeezed, begun, context.now))
    return BidPlan(
        at=context.now,
        due=wanted.due,
        hand_in=ends.hand_in if ends else None,
        pitch=wanted.pitch,
        travels=wanted.travels,
        zone=wanted.zone,
        almanac=china().version,
        provisional=bool(slots and wanted.due and time.provisional(min(slot.start for slot in slots.values()), wanted.due)),
        parts=tuple(sorted(parts, key=lambda part: (part.latest_start, part.due))),
        conflicts=conflicts,
        faults=tuple(dict.fromkeys(faults)),
        verdict=verdict,
        message=sentence(
            verdict, parts, conflicts, faults, share=policy.squeeze, pack=context.pack(question.pin), zone=wanted.zone
        ),
    )


def _ends(time: WorkingTime, policy: BiddingPolicy, wanted: Wanted, faults: list[BidFault]) -> Anchors | None:
    """What the parts are placed before; None, and a fault more where it is not among `faults`, for dates that none can be."""
    if ENDS_IT & {*faults} or wanted.due is None:
        return None
    try:
        return anchors(time, policy, wanted.due, wanted.pitch, travels=wanted.travels)
    except OverflowError:
        faults.append("due_out_of_range")
        return None


def _conflicts(
    time: WorkingTime,
    slots: Mapping[str, Slot],
    teams: Mapping[str, people.Team],
    question: Question,
    wanted: Wanted,
    policy: BiddingPolicy,
) -> tuple[BidConflict, ...]:
    labels = {name: part.label for name, part in policy.parts.items()}
    found = people.needed_twice(slots, teams, labels) + people.hindered(teams, labels)
    if not (slots and wanted.travels and wanted.pitch is not None):
        return found
    road = Slot(start=time.subtract(wanted.pitch, policy.travel_hours * HOUR), due=wanted.pitch)
    return found + people.on_the_road(slots, teams, question.going, road, labels)


def ready(question: Question, made: BidPlan, policy: BiddingPolicy) -> tuple[str, ...]:
    """The parts whose requests may be submitted now: each once, when all it builds on is delivered or when it waits for nothing."""
    waiting = {part.part for part in made.parts if part.status not in OVER}
    known = {*question.bid.opening, *question.bid.children}
    return tuple(
        part.part
        for part in made.parts
        if part.status not in OVER
        and part.request is None
        and part.part not in known
        and (policy.parts[part.part].opens == "at_once" or not waiting & {*part.after})
    )


def _begun(found: Kin | None) -> bool:
    """Whether somebody has it in hand."""
    return found is not None and found.status not in {"new", "waiting", "choosing"}


def _over(found: Kin | None) -> PartStatus | None:
    if found is None:
        return None
    return "delivered" if found.status in DONE else "withdrawn" if found.status == "withdrawn" else None


def _team(name: str, found: Kin | None, slot: Slot, question: Question, wanted: Wanted, context: Context) -> people.Team:
    """Who has the part, or could take it, as far as is known now of the time at which it is worked on."""
    part = context.policy.bidding.parts[name]
    kind = context.pack(question.pin).types.get(part.type)
    review = kind is not None and kind.review
    then, filed = people.at_work(context, slot), _filed(name, part, slot, question, wanted)
    if found is not None and found.people:
        return people.seated_team(found, filed, question.pin, then, review=review)
    return people.likely_team(f"{question.subject}/{name}", filed, question.pin, then, context.policy.bidding.helpers)


def _filed(name: str, part: Part, slot: Slot, question: Question, wanted: Wanted) -> Request:
    """The part as the request that it is, or will be, as far as the bid tells. A pitch without an end takes its start at the least."""
    pitch = question.request.details.get("pitch")
    whole = {"pitch": {"end": pitch.get("start"), **pitch}} if isinstance(pitch, dict) else {}
    bid = question.request.model_copy(update={"details": {**question.request.details, **whole}})
    details = filled(question.subject, bid, part, slot.due, wanted.due)
    update = {"type": part.type, "source": question.source(name), "details": details, "needed_by": slot.due}
    return question.request.model_copy(update=update)


def _part(
    name: str,
    part: Part,
    slot: Slot,
    found: Kin | None,
    team: people.Team,
    question: Question,
    time: WorkingTime,
    context: Context,
) -> BidPart:
    """A part that is still to be delivered. One that is worked on has begun, so that only its end can be late."""
    late = slot.due <= context.now
    hours = 0.0 if _begun(found) and not late else lacking(time, slot, context.now)
    return BidPart(
        part=name,
        type=part.type,
        label=part.label,
        after=part.after,
        hours=part.hours,
        latest_start=slot.start,
        due=slot.due,
        status="late" if late else _status(name, found, question.bid),
        request=found.request if found else None,
        feasible=not hours,
        lacking_hours=hours,
        helpers=team.helpers,
        unfilled=team.unfilled,
        full=dict(team.full),
        kept_from={role: dict(kept) for role, kept in team.kept_from.items() if kept},
        asked=_asked_later(name, found, slot, question),
    )


def _asked_later(name: str, found: Kin | None, slot: Slot, question: Question) -> datetime | None:
    """By when the part's request asks for it, where that is later than it is needed, and no amendment of ours is on its way to it."""
    if found is None or found.needed_by is None or found.needed_by <= slot.due:
        return None
    own = found.source == question.source(name)
    coming = question.amends or name in question.bid.amending or question.bid.amended.get(name) == slot.due
    return None if own and coming else found.needed_by


def _status(name: str, found: Kin | None, bid: Bid) -> PartStatus:
    if found is not None:
        return "open"
    child = bid.children.get(name)
    if child is not None:
        return "open" if child.outcome == "accepted" else "returned"
    return "opening" if name in bid.opening else "planned"


def _ended(name: str, part: Part, found: Kin, due: datetime) -> BidPart:
    status: PartStatus = "delivered" if found.status in DONE else "withdrawn"
    return BidPart(
        part=name, type=part.type, label=part.label, after=part.after, hours=part.hours, latest_start=due.astimezone(UTC),
        due=due.astimezone(UTC), status=status, request=found.request,
    )  # fmt: skip


def _hopeless(parts: list[BidPart], squeezed: Mapping[str, Slot], begun: frozenset[str], now: datetime) -> bool:
    """Whether a part could not even be squeezed in: one that is worked on has only to end."""
    wanting = [(part.part, squeezed[part.part]) for part in parts if not part.feasible]
    return any((slot.due if name in begun else slot.start) < now for name, slot in wanting)


def _verdict(parts: list[BidPart], faults: list[BidFault], *, hopeless: bool) -> Verdict:
    if hopeless or ENDS_IT & {*faults}:
        return "cannot"
    wanting = any(not part.feasible or part.unfilled or part.asked is not None for part in parts)
    return "only_if" if wanting or "pitch_before_due" in faults else "can"
