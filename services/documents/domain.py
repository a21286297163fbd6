"""When which document is made, from what, in which version. Pure."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import get_args

from pydantic import Field

from shared.catalogue import Pack, RequestType
from shared.ledger.messages import NOTHING, Decision, Heard, Item, Message, Settled
from shared.schemas.documents import DocumentFailed, DocumentRendered
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import RequestSubmitted
from shared.schemas.model import Frozen, Json
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Evidence, PolicyPin, Request, request_id
from shared.schemas.routing import (
    RequestAmended,
    RequestReopened,
    RequestWithdrawn,
    Seat,
    WorkAccepted,
    WorkCompleted,
)
from shared.schemas.seats import Seated, seats_after

SEATING = {TYPE_OF[model]: model for model in get_args(Seated) if model is not RequestReopened}
NAMESPACE = uuid.UUID("3f6f0a6e-51de-5b0e-8f5e-8f2f6c1f7d10")
RENDER = "render"


class State(Frozen):
    """What documents knows of a request. `amended` counts amendments since the work was accepted; each makes files anew if it `renews`:
    if its files are made before the work is completed. `reopened` counts how often delivered work was done again.
    """

    request: Request | None = None
    policy: PolicyPin | None = None
    coordinator: Seat | None = None
    supporters: tuple[Seat, ...] = ()
    accepted: bool = False
    completed: bool = False
    completed_at: datetime | None = None
    withdrawn: bool = False
    result: Json | None = None
    note: str = ""
    completed_by: str = ""
    amended: int = 0
    reopened: int = 0
    renews: bool = False
    made: tuple[DocumentRendered, ...] = ()

    def superseded(self, made: DocumentRendered) -> bool:
        """Whether a file says what the request no longer says: an amendment stands, or a later version is there."""
        latest = max((one.version for one in self.made), default=1)
        return made.version < max(latest, 1 + self.amended if self.renews else 1)


class Survey(Frozen):
    """A completed survey of an opportunity, as a proposal takes it in. `details` holds pointers where they are personal."""

    request: str
    business_unit: str
    result: Json
    note: str = ""
    details: Json = Field(default_factory=dict)
    completed_at: datetime | None = None


class PolicyMissingError(Exception):
    """The pack a request is pinned to is not installed here; the request waits."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The moment, the packs, and the completed surveys of each opportunity in question."""

    now: datetime
    packs: Mapping[tuple[str, str], Pack]
    surveys: Mapping[str, Sequence[Survey]]

    def kind(self, pin: PolicyPin, key: str) -> RequestType:
        """The request's type in its pinned pack; raises PolicyMissingError."""
        pack = self.packs.get((pin.name, pin.version))
        if pack is None or pack.hash != pin.hash:
            raise PolicyMissingError(f"policy {pin.name} {pin.version} ({pin.hash}) is not installed")
        return pack.types[key]


class DocumentsDomain:
    """The Domain of a request in documents; it takes no commands."""

    source: Source = "documents"
    hears: frozenset[Source] = frozenset({"intake", "routing"})
    state = State
    schema = 1

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """Plan renderings when the work reaches the point the policy names; say what became of each."""
        match message:
            case Heard(event=event) if event.type == TYPE_OF[RequestWithdrawn]:
                versions = range(1, 2 + max(state.amended, state.reopened))
                return Decision(
                    cancel=tuple(_identity(event.subject, version, form) for version in versions for form in ("pdf", "docx"))
                )
            case Heard(event=event):
                return _plan(state, event, context)
            case Settled() if state.withdrawn:
                return NOTHING  # under way when the request was withdrawn; nobody wants the file any more
            case Settled(end="done", data=data):
                made = DocumentRendered.model_validate(data)
                return NOTHING if _said(state, made) else Decision(facts=(made,))
            case Settled(item=item, problem=problem, data=data):
                failed = DocumentFailed(
                    document=item.id,
                    kind=str(item.data.get("type")),
                    problem=problem,
                    cause=str(data.get("cause", "")),
                    together=tuple(item.data.get("together", ())),
                )
                return Decision(facts=(failed,))
            case _:
                return NOTHING

    def evolve(self, state: State, event: Event) -> State:
        """`state` after `event`."""
        match event.type:
            case "backline.request.submitted":
                submitted = event.read_as(RequestSubmitted)
                update: dict[str, object] = {"request": submitted.request, "policy": submitted.policy}
            case seating if seating in SEATING:
                update = _seats(state, event.read_as(SEATING[seating]))
            case "backline.routing.work_accepted":
                update = {"accepted": state.accepted or event.read_as(WorkAccepted).first}
            case "backline.routing.request_reopened":
                update = {"completed": False, "completed_at": None, "reopened": state.reopened + 1}
                update |= _seats(state, event.read_as(RequestReopened))
            case "backline.routing.work_completed":
                done = event.read_as(WorkCompleted)
                update = {"completed": True, "completed_at": event.time}
                update |= {"result": done.result, "note": done.note, "completed_by": done.by}
            case "backline.routing.request_amended":
                request = event.read_as(RequestAmended).request
                update = {"request": request, "amended": state.amended + int(state.accepted)}
            case "backline.routing.request_withdrawn":
                update = {"withdrawn": True}
            case "backline.documents.document_rendered":
                made = event.read_as(DocumentRendered)
                others = (one for one in state.made if one.document != made.document)
                early = not (state.completed or state.reopened) or made.version > 1 + state.reopened
                update = {"made": (*others, made), "renews": state.renews or early}
            case _:
                return state
        return state.model_copy(update=update)

    def wake_at(self, _state: State) -> datetime | None:
        """Items wake themselves."""
        return None

    def upcast(self, document: dict[str, object], _schema: int) -> dict[str, object]:
        """There is only one schema yet."""
        return document

    def comparable(self, state: State) -> State:
        """Each field follows from events that are ordered among each other, whoever says them."""
        return state


