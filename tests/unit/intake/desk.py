"""Intake's request domain over one request in memory: messages in, decisions out, the state kept as the ledger keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from services.intake.domain import Context, RequestDomain, State
from shared.catalogue import EarlierRequest, Pack
from shared.ledger.messages import Decision, Heard, Message, Told
from shared.schemas import routing
from shared.schemas.envelope import Event
from shared.schemas.model import Text
from shared.schemas.requests import Request
from tests.builders import NOW, SURVEY_BEFORE, a_completed_survey, a_directory, events_of, the_pack

DOMAIN = RequestDomain()


def a_context(*packs: Pack, earlier: Mapping[tuple[str, str, str], EarlierRequest] | None = None) -> Context:
    """What intake reads: the small company and the shipped policy, then `packs`, of which the last is current."""
    installed = {(pack.name, pack.version): pack for pack in (the_pack(), *packs)}
    known = {SURVEY_BEFORE: a_completed_survey()} if earlier is None else earlier
    current = packs[-1] if packs else the_pack()
    return Context(now=NOW, directory=a_directory(), current=current, packs=installed, earlier=known)


def decided(state: State, message: Message, context: Context, say: Any) -> tuple[State, Decision, tuple[Event, ...]]:
    """What the ledger makes of one message: a heard event first, then the private values, then the facts."""
    if isinstance(message, Heard):
        state = DOMAIN.evolve(state, message.event)
    decision = DOMAIN.decide(state, message, context)
    if decision.private is not None:
        state = state.model_copy(update={"private": decision.private})
    events = tuple(say(fact) for fact in decision.facts)
    for event in events:
        state = DOMAIN.evolve(state, event)
    return state, decision, events


@dataclass
class Desk:
    """One request's history. Each message is decided twice: again afterwards, it must say nothing new."""

    context: Context = field(default_factory=a_context)
    state: State = field(default_factory=State)
    events: list[Event] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.say = events_of("R")

    def told(
        self,
        name: str,
        body: dict[str, Any],
        *,
        by: str = "person:A1",
        unit: str = "harbour",
        channel: str = "http",
        **context: Any,
    ) -> Decision:
        """Tell a command; `by` is a principal's kind and id, `unit` the unit it acts for."""
        self.number += 1
        data = {"body": body, "by": by, "filed_by": unit, "channel": channel}
        at = NOW + timedelta(minutes=self.number)
        return self._take(Told(id=f"c{self.number}", subject="R", name=name, data=data, at=at), **context)

    def tell_with(self, name: str, body: dict[str, Any], more: dict[str, Any]) -> Decision:
        """As `told`, by mountain's system, with `more` of what the channel says."""
        self.number += 1
        data = {"body": body, "by": "unit:mountain", "filed_by": "mountain", "channel": "http", **more}
        return self._take(Told(id=f"c{self.number}", subject="R", name=name, data=data, at=NOW + timedelta(minutes=self.number)))

    def heard(self, fact: Any, *, answering: Event | None = None) -> Decision:
        """Hear another service say `fact` when it has heard all of intake's events, or those up to the one it is `answering`."""
        known = answering.sequence if answering else len(self.events)
        return self._take(Heard(event=self.say(fact, after={"intake": known} if known else {})))

    def _take(self, message: Message, **context: Any) -> Decision:
        around = replace(self.context, **context)
        self.state, decision, events = decided(self.state, message, around, self.say)
        self.events += events
        if isinstance(message, Told):
            _, again, repeated = decided(self.state, message, around, self.say)
            assert repeated == (), f"{message.name} told twice says {[event.type for event in repeated]}"
            assert again.private is None
        return decision

    def facts(self) -> list[str]:
        """The types of everything said so far, without their prefix."""
        return [event.type.removeprefix("backline.request.") for event in self.events]

    def said(self) -> str:
        """All that was said, as JSON."""
        return "\n".join(event.model_dump_json() for event in self.events)


def a_decision(step: routing.Step) -> routing.DecisionRecord:
    """A record of a choice, short."""
    return routing.DecisionRecord(
        step=step,
        role="presales_engineer",
        at=NOW,
        directory="0",
        policy=the_pack().pin,
        considered=1,
        candidates=(),
        excluded={},
        chosen=("PE1",),
        explanation=Text(zh="唯一", en="only one"),
    )


def a_seat(step: routing.Step = "supporter") -> routing.Seat:
    """PE1's part."""
    return routing.Seat(person="PE1", role="presales_engineer", step=step)


COORDINATED = routing.CoordinatorAssigned(seat=a_seat("coordinator"), decision=a_decision("coordinator"))
WAITING = routing.AssignmentWaiting(step="supporter", reason="nobody_fits", decisions=(a_decision("supporter"),))
CHOOSING = routing.AssignmentWaiting(step="supporter", reason="coordinator_chooses", decisions=(a_decision("supporter"),))
ASSIGNED = routing.SupportersAssigned(seats=(a_seat(),), decisions=(a_decision("supporter"),))
WORKING = routing.WorkAccepted(by="PE1", role="presales_engineer", first=True)
DECLINED = routing.WorkDeclined(by="PE1", role="presales_engineer", step="supporter", reason="busy")
COMPLETED = routing.WorkCompleted(by="PE1", note="ok", result={})
SENT_BACK = routing.WorkSentBack(by="PE1", reason="缺少现状")
PAUSED = routing.WorkPaused(by="PE1", reason="客户出差")
CONFIRMED = routing.DeliveryConfirmed(by="A1", cause="person", rating=5)
WITHDRAWN = routing.RequestWithdrawn(by="A1", reason="lost")
NOT_WITHDRAWN = routing.WithdrawalRefused(reason=Text(zh="已结束", en="ended"))
NOT_AMENDED = routing.AmendmentRefused(reason=Text(zh="已结束", en="ended"))


def amended(request: Request, version: int = 2) -> routing.RequestAmended:
    """Routing lets the amendment stand."""
    return routing.RequestAmended(request=request, changes=(), version=version)
