"""Units that send requests and people who do the work, over HTTP; they repeat what got no answer, and note what they were told."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx

from infra.demo.opinions import OPINION
from infra.demo.people import RESULT, REVIEWED
from infra.stack import SERVICE_TOKEN, Stack
from tests.faults.generator import UNIT, Wish
from tests.faults.history import History, Told

SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
UNITS_OWN = {"Authorization": f"Bearer dev-unit-{UNIT}"}
AGAIN_SECONDS = 0.25
LOOK_SECONDS = 0.3
FINAL = {"completed", "confirmed", "withdrawn", "returned", "rejected", "dropped"}
Took = tuple[float, float]
"""Seconds since it was asked last, and since it was asked first."""


class Clients:
    """Everybody outside during one run."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient, history: History) -> None:
        self._stack = stack
        self._client = client
        self._history = history
        self._turns = itertools.count()
        self._idle = 0.0

    async def run(self, wishes: Sequence[Wish], *, idle: float = 0) -> None:
        """Have every wish sent, and after `idle` seconds worked on, until all are finished."""
        self._idle = idle
        await asyncio.gather(*(self._follow(wish) for wish in wishes))

    async def _follow(self, wish: Wish) -> None:
        await self._send(wish)
        if wish.amends:
            body = {"extra": {"对接窗口": f"改到 {wish.reference}"}}
            await self._ask(wish, "amend", "PATCH", f"/v1/requests/{wish.request}", body)
        if wish.withdraws:
            await self._ask(wish, "withdraw", "POST", f"/v1/requests/{wish.request}/withdraw", {"reason": "不再需要"})
        await asyncio.sleep(max(0.0, self._idle - self._history.now()))
        while not await self._work(wish):
            await asyncio.sleep(LOOK_SECONDS)

    async def _send(self, wish: Wish) -> None:
        await asyncio.sleep(max(0.0, wish.at - self._history.now()))
        await self._ask(wish, "submit", "POST", "/v1/requests", wish.body())

    async def _ask(self, wish: Wish, action: str, method: str, path: str, body: dict[str, Any]) -> None:
        """One message of the unit, repeated under the same key until it is answered."""
        headers = {**UNITS_OWN, "Idempotency-Key": f"{wish.reference}-{action}"}
        answer, took = await self._until_answered("intake", method, path, headers, body)
        outcome = answer.json().get("outcome", "refused") if answer.is_success else "refused"
        self._note(wish, action, outcome, "", took)

    async def _work(self, wish: Wish) -> bool:
        """Do what is to be done now; whether the request has ended."""
        assignment = await self._assignment(wish.request)
        if assignment.get("status") in FINAL:
            return True
        if assignment.get("status") not in {"assigned", "working"}:
            return False
        people = list(dict.fromkeys(seat["person"] for seat in assignment["supporters"]))
        for person in people:
            await self._act(wish, "accept", person, None)
        if wish.kind in REVIEWED:
            await self._review(wish)
            return False
        result = RESULT.get(wish.kind, {"结论": "已按申请完成"})
        await self._act(wish, "complete", people[0], {"note": "已交付。", "result": result})
        return False

    async def _review(self, wish: Wish) -> None:
        """Everybody whose turn it is approves the version that they read."""
        review = await self._read(wish.request, "review")
        for person in review.get("asked", ()):
            await self._act(wish, "opine", person, {**OPINION, "version": review["version"]})

    async def _assignment(self, request: str) -> dict[str, Any]:
        return await self._read(request, "assignment")

    async def _read(self, request: str, what: str) -> dict[str, Any]:
        try:
            found = await self._client.get(f"{self._routing()}/v1/requests/{request}/{what}", headers=SERVICE)
        except httpx.HTTPError:
            return {}
        return dict(found.json()) if found.is_success else {}

    async def _act(self, wish: Wish, action: str, person: str, body: dict[str, Any] | None) -> None:
        key = f"{wish.request}-{action}" + (f"-{body['version']}-{person}" if body and action == "opine" else "")
        headers = {"Authorization": f"Bearer dev-person-{person}", "Idempotency-Key": key}
        answer, took = await self._until_answered("routing", "POST", f"/v1/requests/{wish.request}/{action}", headers, body)
        self._note(wish, action, "done" if answer.is_success else "refused", person, took)

    async def _until_answered(
        self, service: str, method: str, path: str, headers: dict[str, str], body: object
    ) -> tuple[httpx.Response, Took]:
        first = time.monotonic()
        while True:
            begun = time.monotonic()
            address = self._stack.url("intake") if service == "intake" else self._routing()
            with suppress(httpx.HTTPError):
                answer = await self._client.request(method, f"{address}{path}", headers=headers, json=body)
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR and answer.status_code != httpx.codes.UNAUTHORIZED:
                    now = time.monotonic()
                    return answer, (now - begun, now - first)
            await asyncio.sleep(AGAIN_SECONDS)

    def _routing(self) -> str:
        """One routing process after the other: some may be down."""
        return self._stack.url("routing", 1 + next(self._turns) % self._stack.scale.get("routing", 1))

    def _note(self, wish: Wish, action: str, outcome: str, by: str, took: Took) -> None:
        seconds, waited = (round(one, 4) for one in took)
        self._history.told.append(
            Told(
                request=wish.request,
                action=action,
                outcome=outcome,
                by=by,
                at=round(self._history.now(), 2),
                seconds=seconds,
                waited=waited,
            )
        )