def _seats(state: State, said: Seated) -> dict[str, object]:
    """Who has a part in the request since `said`."""
    seats = seats_after((*((state.coordinator,) if state.coordinator else ()), *state.supporters), said)
    coordinator = next((seat for seat in seats if seat.step == "coordinator"), None)
    return {"coordinator": coordinator, "supporters": tuple(seat for seat in seats if seat.step == "supporter")}


def _said(state: State, made: DocumentRendered) -> bool:
    """Whether the very files were said to exist before: they were lost with the database, and are made again."""
    return any((one.document, contents(one)) == (made.document, contents(made)) for one in state.made)


def contents(made: DocumentRendered) -> tuple[str, ...]:
    """The SHA-256 of each file that a fact names: the document's, and that of its internal sheet if it has one."""
    sheet = made.manifest.get("sheet")
    return (made.sha256, *([sheet["sha256"]] if sheet else []))


TRIGGERS = {TYPE_OF[WorkAccepted]: "accepted", TYPE_OF[WorkCompleted]: "completed"}


def _plan(state: State, event: Event, context: Context) -> Decision:
    """Items for every format, when `event` is the moment the policy names, or an amendment after it."""
    if state.request is None or state.policy is None or state.withdrawn:
        return NOTHING
    moment = TRIGGERS.get(event.type)
    amended = event.type == TYPE_OF[RequestAmended]
    if moment is None and not amended:
        return NOTHING
    kind = context.kind(state.policy, state.request.type)
    reached = state.accepted if kind.output.when == "accepted" else state.completed
    starts = moment == kind.output.when and (moment != "accepted" or bool(event.data["first"]))
    if not (starts or (amended and reached)):
        return NOTHING
    version = 1 + (state.amended if kind.output.when == "accepted" else state.reopened)
    forms = formats(kind, state.request)
    together = [_identity(event.subject, version, form) for form in forms]
    items = [_item(state, event, kind, version, form, context) for form in forms]
    return Decision(items=tuple(replace(item, data={**item.data, "together": together}) for item in items))


def formats(kind: RequestType, request: Request) -> tuple[str, ...]:
    """pdf always; docx too where Word is asked for. (Slides are delivered as pages until there is a slide template.)"""
    asked = request.details.get(kind.output.formats) if kind.output.formats else None
    return ("pdf", "docx") if isinstance(asked, list) and "word" in asked else ("pdf",)


def chosen(surveys: Iterable[Survey], request: Request) -> Survey | None:
    """The survey a proposal takes in: the last completed of its own unit, or of another whose survey it named as evidence.

    Opportunities are numbered by each unit for itself: another unit's survey under the same id may be another customer's.
    """
    named = {_named(evidence) for evidence in request.evidence if evidence.kind == "earlier_request"}
    own = [survey for survey in surveys if survey.business_unit == request.business_unit or survey.request in named]
    start = datetime.min.replace(tzinfo=UTC)
    return max(own, key=lambda survey: (survey.completed_at or start, survey.request), default=None)


def _named(evidence: Evidence) -> str | None:
    """The id of the earlier request that `evidence` names."""
    match evidence.value:
        case {"business_unit": str() as unit, "system": str() as system, "reference": str() as reference}:
            return request_id(unit, system, reference)
        case _:
            return None


def _identity(subject: str, version: int, form: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{subject}/{version}/{form}"))


def _item(state: State, event: Event, kind: RequestType, version: int, form: str, context: Context) -> Item:
    assert state.request is not None, "a document is planned for a request"
    opportunity = state.request.opportunity
    surveys = context.surveys.get(opportunity.id, ()) if opportunity and kind.output.formats else ()
    survey = chosen(surveys, state.request)
    data: Json = {
        "type": kind.key,
        "policy": state.policy.model_dump() if state.policy else None,
        "request": state.request.model_dump(mode="json"),
        "coordinator": state.coordinator.model_dump() if state.coordinator else None,
        "supporters": [seat.model_dump() for seat in state.supporters],
        "result": state.result,
        "note": state.note,
        "by": state.completed_by,
        "survey": survey.model_dump(mode="json") if survey else None,
        "format": form,
        "version": version,
        "event": event.id,
        "at": event.time.isoformat(),
    }
    return Item(id=_identity(event.subject, version, form), kind=RENDER, data=data)
