"""What an assignment reads, and how seats are secured before it is written and given back after it has ended.

Invariant: nobody's open seats ever exceed the capacity they were reserved under, in any number of processes.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from services.routing import linked_read
from services.routing.counting import count
from services.routing.domain import Context, State, burden
from services.routing.domain.appointments import appointments
from services.routing.domain.bidding.state import Kin
from services.routing.domain.bursts.planning import agreed, to_assign
from services.routing.domain.hours import A_YEAR, Calendar
from services.routing.domain.policy import RoutingPolicy
from services.routing.domain.standing_in import stand_in
from services.routing.leaving import Left, left
from services.routing.ports import Applied, Clock, InSeason, Lost, OpenWork, People, Pursuit, Requests, Seats, Wake
from services.routing.waking import Waker
from shared.catalogue import Pack
from shared.ledger.messages import Decision, Heard, Message, Settled, Told, Woken
from shared.schemas.bidding import SOURCE_SYSTEM
from shared.schemas.envelope import Event
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    RequestAmended,
    RequestReopened,
    RequestWithdrawn,
    SupporterAdded,
    SupporterReleased,
    SupportHandedOver,
    WorkCompleted,
    WorkDeclined,
)
from shared.storage import Sight
from shared.telemetry import metrics

log = structlog.get_logger()
SWEEP_SECONDS = 30.0
THOROUGH_EVERY = 20
OLD = timedelta(seconds=60)
PAGE = 500

COMES_ON = frozenset({TYPE_OF[WorkCompleted], TYPE_OF[RequestReopened], TYPE_OF[RequestWithdrawn]})
"""After these a part of a bid is elsewhere in its plan."""
REBOOKED = frozenset(
    TYPE_OF[fact] for fact in (RequestAmended, SupporterAdded, SupporterReleased, SupportHandedOver, WorkDeclined)
)
"""After these other people have the request's appointments among those who have a place for it."""


