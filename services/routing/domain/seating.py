"""Fills all seats of one request: the coordinator, then each supporter the policy asks for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.routing.domain.assignment import Question, rank
from services.routing.domain.context import NO_LOAD, Context, OpenLoad
from services.routing.domain.state import Held, State
from shared.catalogue import Pack, RequestType, SupporterRole
from shared.ledger.messages import Reservation
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import DecisionRecord, Seat, Step


@dataclass
class Seating:
    """Seats chosen so far for one request, with the record of each choice. Somebody without a seat counts as `vacant`."""

    identity: str
    request: Request
    policy: PolicyPin
    pack: Pack
    context: Context
    barred: frozenset[str]
    taken: dict[str, float] = field(default_factory=dict)
    records: list[DecisionRecord] = field(default_factory=list)
    vacant: bool = False

    @property
    def kind(self) -> RequestType:
        """The request's type in the pinned policy."""
        return self.pack.types[self.request.type]

    def coordinator(self) -> Seat | None:
        """Who receives the request: relative to its unit, at headquarters by corporate marketing where the matrix says so."""
        role = self.kind.coordinator
        if self.request.business_unit == self.pack.pool:
            role = self.pack.pool_coordinator.get(role, role)
        return self._fill("coordinator", SupporterRole(role=role), frozenset())

    def supporters(self, coordinator: Seat, keep: Sequence[Held] = ()) -> tuple[Held, ...]:
        """Who does the work, one seat per entry of the matrix that applies. `keep` stay; several seats go to several people."""
        seats: list[Held] = list(keep)
        for wanted in self._vacancies(keep):
            if wanted.role == coordinator.role:
                # Coordinator and supporter are one role: one person, one step.
                seats.append(Held(**{**coordinator.model_dump(), "step": "supporter"}))
                self.records.append(self.records[0] if self.records else self._repeat(coordinator))
                continue
            seat = self._fill("supporter", wanted, frozenset(seat.person for seat in seats))
            if seat is None:
                self.taken = {person: weight for person, weight in self.taken.items() if person == coordinator.person}
                return ()
            seats.append(Held(**seat.model_dump()))
        return tuple(seats)

    def reservations(self) -> tuple[Reservation, ...]:
        """A place among the open work of everybody newly seated."""
        people = self.context.directory.people
        return tuple(
            Reservation(holder=person, capacity=people[person].seats, weight=weight)
            for person, weight in sorted(self.taken.items())
        )

    def _vacancies(self, keep: Sequence[Held]) -> list[SupporterRole]:
        details = self.request.details
        wanted = [seat for seat in self.kind.supporters if all(_is(details.get(key), value) for key, value in seat.only.items())]
        for kept in keep:
            place = (kept.role, kept.skill, kept.department)
            match = next((seat for seat in wanted if (seat.role, _first(seat.skills), seat.department) == place), None)
            if match is not None:
                wanted.remove(match)
        return wanted

    def _fill(self, step: Step, wanted: SupporterRole, seated: frozenset[str]) -> Seat | None:
        question = Question(
            identity=self.identity,
            request=self.request,
            kind=self.kind,
            policy=self.policy,
            step=step,
            role=wanted.role,
            skills=wanted.skills,
            department=wanted.department,
            barred=self.barred | seated,
        )
        record = rank(question, self._loaded(), self.pack)
        self.records.append(record)
        if not record.chosen:
            self.vacant = True
            return None
        best = record.candidates[0]
        effort = self.kind.effort if step == "supporter" else self.kind.effort / 4
        self.taken[best.person] = max(effort, self.taken.get(best.person, 0.0))
        return Seat(
            person=best.person,
            role=wanted.role,
            step=step,
            skill=_first(wanted.skills),
            department=wanted.department,
            stands_in_for=best.stands_in_for,
        )

    def _loaded(self) -> Context:
        """The context with what this very request already takes from people."""
        loads = {
            person: OpenLoad(
                count=self.context.loads.get(person, NO_LOAD).count,
                weight=self.context.loads.get(person, NO_LOAD).weight + weight,
            )
            for person, weight in self.taken.items()
        }
        return replace(self.context, loads={**self.context.loads, **loads})

    def _repeat(self, coordinator: Seat) -> DecisionRecord:
        question = Question(
            identity=self.identity,
            request=self.request,
            kind=self.kind,
            policy=self.policy,
            step="coordinator",
            role=coordinator.role,
        )
        return rank(question, self.context, self.pack)


def seating(identity: str, state: State, context: Context) -> Seating:
    """The seating of the request that `state` describes."""
    assert state.request is not None, "only submitted requests are assigned"
    assert state.policy is not None, "a submitted request names its policy"
    pack = context.pack(state.policy)
    return Seating(
        identity=identity,
        request=state.request,
        policy=state.policy,
        pack=pack,
        context=context,
        barred=frozenset(state.declined),
    )


def _first(skills: tuple[str, ...]) -> str | None:
    return skills[0] if skills else None


def _is(value: object, wanted: object) -> bool:
    """Whether a choice, or one of several, is the wanted one."""
    return wanted in value if isinstance(value, list) else value == wanted
