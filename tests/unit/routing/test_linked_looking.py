"""Who looks again, and when: each for itself after a note, all that name a price once it has come on; what cannot be read stops nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.routing import linked_read
from services.routing.domain import State
from services.routing.waking import AT_ONCE
from shared.ledger.messages import Decision, Heard, Woken
from shared.schemas.envelope import Event
from shared.schemas.intake import RequestSubmitted
from shared.schemas.links import LinkedRequestAwaited
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import WorkCompleted
from tests.unit.routing.linked import NAMED, PRICE, a_contract, a_price, approves_all
from tests.unit.routing.reviews import CONTRACT
from tests.unit.routing.routing_build import ACCEPTED, NOW, PACK, Journey, a_request
from tests.unit.routing.routing_fakes import FakeRequests
from tests.unit.routing.routing_room import Room, an_event


@dataclass
class Unreadable(FakeRequests):
    """Those of `broken` have a state that cannot be read."""

    broken: set[str] = field(default_factory=set)

    async def named(self, requests: Sequence[str]) -> Mapping[str, State | None]:
        found = dict(await super().named(requests))
        return {**found, **dict.fromkeys(self.broken & {*requests})}


async def noted(room: Room, count: int) -> tuple[Journey, Decision]:
    """A contract has just noted that its price is not approved; `count` more name the same."""
    contract = a_contract(a_price())
    note = next(fact for fact in contract.said if isinstance(fact, LinkedRequestAwaited))
    room.requests.states |= {f"C{number}": contract.state for number in range(count)}
    contract.subject = "mine"
    return contract, Decision(facts=(note,))


async def test_whoever_notes_looks_again_and_not_everybody_who_names_the_same():
    room = Room()
    await room.applies(*await noted(room, 300))
    assert room.woken == [(("mine",), "linked")]


async def test_when_the_price_has_come_on_all_that_name_it_look_a_page_at_a_time():
    room, price = Room(), a_price()
    await noted(room, 250)
    approves_all(price)
    done = next(fact for fact in price.said if isinstance(fact, WorkCompleted))
    await room.applies(price, Decision(facts=(done,)))
    assert [reason for _, reason in room.woken] == ["linked"] * 3
    assert max(len(subjects) for subjects, _ in room.woken) == AT_ONCE
    assert {one for subjects, _ in room.woken for one in subjects} == {f"C{number}" for number in range(250)}


async def test_a_named_request_that_cannot_be_read_stops_no_batch_and_no_sweep_and_is_not_said_to_be_lacking():
    room = Room(requests=Unreadable(broken={PRICE}))
    room.requests.states["C1"] = a_contract(a_price()).state
    context = await room.surroundings.context([Woken(subject="C1")])
    assert context.linked == {}
    woken: list[str] = []

    async def wake(subjects: Sequence[str], _reason: str) -> None:
        woken.extend(subjects)

    await linked_read.sweep(room.requests, wake)
    assert woken == []


async def test_a_message_that_cannot_be_read_as_a_request_leaves_the_others_of_its_batch_alone():
    request = a_request("business.contract", details={**CONTRACT, "price_request": NAMED})
    good = an_event(RequestSubmitted(request=request, verdict=ACCEPTED, policy=PACK.pin), "C1")
    data: dict[str, Any] = {"request": {"details": {"price_request": NAMED}}}
    name = TYPE_OF[RequestSubmitted]
    bad = Event.say(
        source="intake", type=name, subject="C2", sequence=1, time=NOW, data=data, dataschema="urn:backline:event:later:2"
    )
    context = await Room().surroundings.context([Heard(event=bad), Heard(event=good)])
    assert context.linked == {PRICE: None}


async def test_what_fails_for_one_kind_of_waiting_leaves_the_others_to_the_next_run():
    room = Room()
    contract, decision = await noted(room, 0)
    failing = True

    async def wake(subjects: Sequence[str], reason: str) -> None:
        nonlocal failing
        if reason == "linked" and failing:
            failing = False
            raise ConnectionError("the database was away")
        room.woken.append((tuple(subjects), reason))

    room.surroundings.wake = wake
    room.requests.states["W1"] = contract.state.model_copy(update={"status": "waiting", "waiting_since": NOW})
    room.surroundings.everybody_waiting("people_changed")
    await room.applies(contract, decision)
    assert room.woken == []
    await room.applies(contract, decision)
    assert room.woken == [(("mine",), "linked"), (("W1",), "people_changed")]
