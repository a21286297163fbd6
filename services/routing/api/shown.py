"""What routing shows of a request and of people's work."""

from datetime import datetime

from services.routing.domain import State
from services.routing.domain.state import Halt, Held
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.routing import DecisionRecord, Seat
from shared.schemas.status import WorkStatus


class Assignment(Frozen):
    """A request as those who work on it see it.

    `waiting_since` is set while nobody fits or the coordinator has yet to choose, `halt` while the work waits for the requester or
    the customer, `confirm_by` while the requester may object to what was delivered.
    """

    id: str
    type: str | None
    status: WorkStatus
    revision: int
    version: int
    coordinator: Seat | None
    supporters: tuple[Held, ...]
    waiting_since: datetime | None
    halt: Halt | None
    confirm_by: datetime | None
    rating: int | None


class Lacking(Assignment):
    """A waiting request with the sentence for each seat that nobody has."""

    business_unit: str | None
    why: tuple[Text, ...]


class Decisions(Frozen):
    """The latest record of each seat's choice."""

    id: str
    decisions: tuple[DecisionRecord, ...]


class Work(Frozen):
    """The open requests in which `person` has a seat, as far as the caller may see them."""

    person: str
    work: tuple[Assignment, ...]


class Waiting(Frozen):
    """Longest first."""

    waiting: tuple[Lacking, ...]


def shown(request_id: str, state: State) -> Assignment:
    """A request as those who work on it see it."""
    return Assignment(**_shown(request_id, state))


def _shown(request_id: str, state: State) -> Json:
    return {
        "id": request_id,
        "type": state.request.type if state.request else None,
        "status": state.status,
        "revision": state.revision,
        "version": state.version,
        "coordinator": state.coordinator,
        "supporters": state.supporters,
        "waiting_since": state.waiting_since if state.status in {"waiting", "choosing"} else None,
        "halt": state.halt,
        "confirm_by": state.confirm_by,
        "rating": state.rating,
    }


def lacking(request_id: str, state: State) -> Lacking:
    why = tuple(record.explanation for record in state.decisions if not record.chosen)
    return Lacking(**_shown(request_id, state), business_unit=state.request.business_unit if state.request else None, why=why)


def tag(revision: int) -> str:
    """The ETag of an assignment."""
    return f'"{revision}"'
