"""How honest estimates are: a bid season in memory, an estimate at each submission, and what came of it. Seeded.

The real domain estimates and assigns; people, requests and how long work takes are invented. Time is working time throughout.
"""

import heapq
import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.routing.domain import Context, State
from services.routing.domain.assigning import assign
from services.routing.domain.estimating import Delivered, Seen, Wanted, estimate
from services.routing.domain.seasons.ageing import Queued, full_roles, in_order
from services.routing.policy import load_calendar, load_policy
from shared.catalogue import load_pack
from shared.ledger.messages import Reservation
from shared.schemas.estimates import Estimate, Range
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Directory, Person
from shared.schemas.requests import Origin, Request, Requester
from shared.schemas.routing import AssignmentWaiting, DecisionRecord, SupportersAssigned
from shared.schemas.seasons import Season

PACK, POLICY = load_pack(), load_policy()
CALENDAR = load_calendar(POLICY)
START = datetime.fromisoformat("2027-03-01T01:00:00+00:00")
UNITS = ("east", "south", "north")
TYPES = ("tech.survey", "tech.proposal", "tech.bid")
SKILLS = {"analysis": 2, "writing": 2, "bidding": 2, "product": 2}
BUSY_UNIT = "east"
PRIORITIES = ("normal", "normal", "normal", "high", "urgent")
DAYS = 30
MINUTES_A_DAY = 8 * 60


@dataclass(kw_only=True)
class Case:
    """One request: what was estimated when it came, and what came of it."""

    at: datetime
    request: Request
    estimate: Estimate
    record: tuple[DecisionRecord, ...] = ()
    people: datetime | None = None
    done: datetime | None = None


class BidSeason:
    """`count` requests over thirty working days, half of them in the middle third and most of those of one unit."""

    def __init__(self, count: int, engineers: int, seed: int, *, mode: bool, blind: bool = False) -> None:
        """In season `mode` or not; a `blind` estimate knows neither who waits, nor who has room, nor what was delivered."""
        self._blind = blind
        self._chance = random.Random(seed)
        self._unit = CALENDAR.of_unit(BUSY_UNIT, Directory())
        directory = _directory(engineers)
        season = _season(self._at(DAYS / 3), self._at(2 * DAYS / 3))
        self._context = Context(
            now=START,
            directory=directory,
            loads={},
            familiar={},
            packs={(PACK.name, PACK.version): PACK},
            policy=POLICY,
            calendar=CALENDAR,
            seasons=(season,) if mode else (),
        )
        self._coming = sorted((self._moment(), number) for number in range(count))
        self._scale = {kind: self._chance.uniform(10, 20) for kind in TYPES}
        self._ends: list[tuple[datetime, str]] = []
        self._held: dict[str, tuple[Reservation, ...]] = {}
        self._waiting: dict[str, Case] = {}
        self._seen: deque[Delivered] = deque(maxlen=POLICY.estimates.most_observations)
        self.cases: list[Case] = []

    def run(self) -> Sequence[Case]:
        """Every request, with what came of it; nobody is left waiting."""
        for at, number in self._coming:
            self._until(at)
            self._submit(f"R{number:05}")
        while self._ends:
            self._until(self._ends[0][0])
        return self.cases

    def _until(self, at: datetime) -> None:
        while self._ends and self._ends[0][0] <= at:
            ended, subject = heapq.heappop(self._ends)
            self._moves(ended)
            self._end(subject)
            self._retry()
        self._moves(at)

    def _moves(self, now: datetime) -> None:
        self._context = replace(self._context, now=now).keeping(self._context)

    def _submit(self, subject: str) -> None:
        unit = BUSY_UNIT if self._chance.random() < 0.5 else self._chance.choice(UNITS)
        kind, now = self._chance.choice(TYPES), self._context.now
        request = Request(
            type=kind,
            business_unit=unit,
            requester=Requester(id=f"asker-{unit}", role="account_manager"),
            source=Origin(system="crm", reference=subject),
            priority=self._chance.choice(PRIORITIES),
        )
        seen, context = (Seen(), replace(self._context, loads={})) if self._blind else (self._facts(kind), self._context)
        found = estimate(Wanted(type=kind, business_unit=unit), seen, PACK, context)
        case = Case(at=now, request=request, estimate=found)
        self.cases.append(case)
        self._try(subject, case)

    def _try(self, subject: str, case: Case) -> bool:
        decision = assign(subject, State(request=case.request, policy=PACK.pin), self._context)
        if not any(isinstance(fact, SupportersAssigned) for fact in decision.facts):
            waits = next(fact for fact in decision.facts if isinstance(fact, AssignmentWaiting))
            case.record = waits.decisions
            self._waiting[subject] = case
            return False
        self._waiting.pop(subject, None)
        case.people, now = self._context.now, self._context.now
        self._context = self._context.after(decision.reservations)
        self._held[subject] = decision.reservations
        hours = self._scale[case.request.type] * self._chance.lognormvariate(0, 0.5)
        case.done = CALENDAR.add(
            CALENDAR.of_unit(case.request.business_unit, self._context.directory), now, timedelta(hours=hours)
        )
        heapq.heappush(self._ends, (case.done, subject))
        return True

    def _retry(self) -> None:
        """Those that wait are tried in their order, as when a place is given back."""
        queue = self._queue()
        for subject in in_order(queue, self._context.in_season, self._context.now, POLICY.season.ageing)[:20]:
            self._try(subject, self._waiting[subject])

    def _end(self, subject: str) -> None:
        loads = dict(self._context.loads)
        for one in self._held.pop(subject):
            load = loads[one.holder]
            loads[one.holder] = replace(load, count=load.count - 1, weight=round(load.weight - one.weight, 6))
        self._context = replace(self._context, loads=loads).keeping(self._context)
        case = self.cases[self._number[subject]]
        assert case.people is not None
        unit, kind = case.request.business_unit, case.request.type
        self._seen.appendleft(
            Delivered(
                type=kind,
                business_unit=unit,
                since=case.people,
                until=self._context.now,
                waited_from=case.at if case.people > case.at else None,
            )
        )

    @property
    def _number(self) -> dict[str, int]:
        return {case.request.source.reference: place for place, case in enumerate(self.cases)}

    def _facts(self, kind: str) -> Seen:
        alike = [one for one in self._seen if one.type == kind]
        return Seen(queue=self._queue(), alike=alike, any_type=[*self._seen])

    def _queue(self) -> list[Queued]:
        return [
            Queued(
                request=subject,
                business_unit=case.request.business_unit,
                type=case.request.type,
                since=case.at,
                priority=case.request.priority,
                full=full_roles((record.role, bool(record.excluded.get("full"))) for record in case.record),
            )
            for subject, case in self._waiting.items()
        ]

    def _moment(self) -> datetime:
        third = DAYS / 3
        first = third if self._chance.random() < 0.55 else 0.0
        return self._at(first + self._chance.uniform(0, third if first else DAYS))

    def _at(self, days: float) -> datetime:
        return self._unit.add(START, timedelta(minutes=days * MINUTES_A_DAY)) if days else START


