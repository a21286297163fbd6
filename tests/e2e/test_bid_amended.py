"""A bid is filed, its parts are opened by routing at intake, and an amended deadline reaches them there: with the real services."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from infra.demo import sample
from infra.stack import Stack
from shared.schemas.requests import request_id
from tests.e2e.front import SERVICE, Front

LATER, LATER_PITCH, LATER_END = "2027-06-22T09:30:00+08:00", "2027-06-22T14:00:00+08:00", "2027-06-22T14:45:00+08:00"
Row = dict[str, Any]


def a_bid() -> Row:
    lines = (sample.FOLDER / "first-wave.jsonl").read_text(encoding="utf-8").splitlines()
    bodies = (json.loads(line)["body"] for line in lines)
    found: Row = next(body for body in bodies if body.get("type") == "tech.bid" and body["business_unit"] == "east")
    return found


def moved(body: Row) -> Row:
    pitch = {**body["details"]["pitch"], "start": LATER_PITCH, "end": LATER_END}
    return {**body, "details": {**body["details"], "due": LATER, "pitch": pitch}}


async def until(read: Callable[[], Awaitable[Row]], wanted: Callable[[Row], bool]) -> Row:
    for _ in range(300):
        found = await read()
        if wanted(found):
            return found
        await asyncio.sleep(0.1)
    pytest.fail(f"waited in vain; the last seen is {json.dumps(found, ensure_ascii=False)[:2000]}")


def planned(room: Row) -> str:
    """Until when the plan wants the survey."""
    parts = (room.get("plan") or {}).get("parts", ())
    return next((str(part["due"]) for part in parts if part["part"] == "survey"), "")


@pytest.mark.stack
@pytest.mark.timeout(180)
async def test_an_amended_deadline_reaches_the_open_parts_at_intake(stack: Stack) -> None:
    body = a_bid()
    source = body["source"]
    bid = request_id("east", source["system"], source["reference"])
    async with httpx.AsyncClient(timeout=30, headers=SERVICE) as client:
        front = Front(stack, client)
        await front.employ(sample.directory())

        async def room() -> Row:
            answer = await client.get(f"{stack.url('routing')}/v1/requests/{bid}/bid-room")
            return dict(answer.json()) if answer.is_success else {}

        async def survey() -> Row:
            answer = await client.get(f"{stack.url('intake')}/v1/requests/{first['submitted']['survey']['request']}")
            return dict(answer.raise_for_status().json())

        assert (await front.send("submit", body))["outcome"] == "accepted"
        first = await until(room, lambda seen: "survey" in seen.get("submitted", {}))
        assert needed_by(await survey()) == moment(planned(first))
        assert (await front.send("amend", moved(body)))["amended"]
        after = await until(room, lambda seen: planned(seen) not in {"", planned(first)})
        assert moment(planned(after)) > moment(planned(first))
        await until(survey, lambda seen: needed_by(seen) == moment(planned(after)))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def needed_by(shown: Row) -> datetime | None:
    given = shown["request"].get("needed_by")
    return moment(given) if given else None
