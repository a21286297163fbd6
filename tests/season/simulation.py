"""One season: requests come, work takes its time, people go on leave; and what came of it."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from services.routing.domain import Context, State
from services.routing.domain.assigning import assign
from services.routing.domain.assignment import Scores
from services.routing.domain.bursts.comparing import gini
from services.routing.domain.bursts.planning import agreed
from services.routing.domain.context import Agreed
from services.routing.domain.eligibility import eligible, who_is
from services.routing.domain.scoring import MICRO
from services.routing.domain.seating import burden, seating
from services.routing.policy import load_calendar, load_policy
from shared.ledger.messages import Reservation
from shared.schemas.requests import Request
from shared.schemas.routing import CoordinatorAssigned, Seat, SupportersAssigned
from tests.season.given import PACK, START, Given

How = Literal["backline", "together", "round_robin"]
HOURS_PER_EFFORT = 3.0


class Season:
    """What is given, assigned by the real domain, or in turn among those whom its filters leave.

    Requests of one batch the domain assigns one by one, or `together`. `fairness` is a weight and its half to try instead of the policy's.
    """

    def __init__(self, given: Given, how: How, *, fairness: tuple[float, float] | None = None) -> None:
        self._how = how
        self.directory = given.directory
        self._batches = given.batches
        packs = {(PACK.name, PACK.version): PACK}
        policy = self._shipped = load_policy()
        tried: dict[str, object] = {"together_when": "always"}
        if fairness:
            tried |= {"fairness": fairness[0], "fairness_half": fairness[1]}
        policy = policy.model_copy(update={"assignment": policy.assignment.model_copy(update=tried)})
        calendar = load_calendar(policy)
        self._context = Context(
            now=START, directory=self.directory, loads={}, familiar={}, packs=packs, policy=policy, calendar=calendar
        )
        self._given: dict[str, float] = defaultdict(float)
        self._recent: list[tuple[datetime, str, float]] = []
        self._ends: list[tuple[datetime, int, str, str, float]] = []
        self._turn: Counter[str] = Counter()
        self._figures: Counter[str] = Counter()
        self._score = 0

    def run(self) -> dict[str, float]:
        """The figures."""
        for at, batch in self._batches:
            self._until(at)
            if self._how == "together":
                together = agreed([(subject, _state(request)) for subject, request in batch], self._context)
                self._figures["clumps_together"] += _kept_together(together)
                self._context = replace(self._context, agreed=together).keeping(self._context)
            for subject, request in batch:
                self._assign(subject, request)
        effort = [self._given[person.id] for person in self.directory.holders("presales_engineer")]
        zero = dict.fromkeys(("assigned", "waiting", "over_the_cap", "on_leave", "skill_misses", "clashes"), 0)
        score = round(self._score / MICRO, 3)
        return {
            **zero,
            **self._figures,
            "score": score,
            "gini_of_engineers": round(gini(effort), 4),
            "most": max(effort),
            "least": min(effort),
        }

    def _until(self, at: datetime) -> None:
        """Time passes: work ends, what was given long ago counts no more."""
        loads = dict(self._context.loads)
        while self._ends and self._ends[0][0] <= at:
            _, _, subject, person, weight = heapq.heappop(self._ends)
            load = loads[person]
            bookings = tuple(one for one in load.bookings if one.request != subject)
            loads[person] = replace(load, count=load.count - 1, weight=round(load.weight - weight, 6), bookings=bookings)
        since = at - timedelta(days=self._context.policy.assignment.fairness_days)
        while self._recent and self._recent[0][0] < since:
            _, person, weight = heapq.heappop(self._recent)
            loads[person] = replace(loads[person], recent=round(loads[person].recent - weight, 6))
        self._context = replace(self._context, now=at, loads=loads).keeping(self._context)

    def _assign(self, subject: str, request: Request) -> None:
        state = _state(request)
        decision = assign(subject, state, self._context)
        facts = decision.facts
        seats: list[Seat] = [fact.seat for fact in facts if isinstance(fact, CoordinatorAssigned)]
        found = next((fact for fact in facts if isinstance(fact, SupportersAssigned)), None)
        if found is None:
            self._figures["waiting"] += 1
            return
        reservations = decision.reservations
        if self._how == "round_robin":
            seats, reservations = self._in_turn(subject, state, seats, found)
        else:
            seats += found.seats
        self._figures["assigned"] += 1
        self._check(seats, reservations)
        self._rate(subject, state, seats)
        self._take(subject, request, reservations)

    def _in_turn(
        self, subject: str, state: State, seats: list[Seat], found: SupportersAssigned
    ) -> tuple[list[Seat], tuple[Reservation, ...]]:
        """The same seats, each to the next in turn of those who may have it; whoever coordinates is the same."""
        places = seating(subject, state, self._context)
        for seat in seats:
            places.keep(seat)
        for seat in found.seats:
            if seat in [one.model_copy(update={"step": "supporter"}) for one in seats]:
                places.keep(seat)
                continue
            others = frozenset(one.person for one in seats if one.step == "supporter")
            fits = eligible(places.question("supporter", places.wanted(seat), others), self._context, PACK).fits
            key = f"{seat.role}|{seat.skill}|{places.request.business_unit}"
            self._turn[key] += 1
            chosen = fits[self._turn[key] % len(fits)] if fits else None
            given = seat.model_copy(update={"person": chosen.worker}) if chosen else seat
            seats = [*seats, given]
            places.keep(given)
        return seats, places.reservations()

    def _check(self, seats: list[Seat], reservations: tuple[Reservation, ...]) -> None:
        """What must not be: counted by the directory and the calendar alone, not by what the domain says of itself."""
        for seat in seats:
            person = self.directory.people[seat.person]
            self._figures["on_leave"] += person.away(self._context.now)
            self._figures["skill_misses"] += seat.skill is not None and person.skills.get(seat.skill, 0) < 1
        for one in reservations:
            load, person = self._context.load(one.holder), self.directory.people[one.holder]
            self._figures["over_the_cap"] += load.count >= person.seats
            self._figures["on_leave"] += any(person.away(booked.start) or person.away(booked.end) for booked in one.bookings)
            self._figures["clashes"] += any(a.start < b.end and b.start < a.end for a in one.bookings for b in load.bookings)

    def _rate(self, subject: str, state: State, seats: list[Seat]) -> None:
        """The scores of whoever supports by the shipped weights, worked out afresh in the same way whoever chose them."""
        places = seating(subject, state, self._context)
        coordinators = {seat.person for seat in seats if seat.step == "coordinator"}
        for seat in seats:
            if seat.step == "supporter" and seat.person not in coordinators:
                question = places.question("supporter", places.wanted(seat), frozenset())
                fit = who_is(seat.person, question, self._context, PACK)
                assert not isinstance(fit, str), f"{seat.person} may not have the seat: {fit}"
                self._score += Scores(question, replace(self._context, policy=self._shipped), PACK).totals([fit])[0]

    def _take(self, subject: str, request: Request, reservations: tuple[Reservation, ...]) -> None:
        ends = self._context.now + timedelta(hours=HOURS_PER_EFFORT * burden(PACK.types[request.type], "supporter"))
        for number, one in enumerate(reservations):
            self._given[one.holder] += one.weight
            heapq.heappush(self._ends, (ends, number, subject, one.holder, one.weight))
            heapq.heappush(self._recent, (self._context.now, one.holder, one.weight))
        self._context = self._context.after(reservations)


def _state(request: Request) -> State:
    return State(request=request, policy=PACK.pin)


def _kept_together(found: Mapping[str, Agreed]) -> bool:
    """Whether the clump, or a lot of it, was assigned together."""
    facts = [fact for one in found.values() for fact in one.decision.facts if isinstance(fact, SupportersAssigned)]
    return any(record.together and record.together.kept == "together" for fact in facts for record in fact.decisions)
