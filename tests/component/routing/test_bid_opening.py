"""The effect that opens a bid's parts, against intake over real HTTP."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from services.routing import opening as opening_room
from services.routing.opening import CALL_SECONDS, OPEN_CHILD, PARTS_AT_ONCE, Opening
from shared.ledger.effects import Done, Retry, Terminal
from shared.ledger.messages import Item
from shared.ledger.worker import LEASE
from shared.schemas.model import Json
from shared.schemas.requests import PreconditionVerdict, Problem, Verdict
from tests.component.routing.opening_site import SAYS, Intake, an_item, an_opening, intake, no_point, opened

__all__ = ["intake"]


def parts(many: int) -> list[Item]:
    """Items of that many parts, each a request of its own."""
    one = an_item()
    return [replace(one, id=f"{one.id}{n}", data=one.data | {"body": _of_its_own(one.data["body"], n)}) for n in range(many)]


def _of_its_own(body: Json, number: int) -> Json:
    return body | {"source": body["source"] | {"reference": f"{body['source']['reference']}-{number}"}}


async def test_a_part_is_submitted_in_the_requesters_name_and_twice_it_is_the_same_request(intake: tuple[Intake, str]):
    room, url = intake
    item = an_item()
    assert item.kind == OPEN_CHILD
    first, again = await opened(url, item), await opened(url, item)
    assert first == again
    assert isinstance(first, Done)
    assert (first.data["outcome"], first.data["missing"]) == ("accepted", [])
    assert list(room.requests) == [first.data["id"]]
    assert room.requests[first.data["id"]]["requester"] == {"id": "asker", "role": "account_manager"}
    assert room.calls == [[f"bid-{item.id}"]] * 2


async def test_what_intake_finds_missing_comes_back_by_its_keys(intake: tuple[Intake, str]):
    room, url = intake
    lacking = PreconditionVerdict(any_of=("a", "b"), state="missing", label=SAYS)
    met = PreconditionVerdict(any_of=("c",), state="met", label=SAYS)
    problems = (Problem(field="details.mode", code="missing", message=SAYS),)
    room.verdict = Verdict(outcome="returned", problems=problems, preconditions=(lacking, met), message=SAYS)
    ended = await opened(url, an_item())
    assert isinstance(ended, Done)
    assert (ended.data["outcome"], ended.data["missing"]) == ("returned", ["details.mode", "a | b"])
    assert ended.data["message"] == SAYS.model_dump()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_intake_that_cannot_now_is_asked_again(intake: tuple[Intake, str], status: int):
    room, url = intake
    room.failing = [(status, {})]
    assert isinstance(await opened(url, an_item()), Retry)
    assert isinstance(await opened(url, an_item()), Done)


async def test_what_intake_refuses_for_good_ends_with_its_sentence(intake: tuple[Intake, str]):
    room, url = intake
    ends = Terminal(problem="Intake answered 422.", data={"outcome": "refused", "message": SAYS.model_dump()})
    room.failing = [(422, {"code": "x", "message": SAYS.model_dump()})]
    assert await opened(url, an_item()) == ends
    room.refusing = [{"code": "x", "status": 422, "message": SAYS.model_dump()}]
    assert await opened(url, an_item()) == ends
    room.failing = [(409, {"code": "y"}), (422, [])]
    for _ in range(2):
        ended = await opened(url, an_item())
        assert isinstance(ended, Terminal)
        assert ended.data == {"outcome": "refused"}
    assert room.requests == {}


@pytest.mark.parametrize("status", [429, 503])
async def test_a_part_that_cannot_be_taken_now_costs_the_others_nothing(intake: tuple[Intake, str], status: int):
    room, url = intake
    room.refusing = [{"code": "not_now", "status": status, "message": SAYS.model_dump()}]
    async with an_opening(url) as opening:
        first, second = await asyncio.gather(*(opening.perform(item, no_point) for item in parts(2)))
    assert (type(first), type(second)) == (Retry, Done)
    assert [len(keys) for keys in room.calls] == [2]


async def test_parts_opened_together_are_one_call_and_whoever_comes_meanwhile_goes_with_the_next(intake: tuple[Intake, str]):
    room, url = intake
    room.let.clear()
    items = parts(PARTS_AT_ONCE)
    async with an_opening(url) as opening:
        first = [asyncio.create_task(opening.perform(item, no_point)) for item in items[:5]]
        while not room.calls:
            await asyncio.sleep(0.005)
        later = [asyncio.create_task(opening.perform(item, no_point)) for item in items[5:]]
        await asyncio.sleep(0.02)
        room.let.set()
        ends = await asyncio.gather(*first, *later)
    assert room.calls == [[f"bid-{item.id}" for item in some] for some in (items[:5], items[5:])]
    told = [end.data["id"] for end in ends if isinstance(end, Done)]
    assert told == list(room.requests)
    assert len(told) == PARTS_AT_ONCE


async def test_a_call_that_is_refused_for_one_part_costs_the_others_nothing(intake: tuple[Intake, str]):
    room, url = intake
    room.failing = [(413, {"code": "body_too_large"}), (413, {"code": "body_too_large"})]
    async with an_opening(url) as opening:
        ends = await asyncio.gather(*(opening.perform(item, no_point) for item in parts(3)))
    assert [type(end) for end in ends] == [Terminal, Done, Done]
    assert [len(keys) for keys in room.calls] == [3, 1, 1, 1]
    assert room.most_at_once > 1, "nobody waits for another that is called for alone"


async def test_where_an_answer_is_broken_off_each_part_is_called_for_alone(intake: tuple[Intake, str]):
    room, url = intake
    room.unanswered = 1
    async with an_opening(url) as opening:
        ends = await asyncio.gather(*(opening.perform(item, no_point) for item in parts(3)))
    assert [type(end) for end in ends] == [Retry] * 3, "each call lacks an answer"
    room.unanswered, room.calls = 0, []
    room.break_off = 1
    async with an_opening(url) as opening:
        ends = await asyncio.gather(*(opening.perform(item, no_point) for item in parts(3)))
    assert [type(end) for end in ends] == [Done] * 3
    assert [len(keys) for keys in room.calls] == [3, 1, 1, 1]


async def test_a_part_whose_time_ran_out_is_not_called_for_and_the_others_are(intake: tuple[Intake, str]):
    room, url = intake
    room.let.clear()
    first, given_up, later = parts(3)
    async with an_opening(url) as opening:
        calling = asyncio.create_task(opening.perform(first, no_point))
        while not room.calls:
            await asyncio.sleep(0.005)
        waiting = [asyncio.create_task(opening.perform(item, no_point)) for item in (given_up, later)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        room.let.set()
        assert isinstance(await calling, Done)
        assert isinstance(await waiting[1], Done)
    assert room.calls == [[f"bid-{first.id}"], [f"bid-{later.id}"]]


async def test_an_answer_that_cannot_be_read_is_one_parts_alone(intake: tuple[Intake, str]):
    room, url = intake
    items = parts(3)
    room.garbled = f"bid-{items[1].id}"
    async with an_opening(url) as opening:
        ends = await asyncio.gather(*(opening.perform(item, no_point) for item in items))
    assert [type(end) for end in ends] == [Done, Retry, Done]


async def test_whatever_else_goes_wrong_is_told_to_whoever_waits_and_hinders_nobody_later(intake: tuple[Intake, str]):
    _, url = intake

    def breaks(_request: httpx.Request) -> httpx.Response:
        raise httpx.InvalidURL("not one of the client's own errors")

    async with httpx.AsyncClient(transport=httpx.MockTransport(breaks)) as client:
        opening = Opening(client, url)
        for many in (1, 3):
            performing = asyncio.gather(*(opening.perform(item, no_point) for item in parts(many)), return_exceptions=True)
            ends = await asyncio.wait_for(performing, 5)
            assert [type(end) for end in ends] == [httpx.InvalidURL] * many


async def test_without_our_token_nothing_is_taken(intake: tuple[Intake, str]):
    room, url = intake
    assert isinstance(await opened(url, an_item(), "another-service-token-of-tests"), Retry)
    assert room.requests == {}


async def test_an_intake_that_is_away_is_asked_again():
    assert isinstance(await opened("http://127.0.0.1:9", an_item()), Retry)


async def test_a_silent_intake_is_waited_for_no_longer_than_a_call(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(opening_room, "CALL_SECONDS", 0.05)

    async def silent(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(silent)) as client:
        opening = Opening(client, "http://intake.example")
        ends = await asyncio.gather(*(opening.perform(item, no_point) for item in parts(3)))
    assert [end.problem for end in ends if isinstance(end, Retry)] == ["Intake did not answer (TimeoutError)."] * 3


def test_the_call_before_its_own_and_one_alone_are_over_before_a_usual_lease():
    assert LEASE.total_seconds() * 0.8 > 3 * CALL_SECONDS, "the worker's own limit"
