"""On the running stack: every projection follows from the facts, one that was spoilt is found and mended, and nobody is told anything."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from infra.demo.sample import directory, wave
from infra.stack import Stack
from shared.schemas.envelope import SOURCES
from shared.storage import connect
from tests.e2e.front import Front

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = 12
SECONDS = 60


async def backline(stack: Stack, *arguments: str) -> tuple[int, str]:
    """The command as an operator would type it: its exit status and what it showed."""
    command = [sys.executable, "-m", "infra.cli", *arguments, "--folder", str(stack.folder), "--as", "A1"]
    run = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    return run.returncode, run.stdout


async def lived(stack: Stack) -> None:
    """Requests of many types go their way; the ones that get people are worked on to their end."""
    async with httpx.AsyncClient(timeout=30) as client:
        front = Front(stack, client)
        await front.employ(directory())
        for message in wave("first-wave")[:REQUESTS]:
            answer = await front.send(message.action, message.body)
            if answer["outcome"] == "accepted" and message.type.startswith("tools."):
                await front.complete({"business_unit": message.unit, **message.body["source"]})


async def quiet(stack: Stack) -> dict[str, str]:
    """What each service's rebuild tells once nothing moves any more."""
    before: dict[str, str] = {}
    for _ in range(SECONDS):
        told = {service: (await backline(stack, "rebuild", service))[1] for service in SOURCES}
        if told == before:
            return told
        before = told
    pytest.fail("it never came to rest")


def mails(stack: Stack) -> int:
    return len(list((stack.maildir / "new").iterdir()))


@pytest.mark.stack
@pytest.mark.timeout(400)
async def test_every_projection_is_what_the_facts_make_of_it(stack: Stack) -> None:
    await lived(stack)
    told = await quiet(stack)
    for service, said in told.items():
        assert " 0 differ." in said, f"{service}: {said}"
        assert "cannot" not in said, f"{service}: {said}"
    sent, database = mails(stack), connect(stack.mongod.uri)["backline_notify"]
    assert sent > 0
    spoilt = {"$set": {"state.seats": [], "state.deliveries": {}}}
    changed = (await database["requests"].update_many({"state.seats": {"$ne": []}}, spoilt)).modified_count
    assert changed > 1
    code, said = await backline(stack, "rebuild", "notify")
    assert (code, f"{changed} differ" in said) == (1, True), said
    assert told["notify"].splitlines()[-1] in said, "the checksum is of what the facts make, not of what stands"
    code, said = await backline(stack, "rebuild", "notify", "--swap")
    assert (code, f"{changed} were swapped" in said) == (0, True), said
    assert await quiet(stack) == told
    assert mails(stack) == sent, "nobody was told anything"
