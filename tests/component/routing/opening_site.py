"""Intake's stand-in for the effect that opens and amends a bid's parts, over real HTTP; it gives the answers of intake's own contract."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from infra.sinks.chat import Quiet
from services.routing.opening import Opening
from shared.http.service_tokens import ServiceAuth, ServiceTokens
from shared.ledger.effects import Ending
from shared.ledger.messages import Item
from shared.schemas.model import Json, Text
from shared.schemas.requests import Answer, Verdict, number_of, request_id
from tests.unit.routing.bids import a_journey

SECRET = "a-service-token-of-these-tests"  # a made-up one
SAYS = Text(zh="请补充。", en="Add what is missing.")


class Intake:
    """Takes batches by service token; a source and reference is one request, however often it is sent."""

    def __init__(self) -> None:
        self.requests: dict[str, Json] = {}
        self.calls: list[list[str]] = []
        self.verdict = Verdict(outcome="accepted", message=Text(zh="已受理。", en="Accepted."))
        self.failing: list[tuple[int, Any]] = []
        self.refusing: list[Json] = []
        self.let = asyncio.Event()
        self.let.set()
        self.unanswered = self.break_off = 0
        self.garbled = ""
        self.now = self.most_at_once = 0
        self.app = FastAPI()
        self.app.post("/v1/requests:batch")(self.take)

    async def take(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if ServiceTokens(SECRET).issuer(token, "intake") != "routing":
            return JSONResponse({"code": "unauthenticated"}, 401)
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        self.calls.append([line["key"] for line in lines])
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        await self.let.wait()
        await asyncio.sleep(0.1)
        self.now -= 1
        if self.failing:
            status, said = self.failing.pop(0)
            return JSONResponse(said, status)
        answers = [self.answer(line) for line in lines]
        told = [answer.model_dump(mode="json") | {"line": place} for place, answer in enumerate(answers, start=1)]
        kept = told[: len(told) - self.unanswered]
        if self.break_off:
            self.break_off -= 1
            kept.pop()
        kept = [{} if line["key"] == self.garbled else one for line, one in zip(lines, kept, strict=False)]
        return Response(b"".join(json.dumps(one).encode() + b"\n" for one in kept), media_type="application/jsonl")

    def answer(self, line: Json) -> Answer:
        body = line["body"]
        identity = request_id(body["business_unit"], body["source"]["system"], body["source"]["reference"])
        if self.refusing:
            return Answer(id=identity, action="submit", outcome="refused", problem=self.refusing.pop(0))
        if line["action"] == "amend":
            return self.amendment(identity, line)
        duplicate = identity in self.requests
        self.requests[identity] = body
        return Answer(
            id=identity,
            number=number_of(identity),
            action="submit",
            outcome=self.verdict.outcome,
            duplicate=duplicate,
            verdict=self.verdict,
        )

    def amendment(self, identity: str, line: Json) -> Answer:
        if identity not in self.requests:
            return Answer(id=identity, action="amend", outcome="refused", problem={"code": "unknown_request", "status": 404})
        taken = self.verdict.outcome == "accepted"
        if taken:
            self.requests[identity] = self.requests[identity] | line["body"]
        return Answer(
            id=identity,
            number=number_of(identity),
            action="amend",
            outcome=self.verdict.outcome,
            amended=taken,
            verdict=self.verdict,
        )


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


@asynccontextmanager
async def an_opening(url: str, secret: str = SECRET) -> AsyncIterator[Opening]:
    auth = ServiceAuth(ServiceTokens(secret), "routing", {url: "intake"})
    async with httpx.AsyncClient(auth=auth) as client:
        yield Opening(client, url)


async def opened(url: str, item: Item, secret: str = SECRET) -> Ending:
    async with an_opening(url, secret) as opening:
        return await opening.perform(item, no_point)
