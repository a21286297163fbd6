"""The effect that opens a bid's parts, against intake over real HTTP; its stand-in gives the answers of intake's own contract."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from infra.sinks.chat import Quiet
from services.routing import opening as opening_room
from services.routing.opening import AT_ONCE, CALL_SECONDS, OPEN_CHILD, TURN_SECONDS, Opening
from shared.http.service_tokens import ServiceAuth, ServiceTokens
from shared.ledger.effects import Done, Ending, Retry, Terminal
from shared.ledger.messages import Item
from shared.ledger.worker import LEASE
from shared.schemas.model import Json, Text
from shared.schemas.requests import Answer, PreconditionVerdict, Problem, Verdict, number_of, request_id
from shared.service.parts import EFFECTS_AT_ONCE
from tests.unit.routing.bids import a_journey

SECRET = "a-service-token-of-these-tests"  # a made-up one
SAYS = Text(zh="请补充。", en="Add what is missing.")


class Intake:
    """Takes submissions by service token; a source and reference is one request, however often it is sent."""

    def __init__(self) -> None:
        self.requests: dict[str, Json] = {}
        self.keys: list[str] = []
        self.verdict = Verdict(outcome="accepted", message=Text(zh="已受理。", en="Accepted."))
        self.failing: list[tuple[int, Any]] = []
        self.app = FastAPI()
        self.app.post("/v1/requests", status_code=202)(self.submit)

    async def submit(self, request: Request) -> JSONResponse:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if ServiceTokens(SECRET).issuer(token, "intake") != "routing":
            return JSONResponse({"code": "unauthenticated"}, 401)
        if self.failing:
            status, said = self.failing.pop(0)
            return JSONResponse(said, status)
        body = await request.json()
        identity = request_id(body["business_unit"], body["source"]["system"], body["source"]["reference"])
        duplicate = identity in self.requests
        self.requests[identity] = body
        self.keys.append(request.headers["idempotency-key"])
        answer = Answer(
            id=identity,
            number=number_of(identity),
            action="submit",
            outcome=self.verdict.outcome,
            duplicate=duplicate,
            verdict=self.verdict,
        )
        return JSONResponse(answer.model_dump(mode="json"), 202)


@pytest.fixture
async def intake() -> AsyncIterator[tuple[Intake, str]]:
    made = Intake()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Quiet(uvicorn.Config(made.app, log_config=None, access_log=False, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield made, f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await task


def an_item() -> Item:
    return a_journey().wakes("due").items[0]


async def no_point() -> None:
    raise AssertionError("a submission may be repeated, so there is no point of no return")


async def opened(url: str, item: Item, secret: str = SECRET) -> Ending:
    auth = ServiceAuth(ServiceTokens(secret), "routing", {url: "intake"})
    async with httpx.AsyncClient(auth=auth) as client:
        return await Opening(client, url).perform(item, no_point)


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
    assert room.keys == [f"bid-{item.id}"] * 2


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
    room.failing = [(422, {"code": "x", "message": SAYS.model_dump()}), (409, {"code": "y"}), (422, [])]
    assert await opened(url, an_item()) == Terminal(
        problem="Intake answered 422.", data={"outcome": "refused", "message": SAYS.model_dump()}
    )
    for _ in range(2):
        ended = await opened(url, an_item())
        assert isinstance(ended, Terminal)
        assert ended.data == {"outcome": "refused"}
    assert room.requests == {}


async def test_without_our_token_nothing_is_taken(intake: tuple[Intake, str]):
    room, url = intake
    assert isinstance(await opened(url, an_item(), "another-service-token-of-tests"), Retry)
    assert room.requests == {}


async def test_an_intake_that_is_away_is_asked_again():
    assert isinstance(await opened("http://127.0.0.1:9", an_item()), Retry)


async def test_no_more_than_so_many_calls_are_under_way():
    under_way: list[int] = [0]

    async def leaves(_request: httpx.Request) -> httpx.Response:
        under_way.append(under_way[-1] + 1)
        await asyncio.sleep(0.01)
        under_way.append(under_way[-1] - 1)
        raise httpx.ReadTimeout("no answer")

    async with httpx.AsyncClient(transport=httpx.MockTransport(leaves)) as client:
        opening, item = Opening(client, "http://intake.example"), an_item()
        ends = await asyncio.gather(*(opening.perform(item, no_point) for _ in range(EFFECTS_AT_ONCE)))
    assert all(isinstance(end, Retry) for end in ends)
    assert max(under_way) == AT_ONCE


async def test_a_silent_intake_costs_a_try_only_those_who_called_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(opening_room, "TURN_SECONDS", 0.1)
    monkeypatch.setattr(opening_room, "CALL_SECONDS", 0.3)

    async def silent(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(silent)) as client:
        opening, item = Opening(client, "http://intake.example"), an_item()
        ends = await asyncio.gather(*(opening.perform(item, no_point) for _ in range(AT_ONCE + 3)))
    assert [end.counted for end in ends if isinstance(end, Retry)] == [True] * AT_ONCE + [False] * 3


def test_turn_and_call_are_over_before_a_usual_lease():
    assert LEASE.total_seconds() * 0.8 > TURN_SECONDS + CALL_SECONDS, "the worker's own limit"
