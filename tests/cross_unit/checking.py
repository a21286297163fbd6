"""Makes the calls and looks at every answer: what it tells of other units, and in the end what has become of their requests."""

import asyncio
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.embedded.programs import Program
from infra.stack import Stack
from shared.schemas.envelope import SOURCES
from tests.cross_unit.calls import Call, Caller, Operation, operations
from tests.cross_unit.scene import Room, Scene

AT_ONCE = 8
START_SECONDS = 240.0
DESK = "/v1/desk"
"""Shows a unit what it sent itself and was refused: whatever of others' it named there, it knew."""


@dataclass
class Found:
    """What was found: leaks as (call, secret), faults of the server, and the requests that changed."""

    calls: int = 0
    by_operation: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    own: int = 0
    leaks: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def told(self) -> str:
        """For people."""
        lines = [
            f"{self.calls} calls of {len(self.by_operation)} operations; statuses {dict(sorted(self.by_status.items()))}",
            f"{self.own} answers told a unit something of its own",
            f"{len(self.leaks)} leaks, {len(self.changed)} foreign changes, {len(self.faults)} server errors",
        ]
        return "\n".join(
            [*lines, *(f"LEAK {call}: {secret}" for call, secret in self.leaks[:20]), *self.changed[:20], *self.faults[:20]]
        )


def foreign_to(unit: str, rooms: dict[str, Room]) -> set[str]:
    """The texts of other units."""
    return {secret for room in rooms.values() if room.unit != unit for secret in room.secrets} - rooms[unit].secrets


def leaked(call: Call, answer: str, rooms: dict[str, Room], sent: frozenset[str] = frozenset()) -> list[str]:
    """The texts of other units in `answer` that neither the call held itself nor, on its desk, its unit had `sent` before."""
    kept = sent if call.operation.path.startswith(DESK) else frozenset()
    return [secret for secret in foreign_to(call.unit, rooms) - kept if secret in answer and secret not in call.sent]


def differing(before: Any, after: Any) -> str:
    """Where two answers differ first, and how."""
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return next(
            f"[{place}]{differing(*pair)}" for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]
        )
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        return next(f".{key}{differing(before[key], after[key])}" for key in before if before[key] != after[key])
    return f": {str(before)[:300]} -> {str(after)[:300]}"


def readable(answer: httpx.Response) -> str:
    """Headers and body; a compressed page of a file as what it says."""
    body = answer.content
    parts = [body, *(piece for piece in _inflated(body))] if body[:4] == b"%PDF" else [body]
    heads = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    return heads + " ".join(part.decode("utf-8", "replace") for part in parts)


def _inflated(body: bytes) -> list[bytes]:
    pieces = []
    for stream in body.split(b"stream\n")[1::2]:
        try:
            pieces.append(zlib.decompressobj().decompress(stream))
        except zlib.error:
            continue
    return pieces


class Check:
    """The check on one running stack."""

    def __init__(self, stack: Stack, *, seed: int) -> None:
        self._stack = stack
        self._seed = seed
        self.found = Found()
        self._sent: dict[str, set[str]] = defaultdict(set)

    async def run(self, calls: int) -> Found:
        """Set the scene, make `calls`, and compare."""
        limits = httpx.Limits(max_connections=AT_ONCE * 2)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            scene = Scene(self._stack, client)
            rooms = await scene.set()
            before = await scene.snapshot()
            caller = Caller(rooms, await self._operations(client), self._seed)
            slots = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._one(client, caller.next(), rooms, slots) for _ in range(calls)))
            after = await scene.snapshot()
        self.found.changed = [f"CHANGED {one}: {differing(was, after[one])}" for one, was in before.items() if after[one] != was]
        return self.found

    async def _operations(self, client: httpx.AsyncClient) -> list[Operation]:
        documents = {service: (await client.get(f"{self._stack.url(service)}/openapi.json")).json() for service in SOURCES}
        return [operation for service, document in documents.items() for operation in operations(service, document)]

    async def _one(self, client: httpx.AsyncClient, call: Call, rooms: dict[str, Room], slots: asyncio.Semaphore) -> None:
        async with slots:
            self._sent[call.unit] |= {secret for secret in foreign_to(call.unit, rooms) if secret in call.sent}
            answer = await client.request(
                call.operation.method,
                f"{self._stack.url(call.operation.service)}{call.path}",
                params=call.params,
                headers={**call.headers, "Authorization": f"Bearer {call.token}"},
                content=call.content,
            )
        named = f"{call.operation.method} {call.operation.service}{call.operation.path}"
        found, text = self.found, readable(answer)
        found.calls += 1
        found.by_operation[named] += 1
        found.by_status[answer.status_code] += 1
        found.own += any(secret in text for secret in rooms[call.unit].secrets)
        found.leaks += [
            (f"{named} by {call.token} -> {answer.status_code}", secret)
            for secret in leaked(call, text, rooms, frozenset(self._sent[call.unit]))
        ]
        if answer.status_code >= 500:
            found.faults.append(f"{named} -> {answer.status_code}")


class PatientStack(Stack):
    """It is given as long to start as a machine needs on which much else runs."""

    async def _until_ready(self, name: str, program: Program) -> None:
        await program.wait_until_answers(f"http://127.0.0.1:{self.ports[name]}/readyz", START_SECONDS)


async def check(folder: Path, calls: int, seed: int, *, command_of: Any = None) -> Found:
    """The whole check on a stack of its own."""
    options = {"command_of": command_of} if command_of else {}
    stack = PatientStack(folder, clock="2027-03-01T09:00:00+08:00", say=lambda _text: None, **options)
    try:
        await stack.start()
        return await Check(stack, seed=seed).run(calls)
    finally:
        await stack.stop()
