"""Fills all seats of one request: the coordinator, then each supporter the policy asks for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from services.routing.domain.appointments import appointments
from services.routing.domain.assignment import OFFERED, SHOWN, alone, foremost, rank
from services.routing.domain.context import Context
from services.routing.domain.eligibility import Eligible, Question, eligible, who_is
from services.routing.domain.review.chain import chain_of
from services.routing.domain.review.places import place
from services.routing.domain.state import Held, State
from shared.catalogue import Pack, RequestType, SupporterRole
from shared.ledger.messages import Booking, Reservation
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import Candidate, DecisionRecord, Seat, Step

COORDINATING = 0.25
"""The share of a type's effort that coordinating it takes (an example: the policy names none)."""


@dataclass
class Seating:
    """Seats chosen so far for one request, with the record of each choice. `holding` have a part since an earlier decision.

    `lent` are those of `taken` whom another unit lends for it: who stands in for somebody, or goes on with it, is not.
    """

    identity: str
    request: Request
    policy: PolicyPin
    pack: Pack
    context: Context
    barred: frozenset[str]
    holding: frozenset[str]
    released: tuple[Seat, ...] = ()
    attending: set[str] = field(default_factory=set)
    taken: dict[str, float] = field(default_factory=dict)
    lent: set[str] = field(default_factory=set)

    @property
    def kind(self) -> RequestType:
        """The request's type in the pinned policy."""
        return self.pack.types[self.request.type]

    @cached_property
    def appointments(self) -> tuple[Booking, ...]:
        """The times for which the request takes its supporters away."""
        return appointments(self.identity, self.request, self.kind, self.context.policy.assignment)

    @property
    def coordinating(self) -> SupporterRole:
        """The coordinator's seat."""
        return SupporterRole(role=self._role(self.kind.coordinator))

    def lacking(self, state: State) -> tuple[SupporterRole, ...]:
        """The supporters' seats that nobody has, nor will have by coordinating in that role."""
        vacant = self.vacancies(state.supporters)
        same = [seat for seat in vacant if state.coordinator is not None and seat.role == state.coordinator.role][:1]
        return tuple(seat for seat in vacant if seat not in same)

    def coordinator(self) -> tuple[Seat | None, DecisionRecord]:
        """Who receives the request: relative to its unit, at headquarters by corporate marketing where the matrix says so."""
        wanted = self.coordinating
        record = self._rank("coordinator", wanted, frozenset())
        return self._take(record, wanted), record

    def vacancies(self, keep: Sequence[Held] = ()) -> list[SupporterRole]:
        """The seats of the matrix that apply to the request's details, that nobody of `keep` has and nobody was released from.

        Where nobody would be left to do the work, whoever was released is followed by somebody after all. A review does not wait for
        somebody whom its rules do not ask: while nobody fits such a seat, it is left out.
        """
        details = self.request.details
        wanted = [
            self._named(seat)
            for seat in self.kind.supporters
            if all(_is(details.get(key), value) for key, value in seat.only.items())
        ]
        if self.kind.review:
            asked = {party.key for step in chain_of(self.request, self.pack, self.context.policy) for party in step.parties}
            wanted = [seat for seat in wanted if place(seat.role, seat.department) in asked or self._fits(seat)]
        vacant = _without(wanted, keep)
        sought = _without(vacant, self.released)
        return sought if sought or keep else vacant

    def _fits(self, wanted: SupporterRole) -> bool:
        return bool(eligible(self.question("supporter", wanted, self.barred), self.context, self.pack).fits)

    def offers(self, wanted: Sequence[SupporterRole], keep: Sequence[Held]) -> list[DecisionRecord]:
        """The ranking for each seat, for the coordinator to choose from; nobody is chosen in them."""
        kept = frozenset(seat.person for seat in keep)
        return [self._rank("supporter", seat, kept, shown=OFFERED).model_copy(update={"chosen": ()}) for seat in wanted]

    def prospects(self, wanted: SupporterRole) -> tuple[Sequence[str], Eligible]:
        """Whom `offers` would name for a seat beside nobody, the best first, and who was excluded; without their records."""
        best, found = foremost(self.question("supporter", wanted, self.barred), self.context, self.pack, OFFERED)
        return [fit.worker for fit in best], found

    def fill(self, wanted: Sequence[SupporterRole], keep: Sequence[Held]) -> tuple[list[Held], list[DecisionRecord]]:
        """A supporter for each seat, several seats to several people; fewer seats than records when somebody is lacking."""
        seats: list[Held] = []
        records: list[DecisionRecord] = []
        before = dict(self.taken), set(self.lent)
        for seat in wanted:
            taken = frozenset(held.person for held in (*keep, *seats))
            records.append(self._rank("supporter", seat, taken))
            chosen = self._take(records[-1], seat)
            if chosen is not None:
                seats.append(Held(**dict(chosen)))
        if len(seats) < len(records):
            self.taken, self.lent = before
        return seats, records

    def choose(self, candidate: Candidate, wanted: SupporterRole) -> Held:
        """The seat of a candidate whom the coordinator chose."""
        self._given("supporter", candidate)
        return Held(**dict(_seat("supporter", candidate, wanted)))

    def one_step(self, coordinator: Seat, record: DecisionRecord | None) -> tuple[Held, tuple[DecisionRecord, ...]]:
        """Coordinator and supporter are one role: the same person does the work, without a second step or a second place."""
        self.attending.add(coordinator.person)
        if coordinator.person in self.taken:
            self._burden(coordinator.person, "supporter")
        seat = Held(**{**dict(coordinator), "step": "supporter"})
        return seat, (record.model_copy(update={"step": "supporter"}),) if record else ()

    def named(self, step: Step, wanted: SupporterRole, person: str) -> Seat | str:
        """The seat of `person`, whom somebody named, of the unit or the pool; or the first filter that removes them."""
        found = self.placed(step, wanted, person)
        return found if isinstance(found, str) else found[0]

    def placed(self, step: Step, wanted: SupporterRole, person: str) -> tuple[Seat, DecisionRecord] | str:
        """As `named`, with the record that holds what the model makes of them."""
        question = self.question(step, wanted, frozenset())
        fit = who_is(person, question, self.context, self.pack)
        if isinstance(fit, str):
            return fit
        record = alone(question, fit, self.context, self.pack)
        self._burden(person, step)
        return _seat(step, record.candidates[0], wanted), record

    def best(self, step: Step, wanted: SupporterRole, seated: frozenset[str]) -> tuple[Seat | None, DecisionRecord]:
        """The seat of whoever is best for it, beside those who are `seated`; None when nobody fits."""
        record = self._rank(step, wanted, seated)
        return self._take(record, wanted), record

    def supporting_roles(self) -> tuple[str, ...]:
        """The roles in which the type is supported, each once."""
        return tuple(dict.fromkeys(self._role(seat.role) for seat in self.kind.supporters))

    def wanted(self, seat: Seat) -> SupporterRole:
        """What the policy wants of whoever has `seat`: all its skills and levels where the type names the seat."""
        plain = SupporterRole(role=seat.role, skills=(seat.skill,) if seat.skill else (), department=seat.department)
        place = (seat.role, seat.skill, seat.department)
        named = (self._named(one) for one in self.kind.supporters)
        found = (one for one in named if (one.role, _first(one.skills), one.department) == place)
        return next(found, plain) if seat.step == "supporter" else plain

    def keep(self, seat: Seat) -> None:
        """Count a seat that somebody has already among their open work again."""
        self._burden(seat.person, seat.step)

    def reservations(self) -> tuple[Reservation, ...]:
        """A place among the open work of everybody newly seated, once per person."""
        people = self.context.directory.people
        home = self.request.business_unit
        return tuple(
            Reservation(
                holder=person,
                capacity=self.context.places(
                    people[person].business_unit, people[person].seats, home=home, lent=person in self.lent
                ),
                weight=weight,
                bookings=self.appointments if person in self.attending else (),
            )
            for person, weight in sorted(self.taken.items())
            if person not in self.holding
        )

    def _role(self, role: str) -> str:
        """Roles are relative to the request's unit; headquarters has its own marketing."""
        return self.pack.pool_coordinator.get(role, role) if self.request.business_unit == self.pack.pool else role

    def _named(self, seat: SupporterRole) -> SupporterRole:
        """`seat` with its role as the request's unit calls it."""
        role = self._role(seat.role)
        return seat if role == seat.role else seat.model_copy(update={"role": role})

    def _rank(self, step: Step, wanted: SupporterRole, seated: frozenset[str], *, shown: int = SHOWN) -> DecisionRecord:
        return rank(self.question(step, wanted, self.barred | seated), self.context, self.pack, shown=shown)

    def question(self, step: Step, wanted: SupporterRole, barred: frozenset[str] = frozenset()) -> Question:
        """The seat as a question of who may have it."""
        return Question(
            identity=self.identity,
            request=self.request,
            kind=self.kind,
            policy=self.policy,
            step=step,
            role=wanted.role,
            skills=wanted.skills,
            levels=wanted.levels,
            department=wanted.department,
            appointments=self.appointments if self._attends(step, wanted.role) else (),
            barred=barred,
            holding=self.holding,
            taken=self.taken,
        )

    def _take(self, record: DecisionRecord, wanted: SupporterRole) -> Seat | None:
        if not record.chosen:
            return None
        best = record.candidates[0]
        self._given(record.step, best)
        return _seat(record.step, best, wanted)

    def _attends(self, step: Step, role: str) -> bool:
        """Whether the seat takes its holder away: supporters go, and who coordinates and supports in one step."""
        return bool(self.appointments) and (step == "supporter" or role in self.supporting_roles())

    def _given(self, step: Step, candidate: Candidate) -> None:
        """Who has a place for the request already needs no other, and so keeps none."""
        if candidate.inputs.get("borrowed") and candidate.person not in self.taken:
            self.lent.add(candidate.person)
        self._burden(candidate.person, step)

    def _burden(self, person: str, step: Step) -> None:
        if step == "supporter":
            self.attending.add(person)
        self.taken[person] = max(burden(self.kind, step), self.taken.get(person, 0.0))


