"""The ledger of people, units, their callbacks and the keys of their systems: what differs from what is known is said once. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.domain import callbacks
from services.intake.domain.access import issued, revoked
from shared.ledger.messages import NOTHING, Decision, Message, Told
from shared.schemas.access import SystemAccess
from shared.schemas.callbacks import Callback
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import AccessRecorded, CallbackRecorded, PersonRecorded, UnitRecorded
from shared.schemas.model import Frozen
from shared.schemas.people import BusinessUnit, Person


@dataclass(frozen=True, kw_only=True)
class PeopleContext:
    """People and units are recorded as told; the moment is for callbacks."""

    now: datetime


class PersonState(Frozen):
    """One entry of the directory: a person, a unit, a unit's callback, or the keys of one of its systems."""

    person: Person | None = None
    unit: BusinessUnit | None = None
    access: SystemAccess | None = None
    callback: Callback | None = None


class PeopleDomain:
    """The Domain of one entry. Commands: record_person {person}, record_unit {unit}, issue_key {business_unit, system, key},
    revoke_key {key, by, reason}, and those of callbacks.
    """

    source: Source = "intake"
    hears: frozenset[Source] = frozenset()
    state = PersonState
    schema = 1

    def decide(self, state: PersonState, message: Message, context: PeopleContext) -> Decision:
        """Say the entry if it differs from what is known; of keys, if there may be such a one."""
        match message:
            case Told(name="record_person", data=data):
                person = Person.model_validate(data["person"])
                return Decision(facts=(PersonRecorded(person=person),)) if person != state.person else NOTHING
            case Told(name="record_unit", data=data):
                unit = BusinessUnit.model_validate(data["unit"])
                return Decision(facts=(UnitRecorded(unit=unit),)) if unit != state.unit else NOTHING
            case Told(name="issue_key", data=data):
                return issued(state.access, data, context.now)
            case Told(name="revoke_key", data=data):
                return revoked(state.access, data, context.now)
            case Told(name=name) if name in callbacks.COMMANDS:
                return callbacks.decide(state.callback, message, context.now)
            case _:
                return NOTHING

    def evolve(self, state: PersonState, event: Event) -> PersonState:
        """The entry as last recorded."""
        if "person" in event.data:
            return state.model_copy(update={"person": event.read_as(PersonRecorded).person})
        if "unit" in event.data:
            return state.model_copy(update={"unit": event.read_as(UnitRecorded).unit})
        if "access" in event.data:
            return state.model_copy(update={"access": event.read_as(AccessRecorded).access})
        if "callback" in event.data:
            return state.model_copy(update={"callback": event.read_as(CallbackRecorded).callback})
        return state

    def wake_at(self, _state: PersonState) -> datetime | None:
        """Nothing to wait for."""
        return None

    def upcast(self, document: dict[str, object], _schema: int) -> dict[str, object]:
        """There is only one schema yet."""
        return document

    def comparable(self, state: PersonState) -> PersonState:
        """Nobody is heard."""
        return state
