"""Intake goes on from a backup: numbers are not said twice, and what only intake knew comes back when the unit sends it again."""

import asyncio
from typing import Any

import httpx
import pytest

from infra.demo.sample import directory, wave
from infra.stack import Stack
from shared.ledger.document import UNSURE
from shared.schemas.requests import request_id
from shared.storage import connect
from tests.e2e.front import SERVICE, Front
from tests.e2e.test_rebuild import backline
from tests.faults.restores import copied, put_back

SECONDS = 60


async def answered(client: httpx.AsyncClient, stack: Stack, request: str) -> None:
    """Wait until intake has heard what routing made of `request`."""
    for _ in range(SECONDS * 10):
        answer = await client.get(f"{stack.url('intake')}/v1/requests/{request}", headers=SERVICE)
        if answer.is_success and answer.json()["status"] not in {"new", "submitted"}:
            return
        await asyncio.sleep(0.1)
    pytest.fail("nobody answered the request")


async def personal(client: httpx.AsyncClient, stack: Stack, request: str) -> httpx.Response:
    return await client.get(f"{stack.url('intake')}/internal/requests/{request}/personal", headers=SERVICE)


def identity(message: Any) -> str:
    source = message.body["source"]
    return request_id(message.unit, source["system"], source["reference"])


@pytest.mark.stack
@pytest.mark.timeout(300)
async def test_intake_from_a_backup_says_nothing_twice_and_gets_its_private_part_from_the_unit(stack: Stack) -> None:
    older, younger = [one for one in wave("first-wave") if one.type == "tech.survey" and one.expect == "accepted"][:2]
    database = connect(stack.mongod.uri)["backline_intake"]
    async with httpx.AsyncClient(timeout=30) as client:
        front = Front(stack, client)
        await front.employ(directory())
        await front.send("submit", older.body)
        await answered(client, stack, identity(older))
        backup = await copied(database)
        await front.send("submit", younger.body)
        await answered(client, stack, identity(younger))
        values = (await personal(client, stack, identity(younger))).json()
        assert values, "it holds something personal"
        code, said = await backline(stack, "restore", "intake")
        assert (code, said) == (2, ""), "it runs still"
        intake = stack.services["intake-1"]
        intake.kill()
        await put_back(database, backup)
        for _ in range(2):
            code, said = await backline(stack, "restore", "intake")
            assert (code, "1 set aside, 0 not restored" in said, "may be started" in said) == (1, True, True), said
            assert identity(younger) in said
        intake.start()
        await intake.wait_until_answers(f"{stack.url('intake')}/readyz")
        assert (await front.send("submit", younger.body))["outcome"] == "refused"
        assert not (await personal(client, stack, identity(younger))).is_success, "a rendering waits"
        assert (await backline(stack, "reconcile"))[0] == 0
        assert (await backline(stack, "redrive", identity(younger), "--service", "intake"))[0] == 0
        await answered(client, stack, identity(younger))
        answer = await front.send("submit", younger.body)
        assert (answer["outcome"], answer["duplicate"]) == ("accepted", True)
        assert (await personal(client, stack, identity(younger))).json() == values
    parked = [one async for one in database["requests"].find({"parked": {"$type": "string"}})]
    assert [one["parked"] for one in parked if one["parked"].startswith(UNSURE)] == []
    heads = {one["_id"]: one["head"] async for one in database["requests"].find({})}
    assert heads == {identity(older): 1, identity(younger): 1}