class RoutingSurroundings:
    """The Surroundings of routing's ledger."""

    def __init__(
        self,
        *,
        clock: Clock,
        people: People,
        packs: Mapping[tuple[str, str], Pack],
        policy: RoutingPolicy,
        calendar: Calendar,
        seats: Seats,
        requests: Requests,
        clashes: Applied | None = None,
        seasons: InSeason | None = None,
    ) -> None:
        self._seasons = seasons
        self._clock = clock
        self._people = people
        self._packs = packs
        self.policy = policy
        self._calendar = calendar
        self._seats = seats
        self._requests = requests
        self._clashes = clashes
        self._waker = Waker(requests, seasons.in_order if seasons else None)
        self._latest: Context | None = None

    @property
    def wake(self) -> Wake | None:
        """How waiting requests are woken; nobody is woken before it is set."""
        return self._waker.wake

    @wake.setter
    def wake(self, wake: Wake) -> None:
        self._waker.wake = wake

    async def context(self, messages: Sequence[Message]) -> Context:
        """Loads and familiarity, in one query each for the whole batch; loads as they were read last where nobody asks for them."""
        opportunities = {found for message in messages if (found := _opportunity(message))}
        subjects = sorted({message.subject for message in messages if isinstance(message, Told | Woken)})
        if subjects:
            opportunities |= await self._requests.opportunities(subjects)
        familiar = await self._requests.familiar(sorted(opportunities)) if opportunities else {}
        now = self._clock.now()
        loads = self._latest.loads if self._latest is not None and _assigns_nobody(messages) else await self._seats.loads(now)
        context = Context(
            kin=await self._kin([message.subject for message in messages if isinstance(message, Woken)]),
            linked=await linked_read.found(self._requests, messages),
            now=now,
            directory=self._people.directory,
            loads=loads,
            familiar=familiar,
            packs=self._packs,
            policy=self.policy,
            calendar=self._calendar,
            seasons=await self._seasons.current() if self._seasons else (),
        )
        self._latest = context.keeping(self._latest)
        return self._latest

    def after(self, context: Context, decisions: Sequence[Decision]) -> Context:
        """The context for the next request of the batch, once `decisions` want people's time."""
        wanted = [reservation for decision in decisions for reservation in decision.reservations]
        return context.after(wanted) if wanted else context

    def together(self, context: Context, states: Mapping[str, object], messages: Sequence[Message]) -> Context:
        """The context with what the batch's requests agree on; without it each is decided by itself."""
        try:
            return replace(context, agreed=agreed(to_assign(states, messages), context)).keeping(context)
        except Exception:  # whatever one request's data raise concerns it alone: decided by itself, it raises it again
            log.exception("routing.batch_not_agreed")
            return context

    async def reserve(self, wanted: Sequence[tuple[str, Decision]]) -> frozenset[str]:
        """One conditional bulk for the whole batch."""
        pairs = [(subject, reservation) for subject, decision in wanted for reservation in decision.reservations]
        refused = await self._seats.reserve(pairs, self._clock.now())
        metrics.SEATS_REFUSED.inc(len(refused))
        return refused

    async def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Give back the seats of those who left; a freed seat wakes the requests that wait longest for one like it."""
        count(event for _, _, events in subjects for event in events)
        if self._clashes is not None:
            self._clashes.applied(subjects)
        pursuits = frozenset(found for _, state, events in subjects if (found := self._progressed(state, events)))
        if pursuits:
            self._waker.progressed(pursuits)
        self._waker.named(*linked_read.moved(subjects))
        gone = [
            place
            for subject, state, events in subjects
            if isinstance(state, State)
            for event in events
            for place in left(subject, event, state)
        ]
        await self._rebook(subjects)
        if gone and await self._released(gone):
            self._freed(one.place[1] for one in gone)

    async def _released(self, gone: Sequence[Left]) -> int:
        """Give places back; how many there were."""
        untouched = [one.place for one in gone if one.untouched]
        others = [one.place for one in gone if not one.untouched]
        released = await self._seats.release_untouched(untouched) if untouched else 0
        return released + (await self._seats.release(others) if others else 0)

    async def _rebook(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """An amendment may move appointments, and whoever coordinates may be asked for help: both have a place already."""
        for subject, state, events in subjects:
            if isinstance(state, State) and state.request and state.policy and any(event.type in REBOOKED for event in events):
                coordinators = [state.coordinator] if state.coordinator else []
                parts = tuple((seat.person, seat.step) for seat in (*coordinators, *state.supporters))
                work = OpenWork(request=subject, type=state.request.type, policy=state.policy, parts=parts, asked=state.request)
                await self._seats.book([(subject, person, bookings) for _, person, _, bookings in self._places(work)])

    def everybody_waiting(self, reason: str) -> None:
        """Whoever waits may be helped now."""
        self._waker.everybody(reason)

    async def people_changed(self) -> None:
        """Whoever waits may now be helped, and whoever has a part may be away."""
        self._waker.everybody("people_changed")
        self._waker.away(self._away(ahead=True))

    async def quiet(self) -> None:
        """Wait until everybody who had to be woken is."""
        await self._waker.quiet()

    async def sweep(self) -> None:
        """Reconcile seats and requests, until cancelled.

        At the start and every tenth minute whoever waits is woken too, and the work of people who are away: leave begins and ends
        by itself.
        """
        turn = 0
        while True:
            try:
                metrics.WAITING_REQUESTS.set(await self._requests.count_waiting())
                await self.reconcile()
                if turn % THOROUGH_EVERY == 0:
                    await self.restore()
                    await self._seats.forget(self._clock.now())
                    self._waker.everybody("due")
                    await self._waker.published(self._calendar.version)
                    self._waker.away(self._away())
                if self.wake is not None:
                    await linked_read.sweep(self._requests, self.wake)
            except Exception:  # the database may be away; the next sweep finds the same
                log.exception("routing.sweep_failed")
            turn += 1
            await asyncio.sleep(SWEEP_SECONDS)

    async def reconcile(self, older_than: timedelta = OLD) -> int:
        """Give back places older than `older_than` that no request's state knows (a crash may leave such); how many."""
        before = self._clock.now() - older_than
        held = await self._seats.held(before)
        holders = await self._requests.holders(sorted({request for request, _ in held})) if held else {}
        orphans = [(request, person) for request, person in held if person not in holders.get(request, frozenset())]
        released = await self._seats.release_older(orphans, before) if orphans else 0
        if released:
            log.warning("routing.orphan_seats_released", seats=released)
            self._freed(person for _, person in orphans)
        return released

    async def restore(self) -> int:
        """Add the places that open requests know and people's documents lack; how many."""
        added, last = 0, ""
        while page := await self._requests.open_work(last, PAGE):
            last = page[-1].request
            places = [place for work in page for place in self._places(work)]
            added += await self._seats.restore(places, self._clock.now())
        if added:
            log.warning("routing.lost_seats_restored", seats=added)
        return added

    async def _kin(self, woken: Sequence[str]) -> Mapping[str, tuple[Kin, ...]]:
        """The other requests beside each bid that is woken."""
        bids = await self._requests.bids(sorted(woken)) if woken else {}
        return {bid: tuple(await self._requests.kin(pursuit)) for bid, pursuit in bids.items()}

    def _progressed(self, state: object, events: Sequence[Event]) -> Pursuit | None:
        """What the bid pursues of which a part has come on."""
        request = state.request if isinstance(state, State) else None
        if request is None or request.opportunity is None or not any(event.type in COMES_ON for event in events):
            return None
        part = request.source.system == SOURCE_SYSTEM or request.type in self.policy.bidding.opportunity_wide()
        return (request.business_unit, request.opportunity.id) if part else None

    async def assessing(self, sight: Sight, pursuit: Pursuit | None) -> tuple[Context, tuple[Kin, ...]]:
        """What a bid is assessed by that nobody has filed yet: the context, and the requests beside it in the caller's own unit."""
        seen = pursuit is not None and sight.in_unit().allows(units={pursuit[0]}, people=())
        return await self.context([]), tuple(await self._requests.kin(pursuit)) if pursuit and seen else ()

    def _places(self, work: OpenWork) -> Sequence[Lost]:
        """The places that a request's people should have."""
        pack = self._packs.get((work.policy.name, work.policy.version))
        kind = pack.types.get(work.type) if pack else None
        gone = appointments(work.request, work.asked, kind, self.policy.assignment) if kind else ()
        going = {person for person, step in work.parts if step == "supporter"}
        return [(work.request, person, weight, gone if person in going else ()) for person, weight in self._weights(work).items()]

    def _weights(self, work: OpenWork) -> Mapping[str, float]:
        pack = self._packs.get((work.policy.name, work.policy.version))
        kind = pack.types.get(work.type) if pack else None
        weights: dict[str, float] = {}
        for person, step in work.parts:
            weights[person] = max(burden(kind, step) if kind else 1.0, weights.get(person, 0.0))
        return weights

    def _away(self, *, ahead: bool = False) -> frozenset[str]:
        """Who is away now or has left; `ahead`, also who will be away."""
        now = self._clock.now()
        until = now + A_YEAR if ahead else now
        people = self._people.directory.people.values()
        return frozenset(one.id for one in people if not one.active or one.leave_within(now, until))

    def _freed(self, persons: Iterable[str]) -> None:
        """Wake those who wait for a role of somebody who has time again, for themselves or for whom they stand in."""
        freed, directory, now = frozenset(persons), self._people.directory, self._clock.now()
        roles = {role for person in freed if person in directory.people for role in directory.people[person].roles}
        for person in directory.people.values():
            if not person.there(now) and (deputy := stand_in(person, directory, now)) and deputy.id in freed:
                roles.update(person.roles)
        self._waker.seats_freed(frozenset(roles))


def _assigns_nobody(messages: Sequence[Message]) -> bool:
    """Whether items' ends are all that is told: what becomes of a bid's part takes nobody's place."""
    return bool(messages) and all(isinstance(message, Settled) for message in messages)


def _opportunity(message: Message) -> str | None:
    request = message.event.data.get("request") if isinstance(message, Heard) else None
    opportunity = request.get("opportunity") if isinstance(request, dict) else None
    return opportunity.get("id") if isinstance(opportunity, dict) else None
