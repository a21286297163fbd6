"""Callbacks through the whole stack: a unit subscribes over HTTP, notify is killed between sending and noting it, and nothing is lost."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.stack import SERVICE_TOKEN, Stack
from tests.component.notify.callback_receiver import Receiver, answering, signed_by
from tests.component.notify.callback_stage import until
from tests.e2e.conftest import CLOCK
from tests.e2e.front import Front

SAMPLE = Path(__file__).resolve().parents[2] / "infra" / "demo" / "sample"
UNIT, SERVICE = {"Authorization": "Bearer dev-unit-east"}, {"Authorization": f"Bearer {SERVICE_TOKEN}"}


def first_message() -> dict[str, Any]:
    """A message of the sample that unit east may send and that is accepted."""
    lines = (SAMPLE / "first-wave.jsonl").read_text(encoding="utf-8").splitlines()
    return next(
        row for row in map(json.loads, lines) if row["body"].get("business_unit") == "east" and row.get("expect") == "accepted"
    )


@pytest.mark.stack
@pytest.mark.timeout(240)
async def test_notify_killed_between_sending_and_noting_sends_again_what_the_receiver_drops(tmp_path: Path):
    stack: list[Stack] = []

    async def kills(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The message is had; before notify can read a word of the answer, it is killed."""
        stack[0].services["notify-1"].kill()
        await answering(204)(reader, writer)

    async with Receiver(behaviours=[answering(204), kills, answering(204)]) as receiver, httpx.AsyncClient(timeout=30) as client:
        allowed = {
            "BACKLINE_CALLBACK_NETWORKS": "127.0.0.0/8",
            "BACKLINE_CALLBACK_HTTP_HOSTS": "127.0.0.1",
            "BACKLINE_CALLBACK_PORTS": str(receiver.port),
        }
        stack.append(Stack(tmp_path / "stack", clock=CLOCK, say=lambda _text: None, settings=allowed))
        try:
            await stack[0].start()
            await _through(stack[0], receiver, client)
        finally:
            await stack[0].stop()


async def _through(stack: Stack, receiver: Receiver, client: httpx.AsyncClient) -> None:
    front, intake, notify = Front(stack, client), stack.url("intake"), stack.url("notify")
    await front.employ((SAMPLE / "directory.yaml").read_bytes())
    wish = {"url": receiver.url, "events": ["request.accepted"]}
    made = await client.put(f"{intake}/v1/callbacks/crm", headers=UNIT, json=wish)
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]

    async def tried() -> bool:
        answer = await client.post(f"{notify}/v1/callbacks/crm/test", headers=UNIT)
        return answer.status_code == 200 and bool(answer.json()["delivered"])

    await until(tried, seconds=30)
    assert [effect["type"] for effect in receiver.effects] == ["callback.ping"]
    body = first_message()["body"]
    assert (await front.send("submit", body))["outcome"] == "accepted"
    await until(lambda: len(receiver.received) == 2, seconds=30)
    killed = stack.services["notify-1"]
    await until(lambda: killed.pid is None, seconds=10)
    killed.start()
    await until(lambda: len(receiver.received) >= 3, seconds=60)
    _, first, second = receiver.received[:3]
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]
    assert first[0]["webhook-timestamp"] != second[0]["webhook-timestamp"]
    assert all(signed_by(secret, *one) for one in receiver.received)
    assert [effect["type"] for effect in receiver.effects] == ["callback.ping", "request.accepted"]
    assert len(receiver.received) == 3  # the control: whoever does not drop by webhook-id has the effect twice

    async def noted() -> bool:
        identity = json.loads(first[1])["data"]["id"]
        answer = await client.get(f"{notify}/v1/requests/{identity}/notifications", headers=UNIT)
        found = [one for one in answer.json().get("notifications", ()) if one["channel"] == "callback"]
        return [one["status"] for one in found] == ["sent"]

    await until(noted, seconds=30)
    left = await client.get(f"{notify}/v1/callbacks:undelivered", headers=UNIT)
    assert (left.status_code, left.json()["total"]) == (200, 0)
    others = await client.get(
        f"{notify}/v1/callbacks:undelivered", headers={"Authorization": "Bearer dev-unit-west"}, params={"unit": "east"}
    )
    assert others.status_code == 403
    gone = await client.delete(f"{intake}/v1/callbacks/crm", headers=UNIT)
    assert gone.status_code == 204
