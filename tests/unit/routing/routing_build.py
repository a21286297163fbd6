"""Builders for routing's tests: people, requests, and one request's journey through the real domain, ledger left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from services.routing.domain import Context, OpenLoad, RoutingDomain, State
from services.routing.policy import load_calendar, load_policy
from shared.catalogue import Pack, load_pack
from shared.ledger.messages import Decision, Heard, Message, Reservation, Told, Woken
from shared.schemas.envelope import Event, dataschema
from shared.schemas.intake import AmendmentRequested, RequestSubmitted, WithdrawalRequested
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Directory, Leave, Person
from shared.schemas.registry import OWNER, TYPE_OF
from shared.schemas.requests import Customer, FieldChange, Opportunity, Origin, Request, Requester, Verdict

NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
PACK = load_pack()
POLICY = load_policy()
CALENDAR = load_calendar(POLICY)
ACCEPTED = Verdict(outcome="accepted", message=Text(zh="已受理。", en="Accepted."))
AWAY = (Leave(first=date(2027, 2, 20), last=date(2027, 3, 20)),)


def a_person(identity: str, *roles: str, unit: str = "east", **changes: Any) -> Person:
    plain = Person(id=identity, name=f"Name of {identity}", email=f"{identity}@{unit}.example", business_unit=unit, roles=roles)
    return plain.model_copy(update=changes)


def an_engineer(identity: str, unit: str = "east", **changes: Any) -> Person:
    """A pre-sales engineer who can take every kind of technical seat."""
    skills = {"analysis": 2, "writing": 2, "bidding": 2, "product": 2}
    return a_person(identity, "presales_engineer", unit=unit, **{"skills": skills, **changes})


def a_directory(*people: Person) -> Directory:
    units = {person.business_unit for person in people} | {"east", "headquarters"}
    return Directory().with_entries([*(BusinessUnit(code=code, name=Text(zh=code, en=code)) for code in units), *people])


ASKER = a_person("asker", "account_manager")
MANAGER = a_person("manager", "presales_manager", seats=60)
MARKETER = a_person("marketer", "bu_marketing", seats=60)


def a_request(kind: str = "tech.survey", unit: str = "east", **changes: Any) -> Request:
    plain = Request(
        type=kind,
        business_unit=unit,
        requester=Requester(id="asker", role="account_manager"),
        source=Origin(system=f"crm-{unit}", reference="CRM-1"),
        opportunity=Opportunity(
            id="O1", name="智慧水务二期", customer=Customer(name="示例水务集团", industry="water", region=None)
        ),
    )
    return plain.model_copy(update=changes)


def asked_by(person: str, role: str = "bu_marketing") -> Requester:
    return Requester(id=person, role=role)


def a_customer_in(region: str) -> Opportunity:
    return Opportunity(id="O1", name="示例", customer=Customer(name="示例水务集团", region=region))


def choosing_pack(*kinds: str) -> Pack:
    """The shipped policy, except that the coordinator chooses for `kinds`."""
    types = {key: kind.model_copy(update={"mode": "choose"}) if key in kinds else kind for key, kind in PACK.types.items()}
    return PACK.model_copy(update={"types": types})


def a_context(*people: Person, pack: Pack = PACK, loads: Mapping[str, OpenLoad] | None = None, **changes: Any) -> Context:
    packs = {(pack.name, pack.version): pack}
    plain = Context(
        now=NOW,
        directory=a_directory(ASKER, *people),
        loads=loads or {},
        familiar={},
        packs=packs,
        policy=POLICY,
        calendar=CALENDAR,
    )
    return replace(plain, **changes)


@dataclass
class Journey:
    """One request in the hands of the real domain. Facts are evolved as the ledger would; reservations are granted."""

    context: Context
    request: Request = field(default_factory=a_request)
    subject: str = "R1"
    state: State = field(default_factory=State)
    said: list[BaseModel] = field(default_factory=list)
    reserved: list[Reservation] = field(default_factory=list)
    heard: int = 0
    own: int = 0

    def submitted(self) -> Decision:
        """The request arrives."""
        return self.hears(RequestSubmitted(request=self.request, verdict=ACCEPTED, policy=PACK.pin))

    def amended(self, **details: Any) -> Decision:
        request = self.request.model_copy(update={"details": details})
        changes = tuple(FieldChange(field=f"details.{key}", after=value) for key, value in details.items())
        return self.hears(AmendmentRequested(by="asker", request=request, changes=changes, verdict=ACCEPTED))

    def withdrawn(self) -> Decision:
        return self.hears(WithdrawalRequested(by="asker", reason="客户取消"))

    def hears(self, fact: BaseModel) -> Decision:
        self.heard += 1
        return self.again(fact)

    def again(self, fact: BaseModel) -> Decision:
        """Hear `fact` under the number of the last one, as if it were repeated."""
        event = self._event(fact, self.heard)
        self.state = RoutingDomain().evolve(self.state, event)
        return self._take(Heard(event=event))

    def tells(self, name: str, by: str, **data: Any) -> Decision:
        told = Told(id=f"{name}-{by}-{self.own}", subject=self.subject, name=name, data={**data, "by": by}, at=NOW)
        return self._take(told)

    def wakes(self, reason: str = "people_changed") -> Decision:
        return self._take(Woken(subject=self.subject, reason=reason))

    def changes(self, **changes: Any) -> None:
        """The world around the request changes: `people`, `loads`, `familiar`, `now`."""
        people = changes.pop("people", None)
        if people is not None:
            changes["directory"] = a_directory(ASKER, *people)
        self.context = replace(self.context, **changes)

    @property
    def supporters(self) -> list[str]:
        return [seat.person for seat in self.state.supporters]

    @property
    def coordinator(self) -> str | None:
        return self.state.coordinator.person if self.state.coordinator else None

    def _take(self, message: Message) -> Decision:
        decision = RoutingDomain().decide(self.state, message, self.context)
        for fact in decision.facts:
            self.own += 1
            self.said.append(fact)
            self.state = RoutingDomain().evolve(self.state, self._event(fact, self.own))
        self.reserved.extend(decision.reservations)
        return decision

    def _event(self, fact: BaseModel, sequence: int) -> Event:
        name = TYPE_OF[type(fact)]
        return Event.say(
            source=OWNER[name],
            type=name,
            subject=self.subject,
            sequence=sequence,
            time=NOW + timedelta(seconds=sequence),
            data=fact.model_dump(mode="json"),
            dataschema=dataschema(name),
        )


def an_assigned(*engineers: Person, request: Request | None = None, **changes: Any) -> Journey:
    """A survey of unit east that has its manager as coordinator and one of `engineers`."""
    journey = Journey(a_context(MANAGER, *(engineers or (an_engineer("anna"), an_engineer("ben"))), **changes))
    journey.request = request or journey.request
    journey.submitted()
    return journey


def kinds(journey: Journey) -> list[str]:
    """What was said, by name."""
    return [type(fact).__name__ for fact in journey.said]


REVIEWERS = (
    a_person("finance", "department_reviewer", unit="headquarters", department="finance"),
    a_person("legal", "department_reviewer", unit="headquarters", department="legal"),
    a_person("technical", "department_reviewer", unit="headquarters", department="technical"),
    a_person("delivery", "department_reviewer", unit="headquarters", department="delivery"),
    a_person("leader", "bu_leader"),
    a_person("chief", "company_leader", unit="headquarters"),
)
