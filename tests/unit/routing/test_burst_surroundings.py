"""A batch of the ledger comes to an agreement, reads nothing more for it, and one request's fault costs the others nothing."""

import pytest

from services.routing.domain import Context, RoutingDomain, State
from services.routing.surroundings import RoutingSurroundings
from shared.ledger.messages import Heard, Woken
from shared.schemas.intake import RequestSubmitted
from tests.unit.routing.burst_build import a_rivalry, supporters
from tests.unit.routing.routing_build import ACCEPTED, PACK, Journey
from tests.unit.routing.routing_room import Room, an_event


def submitted(subject: str, state: State, **changes: object) -> Heard:
    assert state.request is not None
    fact = RequestSubmitted(request=state.request, verdict=ACCEPTED, policy=PACK.pin.model_copy(update=changes))
    return Heard(event=an_event(fact, subject))


async def a_batch(**changes: object) -> tuple[RoutingSurroundings, Context, list[Heard]]:
    """The two rivals are submitted at once."""
    batch, context = a_rivalry()
    room = Room(people=tuple(context.directory.people.values()))
    messages = [submitted(subject, state, **changes) for subject, state in batch]
    return room.surroundings, await room.surroundings.context(messages), messages


async def test_what_is_submitted_at_once_is_decided_as_agreed():
    surroundings, context, messages = await a_batch()
    states = {message.subject: State() for message in messages}
    context = surroundings.together(context, states, messages)
    found = {}
    for message in messages:
        state = RoutingDomain().evolve(State(), message.event)
        found[message.subject] = RoutingDomain().decide(state, message, context)
        context = surroundings.after(context, [found[message.subject]])
    assert supporters(found) == {"R1": ["one"], "R2": ["both"]}


async def test_who_waits_is_woken_together():
    batch, context = a_rivalry()
    waiting = {}
    for subject, state in batch:
        assert state.request is not None
        journey = Journey(context, request=state.request, subject=subject)
        journey.changes(people=[])
        journey.submitted()
        assert journey.state.status == "waiting"
        waiting[subject] = journey.state
    room = Room(people=tuple(context.directory.people.values()))
    woken = [Woken(subject=subject) for subject in waiting]
    found = room.surroundings.together(await room.surroundings.context(woken), waiting, woken)
    assert supporters({subject: one.decision for subject, one in found.agreed.items()}) == {"R1": ["one"], "R2": ["both"]}


async def test_a_request_whose_policy_is_not_installed_is_left_to_itself():
    surroundings, context, messages = await a_batch()
    foreign = submitted("R3", a_rivalry()[0][0][1], version="2099.1")
    states = {subject: State() for subject in ("R1", "R2", "R3")}
    found = surroundings.together(context, states, [foreign, *messages])
    assert set(found.agreed) == {"R1", "R2"}


async def test_one_message_changes_nothing():
    surroundings, context, (message, _) = await a_batch()
    assert surroundings.together(context, {"R1": State()}, [message]).agreed == {}


async def test_a_fault_in_the_agreement_leaves_everybody_to_decide_alone(monkeypatch: pytest.MonkeyPatch):
    surroundings, context, messages = await a_batch()

    def faulty(*_: object) -> object:
        raise ValueError("some data that nobody thought of")

    monkeypatch.setattr("services.routing.surroundings.agreed", faulty)
    assert surroundings.together(context, {"R1": State(), "R2": State()}, messages) is context
