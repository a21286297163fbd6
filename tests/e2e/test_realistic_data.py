"""The realistic requests beside the repository, through the running stack, held against their expected outcomes."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from infra.stack import SERVICE_TOKEN, Stack
from shared.schemas.requests import request_id

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
CLOCK = "2027-03-01T09:00:00+08:00"
SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
Row = dict[str, Any]


def _lines(name: str) -> list[Row]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def _messages() -> list[tuple[str, int, str, Row]]:
    """(file, line, action, body) of everything in the shape of a request: mails and rows as what they mean."""
    crm = [
        ("requests/crm-east.jsonl", n, row["action"], row["body"]) for n, row in enumerate(_lines("requests/crm-east.jsonl"), 1)
    ]
    erp = [
        ("requests/erp-north.jsonl", n, row["headers"]["action"], row["value"])
        for n, row in enumerate(_lines("requests/erp-north.jsonl"), 1)
    ]
    actions = {(row["file"], row["line"]): row["action"] for row in _lines("expected.jsonl")}
    others = [
        (row["file"], row["line"], actions.get((row["file"], row["line"]), "submit"), row["request"])
        for row in _lines("requests/canonical.jsonl")
    ]
    return crm + erp + others


@pytest_asyncio.fixture(loop_scope="session")
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    running = Stack(tmp_path / "stack", clock=CLOCK, say=lambda _text: None)
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


class Front:
    """The units and people of the realistic data."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self._stack = stack
        self._client = client
        self._sent = 0

    async def send(self, action: str, body: Row) -> Row:
        self._sent += 1
        line = json.dumps({"action": action, "body": body}).encode() + b"\n" * self._sent  # each its own file, none a repeat
        headers = {"Authorization": f"Bearer dev-unit-{body.get('business_unit') or 'east'}"}
        answer = await self._client.post(f"{self._stack.url('intake')}/v1/requests:batch", content=line, headers=headers)
        answer.raise_for_status()
        given: Row = json.loads(answer.text)
        return given

    async def complete(self, reference: Row) -> None:
        identity = request_id(reference["business_unit"], reference["system"], reference["reference"])
        address = f"{self._stack.url('routing')}/v1/requests/{identity}"
        for _ in range(200):
            assignment = (await self._client.get(f"{address}/assignment", headers=SERVICE)).json()
            if assignment.get("status") == "completed" and await self._status(identity) == "completed":
                return
            for seat in assignment.get("supporters", ()):
                person = {"Authorization": f"Bearer dev-person-{seat['person']}"}
                await self._client.post(f"{address}/accept", headers=person)
                await self._client.post(f"{address}/complete", headers=person, json={"note": "", "result": {}})
            await asyncio.sleep(0.1)
        pytest.fail(f"{reference} was not completed")

    async def _status(self, identity: str) -> str:
        return str(
            (await self._client.get(f"{self._stack.url('intake')}/v1/requests/{identity}", headers=SERVICE)).json()["status"]
        )


def _agrees(expected: Row, answer: Row) -> bool:
    outcome = "duplicate" if answer["duplicate"] else answer["outcome"]
    if outcome != expected["outcome"]:
        return False
    verdict = answer.get("verdict") or {}
    if outcome == "rejected":
        return bool(verdict["reason"] == expected["reason"])
    if outcome == "returned":
        fields = [problem["field"] for problem in verdict["problems"]]
        missing = [entry["any_of"] for entry in verdict["preconditions"] if entry["state"] == "missing"]
        wanted = [entry["any_of"] if isinstance(entry, dict) else [entry] for entry in expected["preconditions"]]
        return fields == expected["fields"] and missing == wanted
    return True


@pytest.mark.stack
@pytest.mark.timeout(300)
@pytest.mark.skipif(not DATA.exists(), reason="THE REALISTIC DATA ARE NOT BESIDE THE REPOSITORY: nothing of them was tried")
async def test_every_realistic_message_gets_the_expected_answer(stack: Stack) -> None:
    expected = {(row["file"], row["line"]): row for row in _lines("expected.jsonl")}
    agreeing: Counter[str] = Counter()
    differing: list[str] = []
    async with httpx.AsyncClient(timeout=30) as client:
        directory = (DATA / "directory.yaml").read_bytes()
        (await client.post(f"{stack.url('intake')}/v1/people:import", content=directory, headers=SERVICE)).raise_for_status()
        front = Front(stack, client)
        for file, line, action, body in _messages():
            wanted = expected[file, line]
            for reference in wanted.get("assumes_completed", ()):
                await front.complete(reference)
            answer = await front.send(action, body)
            if _agrees(wanted, answer):
                agreeing[file.split("/")[1]] += 1
            else:
                differing.append(
                    f"{file}:{line} expected {wanted['outcome']}, got {json.dumps(answer, ensure_ascii=False)[:300]}"
                )
    print(f"\n{sum(agreeing.values())} of {len(_messages())} realistic messages agree: {dict(agreeing)}")
    assert not differing, "\n".join(differing)