def seating(identity: str, state: State, context: Context) -> Seating:
    """The seating of the request that `state` describes."""
    assert state.request is not None, "only submitted requests are assigned"
    assert state.policy is not None, "a submitted request names its policy"
    pack = context.pack(state.policy)
    asked_before = state.asked_before if pack.types[state.request.type].review else ()
    return Seating(
        identity=identity,
        request=state.request,
        policy=state.policy,
        pack=pack,
        context=context,
        barred=frozenset((*state.declined, *asked_before)),
        holding=state.holders(),
        released=state.released,
    )


def burden(kind: RequestType, step: Step) -> float:
    """How much a seat in a request of this type weighs among somebody's open work."""
    return kind.effort if step == "supporter" else kind.effort * COORDINATING


def _seat(step: Step, candidate: Candidate, wanted: SupporterRole) -> Seat:
    return Seat(
        person=candidate.person,
        role=wanted.role,
        step=step,
        skill=_first(wanted.skills),
        department=wanted.department,
        stands_in_for=candidate.stands_in_for,
    )


def _without(wanted: Sequence[SupporterRole], seats: Sequence[Seat]) -> list[SupporterRole]:
    """`wanted` without those that `seats` fill, each one of them."""
    left = list(wanted)
    for kept in seats:
        place = (kept.role, kept.skill, kept.department)
        match = next((seat for seat in left if (seat.role, _first(seat.skills), seat.department) == place), None)
        if match is not None:
            left.remove(match)
    return left


def _first(skills: tuple[str, ...]) -> str | None:
    return skills[0] if skills else None


def _is(value: object, wanted: object) -> bool:
    """Whether a choice, or one of several, is the wanted one."""
    return wanted in value if isinstance(value, list) else value == wanted
