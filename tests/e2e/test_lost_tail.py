"""What the broker acknowledged and lost, with nothing said after it, is found by comparing heads, and its effects happen once."""

import asyncio
from typing import Any

import httpx
import pytest

from infra.demo.sample import directory, wave
from infra.stack import Stack
from shared.schemas.requests import request_id
from tests.e2e.front import SERVICE, Front

SECONDS = 120


async def reconciled(client: httpx.AsyncClient, stack: Stack, service: str) -> dict[str, dict[str, int]]:
    """By ledger and source, of how many subjects `service` had not heard the last; it has asked for the rest."""
    lacking: dict[str, dict[str, int]] = {}
    cursor = ""
    while cursor is not None:
        params = {"by": "a-test", "cursor": cursor}
        answer = await client.post(f"{stack.url(service)}/internal/reconcile", params=params, headers=SERVICE)
        page = answer.raise_for_status().json()
        of_kind = lacking.setdefault(page["what"], {})
        of_kind[page["source"]] = of_kind.get(page["source"], 0) + page["lacking"]
        cursor = page["next"]
    return lacking


async def notifications(client: httpx.AsyncClient, stack: Stack, request: str) -> list[dict[str, Any]]:
    """What notify knows to have planned about `request`."""
    answer = await client.get(f"{stack.url('notify')}/v1/requests/{request}/notifications", headers=SERVICE)
    return list(answer.json()["notifications"]) if answer.is_success else []


async def assigned(client: httpx.AsyncClient, stack: Stack, request: str) -> None:
    """Wait until routing has said who does the work, and intake has heard it."""
    for _ in range(SECONDS * 10):
        answer = await client.get(f"{stack.url('intake')}/v1/requests/{request}", headers=SERVICE)
        if answer.json().get("status") == "assigned":
            return
        await asyncio.sleep(0.1)
    pytest.fail("the request was not assigned")


@pytest.mark.stack
@pytest.mark.timeout(400)
async def test_what_a_service_missed_for_good_is_found_by_comparing_heads(stack: Stack) -> None:
    message = next(one for one in wave("first-wave") if one.type == "tools.company" and one.expect == "accepted")
    source = message.body["source"]
    request = request_id(message.unit, source["system"], source["reference"])
    async with httpx.AsyncClient(timeout=30) as client:
        front = Front(stack, client)
        notify = stack.services["notify-1"]
        notify.kill()
        await front.employ(directory())
        await front.send("submit", message.body)
        await assigned(client, stack, request)
        stack.broker.program.kill()  # it kept its log in memory alone
        await stack.broker.start()
        notify.start()
        await notify.wait_until_answers(f"{stack.url('notify')}/readyz")
        await asyncio.sleep(3)
        assert await notifications(client, stack, request) == [], "nothing tells notify of it any more"
        lacking = await reconciled(client, stack, "notify")
        assert lacking["requests"] == {"documents": 0, "intake": 1, "routing": 1}
        assert lacking["directory"]["intake"] > 50
        for _ in range(SECONDS * 10):
            told = await notifications(client, stack, request)
            if told and all(one["status"] == "sent" for one in told):
                break
            await asyncio.sleep(0.1)
        mails = [one for one in told if one["channel"] == "email"]
        assert mails
        assert len(list((stack.maildir / "new").iterdir())) == len(mails)
        assert await reconciled(client, stack, "notify") == {
            "directory": {"intake": 0},
            "requests": {"documents": 0, "intake": 0, "routing": 0},
            "seasons": {"routing": 0},
        }
