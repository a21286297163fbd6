"""What routing shows of a request and of people's work."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from services.routing.domain import State
from services.routing.domain.linking.state import Link
from services.routing.domain.state import Halt, Held
from services.routing.domain.ticking import Clock
from shared.schemas.links import LinkStanding
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.reviews import ReviewCondition
from shared.schemas.routing import DecisionRecord, Seat
from shared.schemas.service_levels import ClockName
from shared.schemas.status import WorkStatus

LINK_FIELDS = {
    "request",
    "number",
    "reference",
    "standing",
    "reason",
    "held_by",
    "version",
    "amount",
    "lines",
    "more",
    "conditions",
}
CLOCK_FIELDS = {"clock", "started", "due", "held_since", "warned", "breached", "met", "provisional"}


class ShownClock(Frozen):
    """One clock of a request: how it stands, and its moments.

    `held` while the work is halted, `late` when it was met after it was due, `over` when it is due and not met. A `provisional`
    moment may move: it touches a year whose holidays are not published yet.
    """

    clock: ClockName
    state: Literal["runs", "held", "over", "met", "late"]
    started: datetime
    due: datetime
    held_since: datetime | None
    warned: datetime | None
    breached: datetime | None
    met: datetime | None
    provisional: bool


class WaitsFor(Frozen):
    """The price request that this one names. While it `holds`, nothing is approved or delivered here, and `reason` says what to do.

    `standing` is None until it was looked at. `held_by` are those who have it in hand, as far as the caller may see it. Once it is
    approved, `amount`, `lines` and `conditions` are what was approved, of its wording of `version`.
    """

    request: str
    number: str
    reference: str
    holds: bool
    standing: LinkStanding | None
    reason: Text | None
    held_by: tuple[str, ...]
    version: int
    amount: float | None
    lines: tuple[Json, ...]
    more: int
    conditions: tuple[ReviewCondition, ...]


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
    clocks: tuple[ShownClock, ...] = ()
    waits_for: WaitsFor | None = None


class Levels(Frozen):
    """The unit's requests whose clocks run, the one that is due next first."""

    requests: tuple[Assignment, ...]


class Lacking(Assignment):
    """A waiting request with the sentence for each seat that nobody has."""

    business_unit: str | None
    why: tuple[Text, ...]


class Decisions(Frozen):
    """The latest record of each seat's choice."""

    id: str
    decisions: tuple[DecisionRecord, ...]


class Task(Assignment):
    """A request in somebody's list of work. `for_whom` are those with a seat in it for whom they stand in, being away."""

    for_whom: tuple[str, ...] = ()


class Work(Frozen):
    """The open requests in which `person` has a seat, as far as the caller may see them; to the person themselves also those of
    whom they stand in for.
    """

    person: str
    work: tuple[Task, ...]


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
        "clocks": clocks_of(state),
        "waits_for": _waits_for(state.link) if state.link else None,
    }


def _waits_for(link: Link) -> WaitsFor:
    return WaitsFor(**link.model_dump(include=LINK_FIELDS), holds=link.live and link.holds)


def clocks_of(state: State) -> tuple[ShownClock, ...]:
    """The clocks of a request as they are shown."""
    return tuple(ShownClock(**clock.model_dump(include=CLOCK_FIELDS), state=_stands(clock)) for clock in state.clocks.clocks)


def _stands(clock: Clock) -> Literal["runs", "held", "over", "met", "late"]:
    if clock.met:
        return "late" if clock.met > clock.due else "met"
    if clock.held_since:
        return "held"
    return "over" if clock.breached else "runs"


def task(request_id: str, state: State, away: Collection[str]) -> Task:
    """A request in the list of whoever stands in for those `away`."""
    return Task(**_shown(request_id, state), for_whom=tuple(sorted(state.holders() & set(away))))


def lacking(request_id: str, state: State) -> Lacking:
    why = tuple(record.explanation for record in state.decisions if not record.chosen)
    return Lacking(**_shown(request_id, state), business_unit=state.request.business_unit if state.request else None, why=why)


def tag(revision: int) -> str:
    """The ETag of an assignment."""
    return f'"{revision}"'
