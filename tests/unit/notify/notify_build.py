"""Builders for notify's tests: events in the shapes their services say them, people, and the ledger's small loop in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from services.notify.domain import NotifyDomain
from services.notify.policy import load_policy
from services.notify.state import Context, State
from shared.ledger.messages import Decision, Heard, Item, Settled
from shared.schemas import clashes, documents, intake, routing
from shared.schemas.envelope import Event, dataschema
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Directory, Person
from shared.schemas.registry import OWNER, TYPE_OF
from shared.schemas.requests import (
    Customer,
    FieldChange,
    Opportunity,
    Origin,
    PolicyPin,
    PreconditionVerdict,
    Problem,
    Request,
    Requester,
    Verdict,
)
from shared.schemas.routing import DecisionRecord, Seat
from tests.builders import a_document

NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
REQUEST = "6f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c11"
PIN = PolicyPin(name="sales-support", version="1.0.0", hash="0")
ACCEPTED = Verdict(outcome="accepted", message=Text(zh="已受理。", en="Accepted."))
ALL_TEMPLATES = tuple(row.template for row in load_policy().events.values())


def a_request(**changes: Any) -> Request:
    """A survey asked for by `asker` of unit east."""
    plain = Request(
        type="tech.survey",
        business_unit="east",
        requester=Requester(id="asker", role="account_manager"),
        source=Origin(system="crm-east", reference="CRM-1"),
        opportunity=Opportunity(id="O1", name="智慧水务二期", customer=Customer(id="C1", name="示例水务集团")),
        needed_by=datetime(2027, 3, 12, 9, 0, tzinfo=UTC),
        details={"topics": ["现状"], "counterparts": {"$personal": "details.counterparts"}},
    )
    return plain.model_copy(update=changes)


def a_seat(person: str, step: str = "supporter", role: str = "presales_engineer") -> Seat:
    return Seat(person=person, role=role, step=step)


def a_decision(step: str = "supporter", role: str = "presales_engineer") -> DecisionRecord:
    return DecisionRecord(
        step=step,
        role=role,
        at=NOW,
        directory="d",
        policy=PIN,
        considered=3,
        candidates=(),
        excluded={},
        chosen=(),
        explanation=Text(zh="无", en="none"),
    )


def submitted(**changes: Any) -> BaseModel:
    return intake.RequestSubmitted(request=a_request(**changes), verdict=ACCEPTED, policy=PIN)


def returned(**changes: Any) -> BaseModel:
    verdict = Verdict(
        outcome="returned",
        message=Text(zh="请补充。", en="Complete it."),
        problems=(
            Problem(field="details.purpose", code="missing", message=Text(zh="请填写期望目的。", en="State the purpose.")),
        ),
        preconditions=(
            PreconditionVerdict(
                any_of=("counterpart_confirmed",),
                state="missing",
                label=Text(zh="有明确的沟通对象和沟通安排", en="Counterpart and arrangement are confirmed"),
                message=Text(zh="请提供证明。", en="Give evidence."),
            ),
        ),
    )
    return intake.RequestReturned(request=a_request(**changes), verdict=verdict, policy=PIN)


def rejected() -> BaseModel:
    message = Text(zh="该岗位不能提出此类申请。", en="This role may not ask for it.")
    verdict = Verdict(outcome="rejected", reason="role_may_not_submit", message=message)
    return intake.RequestRejected(request=a_request(), verdict=verdict, policy=PIN)


def coordinator_assigned(person: str = "boss") -> BaseModel:
    return routing.CoordinatorAssigned(
        seat=a_seat(person, "coordinator", "presales_manager"), decision=a_decision("coordinator", "presales_manager")
    )


def supporters_assigned(*people: str) -> BaseModel:
    return routing.SupportersAssigned(
        seats=tuple(a_seat(person) for person in people or ("anna", "ben")), decisions=(a_decision(),)
    )


def waiting(reason: str = "nobody_fits", step: str = "supporter") -> BaseModel:
    return routing.AssignmentWaiting(step=step, reason=reason, decisions=(a_decision(),))


def work_accepted() -> BaseModel:
    return routing.WorkAccepted(by="anna", role="presales_engineer", first=True)


def work_declined(by: str = "anna", step: str = "supporter") -> BaseModel:
    return routing.WorkDeclined(by=by, role="presales_engineer", step=step, reason="出差")


def work_completed() -> BaseModel:
    return routing.WorkCompleted(by="anna", note="调研纪要已提交。", result={"hardware": "两台服务器"})


def request_amended(**changes: Any) -> BaseModel:
    changed = (
        FieldChange(field="details.mode", before="onsite", after="video"),
        FieldChange(field="details.counterparts", before={"$personal": "x"}, after={"$personal": "x"}),
    )
    return routing.RequestAmended(request=a_request(**changes), changes=changed, version=2)


def amendment_refused() -> BaseModel:
    return routing.AmendmentRefused(reason=Text(zh="工作已结束。", en="The work has ended."))


LABEL = Text(zh="已经确定了产品、方案或系统", en="Product, solution or system is fixed")


def precondition_waived() -> BaseModel:
    return intake.PreconditionWaived(precondition="offer_fixed", label=LABEL, by="boss", role="bu_leader", reason="客户急需报价")


def an_owed() -> intake.Owed:
    return intake.Owed(any_of=("offer_fixed",), label=LABEL, due=NOW, escalates=NOW + timedelta(days=1))


def evidence_asked() -> BaseModel:
    return intake.EvidenceAsked(owed=(an_owed(),))


def evidence_overdue() -> BaseModel:
    return intake.EvidenceOverdue(owed=(an_owed(),))


def evidence_settled() -> BaseModel:
    return intake.EvidenceSettled(any_of=("offer_fixed",), label=LABEL, state="met")


def clash_found() -> BaseModel:
    return clashes.ClashFound(clash="0123456789abcdef", kind="customer", other_unit="south", call=("boss",))


def clash_resolved() -> BaseModel:
    return clashes.ClashResolved(
        clash="0123456789abcdef", kind="customer", other_unit="south", resolution="merged", by="boss", reason="由南区牵头"
    )


def request_withdrawn() -> BaseModel:
    return routing.RequestWithdrawn(by="asker", reason="客户取消")


def withdrawal_refused() -> BaseModel:
    return routing.WithdrawalRefused(reason=Text(zh="工作已结束。", en="The work has ended."))


def document_rendered() -> BaseModel:
    return a_document("doc-1", kind="survey_record")


def document_failed() -> BaseModel:
    return documents.DocumentFailed(document="doc-1", kind="survey_record", problem="The template is broken.")


def a_person(identity: str, **changes: Any) -> Person:
    plain = Person(
        id=identity,
        name=f"Name of {identity}",
        email=f"{identity}@east.example",
        business_unit="east",
        roles=("account_manager",),
    )
    return plain.model_copy(update=changes)


def a_directory(*people: Person) -> Directory:
    """Everybody the builders name, and unit east; `people` replace those of the same id."""
    everybody = [a_person(identity) for identity in ("asker", "boss", "anna", "ben", "carl")]
    unit = BusinessUnit(code="east", name=Text(zh="华东事业部", en="East China"), time_zone="Asia/Shanghai")
    return Directory().with_entries([unit, *everybody, *people])


@dataclass
class Story:
    """One request's events in order, heard by the real domain; every decision's items and facts are kept."""

    context: Context = field(default_factory=lambda: Context(now=NOW, rooms=frozenset({"east"}), subscribers=("crm",)))
    domain: NotifyDomain = field(default_factory=lambda: NotifyDomain(load_policy()))
    state: State = field(default_factory=State)
    said: list[BaseModel] = field(default_factory=list)
    count: int = 0
    last: Event | None = None

    def event(self, data: BaseModel) -> Event:
        """`data` as the next event of its owner."""
        self.count += 1
        name = TYPE_OF[type(data)]
        return Event.say(
            source=OWNER[name],
            type=name,
            subject=REQUEST,
            sequence=self.count,
            time=NOW + timedelta(minutes=self.count),
            data=data.model_dump(mode="json"),
            dataschema=dataschema(name),
        )

    def hear(self, data: BaseModel) -> Decision:
        """Hear one new event; the decision after its facts were evolved."""
        self.last = self.event(data)
        return self.hear_event(self.last)

    def hear_event(self, event: Event) -> Decision:
        """Evolve and decide as the ledger does."""
        self.state = self.domain.evolve(self.state, event)
        return self._take(self.domain.decide(self.state, Heard(event=event), self.context))

    def settle(self, item: Item, end: Any, problem: str = "", attempt: int = 1) -> Decision:
        """An item's end is told to the domain."""
        ended = Item(id=item.id, kind=item.kind, data=item.data, subject=item.subject, attempt=attempt)
        return self._take(
            self.domain.decide(self.state, Settled(subject=REQUEST, item=ended, end=end, problem=problem), self.context)
        )

    def through(self, events: Sequence[BaseModel]) -> "Story":
        """Hear all of `events`."""
        for data in events:
            self.hear(data)
        return self

    def _take(self, decision: Decision) -> Decision:
        for fact in decision.facts:
            self.said.append(fact)
            self.state = self.domain.evolve(self.state, self.event(fact))
        return decision


def told(decision: Decision) -> dict[str, str]:
    """Recipient by channel as `channel:recipient` → the part they are told in."""
    return {f"{item.kind}:{item.data['recipient']}": item.data["as"] for item in decision.items}
