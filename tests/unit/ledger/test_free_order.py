"""What two services said without knowing of each other may be heard in either order: each domain's states are comparable then."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.documents.domain import DocumentsDomain
from services.intake.domain import RequestDomain
from services.notify.domain import NotifyDomain
from services.notify.policy import load_policy
from services.routing.domain import RoutingDomain
from shared.ledger.document import Document
from shared.ledger.folding import Fold, UnfoldableError, checksum, folded
from shared.ledger.order import SHORT
from shared.schemas import intake, notifications
from shared.schemas.envelope import Event
from tests.builders import NOW, a_document, events_of
from tests.unit.intake.states import OTHER, a_desk
from tests.unit.notify import notify_build as build

FOLDS: dict[str, Fold[Any]] = {
    "intake": Fold.of(RequestDomain()),
    "routing": Fold.of(RoutingDomain()),
    "documents": Fold.of(DocumentsDomain()),
    "notify": Fold.of(NotifyDomain(load_policy())),
}
DELIVERY = notifications.Delivery(id="d1", channel="email", recipient="asker", template="submitted", about="e")
STORY: list[tuple[Any, dict[str, int]]] = [
    (build.submitted(), {}),
    (build.coordinator_assigned(), {"intake": 1}),
    (build.supporters_assigned(), {"intake": 1}),
    (notifications.NotificationPlanned(deliveries=(DELIVERY,)), {"intake": 1}),
    (notifications.NotificationSent(delivery=DELIVERY, attempt=1), {"intake": 1, "routing": 1}),
    (build.work_accepted(), {"intake": 1}),
    (a_document("doc-1"), {"intake": 1, "routing": 3}),
    (
        intake.AmendmentRequested(by="asker", request=build.a_request(), changes=(), verdict=build.ACCEPTED),
        {"routing": 2, "notify": 1},
    ),
    (build.request_amended(), {"intake": 2}),
    (a_document("doc-2", version=2), {"intake": 1, "routing": 4}),
    (build.document_failed(), {"intake": 2, "routing": 4}),
    (build.work_completed(), {"intake": 2}),
    (intake.WithdrawalRequested(by="asker", reason="r"), {"routing": 4, "documents": 1}),
    (build.withdrawal_refused(), {"intake": 3}),
]


def story() -> list[Event]:
    """One request's events of all services, each after what its sender had heard."""
    say = events_of(build.REQUEST)
    return [say(fact, after).model_copy() for fact, after in STORY]


def heard_in_some_order(service: str, dice: random.Random) -> list[Event]:
    """A legal order in which `service` may have applied the story: heard ones after what their sender had heard, own ones just when
    as much was heard as they name."""
    sources = {service, *FOLDS[service].hears}
    left, done, order = [event for event in story() if event.source in sources], Counter[str](), []
    while left:
        own = next((event for event in left if event.source == service), None)
        ready = [event for event in left if event.source != service and _has_its_turn(event, done, sources, own)]
        event = dice.choice(ready) if ready else own
        assert event is not None, "the story can be heard to its end"
        left.remove(event)
        done[event.source] += 1
        order.append(event)
    return order


def _has_its_turn(event: Event, done: Counter[str], sources: set[str], own: Event | None) -> bool:
    in_turn = event.sequence == done[event.source] + 1 and all(done[s] >= n for s, n in event.after.items() if s in sources)
    return in_turn and (own is None or event.sequence <= own.after.get(event.source, 0))


def state_of(fold: Fold[Any], events: Sequence[Event]) -> Any:
    state = fold.state()
    for event in events:
        state = fold.evolve(state, event)
    return state


@pytest.mark.parametrize("service", sorted(FOLDS))
def test_states_of_the_same_facts_have_the_same_checksum(service: str) -> None:
    fold, dice = FOLDS[service], random.Random(7)
    orders = [heard_in_some_order(service, dice) for _ in range(200)]
    different = {tuple(event.id for event in order) for order in orders}
    assert len(different) > 1 or service == "routing", "the order is free"
    states = [state_of(fold, order) for order in orders]
    assert len({checksum(fold, state) for state in states}) == 1
    assert (len({state.model_dump_json() for state in states}) > 1) == (service == "intake"), "only intake's needs the comparison"


def test_what_a_timeline_owes_to_a_free_order_is_all_that_a_checksum_leaves_out() -> None:
    fold, events = FOLDS["intake"], heard_in_some_order("intake", random.Random(1))
    state = state_of(fold, events)
    numbers = range(len(state.timeline))
    changed: list[Callable[[int], Any]] = [
        lambda place: state.timeline[:place] + state.timeline[place + 1 :],
        lambda place: (*state.timeline[:place], state.timeline[place], *state.timeline[place:]),
        lambda place: tuple(
            moment.model_copy(update={"at": NOW + timedelta(days=9)}) if number == place else moment
            for number, moment in enumerate(state.timeline)
        ),
    ]
    for change in changed:
        for place in numbers:
            assert checksum(fold, state.model_copy(update={"timeline": change(place)})) != checksum(fold, state)
    own_later = sorted(state.timeline, key=lambda moment: moment.source == "intake")
    assert checksum(fold, state.model_copy(update={"timeline": tuple(own_later)})) != checksum(fold, state)
    backwards = tuple(reversed(state.timeline))
    assert checksum(fold, state.model_copy(update={"timeline": backwards})) != checksum(fold, state)


def a_ledger_document(state: Any, own: Sequence[Event], heard: Mapping[str, Sequence[Event]]) -> Document:
    fold = FOLDS["intake"]
    return Document(
        subject="R",
        schema=fold.schema,
        state=state if state is None or isinstance(state, dict) else state.model_dump(mode="json"),
        head=len(own),
        head_id=own[-1].id,
        heard={source: len(events) for source, events in heard.items()},
        heard_ids={source: [f"{event.sequence}:{event.id[:SHORT]}" for event in events] for source, events in heard.items()},
    )


def test_intakes_private_part_is_kept_as_it_stands_and_is_in_no_checksum() -> None:
    desk = a_desk("submitted")
    desk.told("amend", OTHER)
    document = a_ledger_document(desk.state, desk.events, {})
    rebuilt = folded(FOLDS["intake"], document, desk.events, {})
    assert rebuilt == desk.state
    assert rebuilt.private.pending
    bare = rebuilt.model_copy(update={"private": type(rebuilt.private)()})
    assert checksum(FOLDS["intake"], bare) == checksum(FOLDS["intake"], rebuilt)


def test_a_state_that_cannot_be_read_is_rebuilt_around_its_private_part() -> None:
    desk = a_desk("submitted")
    stored = desk.state.model_dump(mode="json")
    document = a_ledger_document({**stored, "status": "nonsense", "timeline": 7}, desk.events, {})
    assert folded(FOLDS["intake"], document, desk.events, {}) == desk.state


@pytest.mark.parametrize(
    ("state", "why"),
    [(None, "is lost"), ({"status": 1, "private": {"pending": 3}}, "cannot be read"), ({"status": 1}, "cannot be read")],
)
def test_a_private_part_that_is_lost_cannot_be_rebuilt_and_that_is_said(state: Any, why: str) -> None:
    desk = a_desk("submitted")
    with pytest.raises(UnfoldableError, match=why):
        folded(FOLDS["intake"], a_ledger_document(state, desk.events, {}), desk.events, {})
