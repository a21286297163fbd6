"""Intake's mail port in real processes: the same mail at two of them, and again after both have ended, is one request."""

import asyncio
import smtplib
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import yaml

from infra.embedded import free_port
from shared.schemas.requests import number_of, request_id
from shared.storage import connect
from tests.builders import a_directory
from tests.integration.processes import SERVICE, service
from tests.unit.intake.letters import a_mail

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
NOBODY = f"127.0.0.1:{free_port()}"
NUMBER = number_of(request_id("harbour", "mail", "<m1@firm.example>"))


def handed_over(port: int) -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo()
        client.mail("a1@firm.example")
        client.rcpt("support@backline.example")
        return client.data(a_mail())


async def employ(address: str) -> None:
    directory = a_directory()
    units = [unit.model_dump(mode="json") for unit in directory.units.values()]
    people = [person.model_dump(mode="json", exclude={"leave"}) for person in directory.people.values()]
    content = yaml.safe_dump({"business_units": units, "people": people}, allow_unicode=True)
    async with httpx.AsyncClient(timeout=60) as client:
        (await client.post(f"{address}/v1/people:import", content=content.encode(), headers=SERVICE)).raise_for_status()


async def test_one_mail_at_two_processes_and_again_after_their_end_is_one_request(tmp_path: Path, mongo_uri: str) -> None:
    database, ports = f"test_{uuid.uuid4().hex}", [free_port(), free_port()]
    answers: list[tuple[int, bytes]] = []

    async def running(stack: AsyncExitStack, port: int) -> str:
        settings = {"BACKLINE_MAIL_PORT": str(port)}
        place = service("intake", tmp_path, mongo_uri=mongo_uri, broker=NOBODY, database=database, ready=False, settings=settings)
        return await stack.enter_async_context(place)

    async with AsyncExitStack() as stack:
        address = await running(stack, ports[0])
        assert (await asyncio.to_thread(handed_over, ports[0]))[0] == 451  # nobody is employed yet
        await employ(address)
        await running(stack, ports[1])  # it reads the directory at its start: there is no broker to hear of people from
        answers += await asyncio.gather(*(asyncio.to_thread(handed_over, ports[turn % 2]) for turn in range(4)))
    async with AsyncExitStack() as stack:
        await running(stack, ports[0])
        answers.append(await asyncio.to_thread(handed_over, ports[0]))
    assert set(answers) == {(250, f"2.0.0 {NUMBER} accepted".encode())}
    client = connect(mongo_uri)
    (request,) = [one async for one in client[database]["requests"].find({})]
    assert [event["type"] for event in request["events"]] == ["backline.request.submitted"]
    assert await client[database]["mails"].count_documents({}) == 1
    await client.drop_database(database)
