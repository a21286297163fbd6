"""In-memory stand-ins for routing's database, held to the same contract tests as the real one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.routing.domain import OpenLoad, State
from services.routing.domain.appointments import taken
from services.routing.domain.bidding.state import Kin
from services.routing.domain.estimating import Delivered
from services.routing.domain.life import SEATED
from services.routing.domain.linking.state import Link, Namer, namer
from services.routing.domain.policy import AssignmentRules
from services.routing.domain.seasons.ageing import Queued, full_roles
from services.routing.ports import Lost, OpenWork, Place, Pursuit
from shared.ledger.messages import Booking, Reservation
from shared.schemas.bidding import BID
from shared.schemas.people import Directory
from shared.storage import Sight
from tests.unit.routing.routing_build import NOW


@dataclass
class FakeSeats:
    """The port Seats over a dictionary: person → request → (weight, at), beside it the appointments and who was given how much."""

    open: dict[str, dict[str, tuple[float, datetime]]] = field(default_factory=dict)
    booked: dict[Place, tuple[Booking, ...]] = field(default_factory=dict)
    given: list[tuple[str, float, datetime, str]] = field(default_factory=list)
    rules: AssignmentRules = field(default_factory=AssignmentRules)

    async def loads(self, at: datetime) -> Mapping[str, OpenLoad]:
        since = (at - timedelta(days=self.rules.fairness_days - 1)).date()
        found = {}
        for person in {*self.open, *(one[0] for one in self.given)}:
            places = self.open.get(person, {})
            load = OpenLoad(
                count=len(places),
                weight=sum(weight for weight, _ in places.values()),
                recent=sum(weight for one, weight, when, _ in self.given if one == person and when.date() >= since),
                bookings=tuple(booking for request in places for booking in self.booked.get((request, person), ())),
            )
            if load != OpenLoad():
                found[person] = load
        return found

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        added: list[Place] = []
        refused: set[str] = set()
        for request, reservation in wanted:
            places = self.open.setdefault(reservation.holder, {})
            if request in places:
                places[request] = (places[request][0], at)
            elif len(places) < reservation.capacity and not taken(
                reservation.bookings, [b for r in places for b in self.booked.get((r, reservation.holder), ())], self.rules.travel
            ):
                places[request] = (reservation.weight, at)
                self.booked[request, reservation.holder] = reservation.bookings
                self.given.append((reservation.holder, reservation.weight, at, request))
                added.append((request, reservation.holder))
            else:
                refused.add(request)
        for request, reservation in wanted:
            if request in refused and (request, reservation.holder) in added:
                self.given.remove((reservation.holder, reservation.weight, at, request))
        await self.release([place for place in added if place[0] in refused])
        return frozenset(refused)

    async def release(self, places: Sequence[Place]) -> int:
        return sum(self.open.get(person, {}).pop(request, None) is not None for request, person in places)

    async def release_untouched(self, places: Sequence[Place]) -> int:
        for request, person in places:
            if place := self.open.get(person, {}).get(request):
                latest = [one for one in self.given if (one[0], one[1], one[3]) == (person, place[0], request)][-1:]
                self.given = [one for one in self.given if one not in latest]
        return await self.release(places)

    async def release_older(self, places: Sequence[Place], before: datetime) -> int:
        return await self.release([place for place in places if place in await self.held(before)])

    async def restore(self, places: Sequence[Lost], at: datetime) -> int:
        lacking = [place for place in places if place[0] not in self.open.get(place[1], {})]
        for request, person, weight, bookings in lacking:
            self.open.setdefault(person, {})[request] = (weight, at)
            self.booked[request, person] = bookings
        return len(lacking)

    async def book(self, places: Sequence[tuple[str, str, tuple[Booking, ...]]]) -> None:
        for request, person, bookings in places:
            if request in self.open.get(person, {}):
                self.booked[request, person] = bookings

    async def forget(self, at: datetime) -> None:
        since = (at - timedelta(days=self.rules.fairness_days)).date()
        self.given = [one for one in self.given if one[2].date() >= since]

    async def held(self, before: datetime) -> Sequence[Place]:
        return [(request, person) for person, places in self.open.items() for request, (_, at) in places.items() if at < before]


def busy(loads: Mapping[str, OpenLoad]) -> dict[str, OpenLoad]:
    """The open work alone, without what was given before."""
    return {person: replace(load, recent=0.0) for person, load in loads.items() if load.count}


def visible(state: State, sight: Sight) -> bool:
    """Its unit, who asked, and whoever has or had a part in it."""
    if state.request is None:
        return False
    people = {state.request.requester.id, *state.involved()}
    return sight.allows(units={state.request.business_unit}, people=people)


@dataclass
class FakeRequests:
    """The port Requests, and the reads of the HTTP interface, over states by id."""

    states: dict[str, State] = field(default_factory=dict)

    def _seen(self, sight: Sight) -> dict[str, State]:
        return {request: state for request, state in self.states.items() if visible(state, sight)}

    async def state(self, sight: Sight, request: str) -> State | None:
        return self._seen(sight).get(request)

    async def work_of(self, sight: Sight, people: Sequence[str], limit: int) -> Sequence[tuple[str, State]]:
        return [(request, state) for request, state in self._seen(sight).items() if state.holders() & set(people)][:limit]

    async def unassigned(self, sight: Sight, limit: int) -> Sequence[tuple[str, State]]:
        seen = self._seen(sight.in_unit())
        return [(request, state) for request, state in seen.items() if state.status in {"waiting", "choosing"}][:limit]

    async def holders(self, requests: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return {request: self.states[request].holders() for request in requests if request in self.states}

    async def open_work(self, after: str, limit: int) -> Sequence[OpenWork]:
        found = []
        for request, state in sorted(self.states.items()):
            if request > after and state.open and state.request and state.policy:
                seats = [*([state.coordinator] if state.coordinator else []), *state.supporters]
                parts = tuple((seat.person, seat.step) for seat in seats)
                found.append(
                    OpenWork(request=request, type=state.request.type, policy=state.policy, parts=parts, asked=state.request)
                )
        return found[:limit]

    async def held_by(self, people: Sequence[str], limit: int, after: str = "") -> Sequence[str]:
        return [request for request, state in sorted(self.states.items()) if request > after and state.holders() & {*people}][
            :limit
        ]

    async def waiting(self, limit: int, after: tuple[str, str] | None = None) -> Sequence[tuple[str, str]]:
        rows = sorted((str(state.waiting_since), request) for request, state in self.states.items() if state.status == "waiting")
        return [row for row in rows if after is None or row > after][:limit]

    async def waiting_for(self, roles: Sequence[str], limit: int) -> Sequence[str]:
        return [
            request
            for _, request in await self.waiting(10_000)
            if any(record.role in roles and record.excluded.get("full") for record in self.states[request].decisions)
        ][:limit]

    async def queue(self, limit: int, roles: Sequence[str] | None = None) -> Sequence[Queued]:
        found = await self.waiting(limit) if roles is None else [("", one) for one in await self.waiting_for(roles, limit)]
        return [_queued(request, self.states[request]) for _, request in found]

    async def delivered(self, kind: str | None, limit: int) -> Sequence[Delivered]:
        found = []
        for state in reversed(self.states.values()):
            clock = next((one for one in state.clocks.clocks if one.clock == "delivery" and one.met), None)
            request = state.request
            if request and clock and clock.met and state.status in {"completed", "confirmed"} and kind in {None, request.type}:
                waited = next((one.started for one in state.clocks.clocks if one.clock == "assignment" and one.met), None)
                times = {"since": clock.started, "until": clock.met, "waited_from": waited}
                found.append(Delivered(type=request.type, business_unit=request.business_unit, **times))
        return found[:limit]

    async def nearest_due(self, sight: Sight, limit: int) -> Sequence[tuple[str, State]]:
        seen = self._seen(sight.in_unit()).items()
        return sorted(((r, state) for r, state in seen if state.clocks.due), key=lambda one: str(one[1].clocks.due))[:limit]

    async def provisional(self, almanac: str, after: str, limit: int) -> Sequence[str]:
        found = (
            request
            for request, state in sorted(self.states.items())
            if any(clock.provisional and clock.almanac != almanac for clock in state.clocks.open)
        )
        return [request for request in found if request > after][:limit]

    async def count_waiting(self) -> int:
        return len(await self.waiting(10_000))

    async def familiar(self, opportunities: Sequence[str]) -> Mapping[str, frozenset[str]]:
        known: dict[str, frozenset[str]] = {}
        for state in self.states.values():
            opportunity = state.request.opportunity if state.request else None
            if opportunity and opportunity.id in opportunities:
                known[opportunity.id] = known.get(opportunity.id, frozenset()) | state.seated()
        return known

    async def opportunities(self, requests: Sequence[str]) -> frozenset[str]:
        found = [self.states[request].request for request in requests if request in self.states]
        return frozenset(request.opportunity.id for request in found if request and request.opportunity)

    async def bids(self, requests: Sequence[str]) -> Mapping[str, Pursuit]:
        found = {request: self.states[request].request for request in requests if request in self.states}
        return {
            identity: (request.business_unit, request.opportunity.id)
            for identity, request in found.items()
            if request and request.type == BID and request.opportunity
        }

    async def open_bids(self, pursuits: Sequence[Pursuit]) -> Sequence[str]:
        bids = await self.bids(list(self.states))
        return [bid for bid, pursuit in bids.items() if pursuit in pursuits and self.states[bid].status in SEATED]

    async def kin(self, pursuit: Pursuit) -> Sequence[Kin]:
        return [
            Kin(
                request=identity,
                type=state.request.type,
                source=state.request.source,
                status=state.status,
                people=tuple((seat.person, seat.role) for seat in state.supporters),
                needed_by=state.request.needed_by,
            )
            for identity, state in sorted(self.states.items())
            if state.request
            and state.request.type != BID
            and state.request.opportunity
            and (state.request.business_unit, state.request.opportunity.id) == pursuit
        ]

    async def links(self, requests: Sequence[str]) -> Mapping[str, Link]:
        return {one: link for one in requests if one in self.states and (link := self.states[one].link) and link.live}

    async def named(self, requests: Sequence[str]) -> Mapping[str, State]:
        return {one: self.states[one] for one in requests if one in self.states and self.states[one].request}

    async def naming(self, named: Sequence[str]) -> Sequence[str]:
        return [one for one, link in sorted((await self.links(list(self.states))).items()) if link.request in named]

    async def all_naming(self, after: str, limit: int) -> Sequence[tuple[str, Namer, Link]]:
        live = sorted((await self.links(list(self.states))).items())
        rows = [(one, namer(state.request), link) for one, link in live if (state := self.states[one]).request]
        return [row for row in rows if row[0] > after][:limit]

    async def pursued(self, sight: Sight, opportunity: str, after: str, limit: int) -> Sequence[tuple[str, State]]:
        return [
            (identity, state)
            for identity, state in sorted(self._seen(sight).items())
            if identity > after and state.request and state.request.opportunity and state.request.opportunity.id == opportunity
        ][:limit]


def _queued(identity: str, state: State) -> Queued:
    assert state.request is not None
    assert state.waiting_since is not None
    return Queued(
        request=identity,
        business_unit=state.request.business_unit,
        type=state.request.type,
        since=state.waiting_since,
        priority=state.request.priority,
        needed_by=state.request.needed_by,
        full=full_roles((record.role, bool(record.excluded.get("full"))) for record in state.decisions),
    )


@dataclass
class FakePeople:
    directory: Directory


@dataclass
class FakeClock:
    """Stands still until told otherwise."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def passes(self, **time: float) -> None:
        self.at += timedelta(**time)