def honesty(cases: Sequence[Case]) -> dict[str, float]:
    """How many of the actual moments lie within the range that was said, of how many; and how wide the ranges were."""
    counted: Counter[str] = Counter()
    for case in cases:
        found, people, done = case.estimate, case.people, case.done
        counted[found.verdict] += 1
        counted[f"by_{found.basis}"] += 1
        if found.people is None or found.done is None or people is None or done is None:
            continue
        counted["compared"] += 1
        counted["people_within"] += _within(people, found.people)
        counted["done_within"] += _within(done, found.done)
        counted["done_before_median"] += done <= found.done.median
        if found.verdict == "later":
            counted["waited_compared"] += 1
            counted["waited_within"] += _within(people, found.people)
            counted["waited_before_late"] += people <= found.people.late
    shares = {
        name: round(counted[name] / max(counted["compared"], 1), 3)
        for name in ("people_within", "done_within", "done_before_median")
    }
    waited = max(counted["waited_compared"], 1)
    shares |= {name: round(counted[name] / waited, 3) for name in ("waited_within", "waited_before_late")}
    waits = [(case.people - case.at) / timedelta(hours=1) for case in cases if case.people]
    widths = sorted(case.estimate.done.late_hours - case.estimate.done.early_hours for case in cases if case.estimate.done)
    return {
        "requests": len(cases),
        "compared": counted["compared"],
        "later": counted["later"],
        "nobody": counted["nobody"],
        "by_observation": counted["by_observed"],
        **shares,
        "hours_waited_mean": round(sum(waits) / max(len(waits), 1), 2),
        "done_range_hours_median": round(widths[len(widths) // 2], 1) if widths else 0.0,
    }


def honest(seed: int, count: int = 300, engineers: int = 4) -> dict[str, dict[str, float]]:
    """The figures with and without season mode, and of an estimate that knows nothing, as the control."""
    runs = {"season_mode": (True, False), "without": (False, False), "blind": (False, True)}
    return {
        name: honesty(BidSeason(count, engineers, seed, mode=mode, blind=blind).run()) for name, (mode, blind) in runs.items()
    }


def _within(at: datetime, said: Range) -> bool:
    return said.early <= at <= said.late


def _season(starts: datetime, ends: datetime) -> Season:
    return Season(id="S1", name="集中投标", business_unit=BUSY_UNIT, starts=starts, ends=ends, figures=POLICY.season.figures)


def _directory(engineers: int) -> Directory:
    people = [_person(f"asker-{unit}", "account_manager", unit) for unit in UNITS]
    people += [_person(f"manager-{unit}", "presales_manager", unit, seats=10_000) for unit in UNITS]
    people += [_person(f"engineer-{unit}-{n}", "presales_engineer", unit, seats=4) for unit in UNITS for n in range(engineers)]
    units = [BusinessUnit(code=unit, name=Text(zh=unit, en=unit)) for unit in (*UNITS, PACK.pool)]
    return Directory().with_entries([*units, *people])


def _person(identity: str, role: str, unit: str, seats: int = 8) -> Person:
    plain = Person(id=identity, name=identity, email=f"{identity}@firm.example", business_unit=unit, roles=(role,), seats=seats)
    return plain.model_copy(update={"skills": SKILLS})
