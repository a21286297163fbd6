"""Intake is killed (-9) after it took a mail from a real mailbox and before it marked it: the next one makes nothing twice."""

import asyncio
import sys
import uuid
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from infra.embedded.programs import Program, free_port
from shared.storage import connect
from tests.integration.processes import TOKEN
from tests.integration.test_mail_processes import NOBODY, employ
from tests.on_mailbox import PASSWORD, Postman, a_server, flags_of, keywords
from tests.unit.intake.letters import a_mail

pytestmark = [pytest.mark.stack, pytest.mark.timeout(560)]
MARKING = (b"STORE", b"MOVE")
PATIENCE_SECONDS = 180


class Wire:
    """Between intake and the mailbox. `holds`: what would mark a mail is kept back, and `held` says so."""

    def __init__(self, port: int, *, holds: bool) -> None:
        self._port = port
        self._holds = holds
        self.held = asyncio.Event()
        self.port = free_port()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, to_behind = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._commands(reader, to_behind), self._passed(behind, writer), return_exceptions=True)

    async def _commands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if self._holds and any(word in line for word in MARKING):
                self.held.set()
                continue
            writer.write(line)
            await writer.drain()
        writer.close()

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
        writer.close()


def intake(folder: Path, name: str, *, port: int, **settings: str) -> Program:
    environment = {
        "BACKLINE_BROKER": NOBODY,
        "BACKLINE_PORT": str(port),
        "BACKLINE_ENVIRONMENT": "development",
        "BACKLINE_CLOCK": "2027-03-01T09:00:00+08:00",
        "BACKLINE_SERVICE_TOKEN": TOKEN,
        "BACKLINE_LOG": "json",
        "BACKLINE_MAIL_IMAP_HOST": "127.0.0.1",
        "BACKLINE_MAIL_IMAP_TLS": "none",
        "BACKLINE_MAIL_IMAP_USER": "support",
        "BACKLINE_MAIL_IMAP_PASSWORD": PASSWORD,
        "BACKLINE_MAIL_IMAP_SECONDS": "0.2",
        **settings,
    }
    return Program(name, [sys.executable, "-m", "services.intake.app"], log=folder / f"{name}.log", environment=environment)


async def counted(database: Any) -> tuple[list[str], int]:
    """(what was said of the only request, how many mails were taken)."""
    requests = [one async for one in database["requests"].find({})]
    told = [event["type"] for request in requests for event in request["events"]]
    return told, await database["mails"].count_documents({})


@pytest.mark.parametrize("folders", [False, True], ids=["keywords", "folders"])
async def test_killed_between_taking_and_marking_it_does_nothing_twice(tmp_path: Path, mongo_uri: str, folders: bool) -> None:
    server = a_server(tmp_path, "support")
    await server.start()
    name, port = f"test_{uuid.uuid4().hex}", free_port()
    client = connect(mongo_uri)
    settings = {"BACKLINE_MONGO_URI": mongo_uri, "BACKLINE_DATABASE": name}
    if folders:
        settings |= {"BACKLINE_MAIL_IMAP_DONE_FOLDER": "Done", "BACKLINE_MAIL_IMAP_REFUSED_FOLDER": "Refused"}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop)
        holding = await stack.enter_async_context(Wire(server.ports["imap"], holds=True))
        passing = await stack.enter_async_context(Wire(server.ports["imap"], holds=False))
        first = intake(tmp_path, "first", port=port, BACKLINE_MAIL_IMAP_PORT=str(holding.port), **settings)
        first.start()
        stack.callback(first.kill)
        await first.wait_until_answers(f"http://127.0.0.1:{port}/livez", PATIENCE_SECONDS)
        await employ(f"http://127.0.0.1:{port}")
        postman = Postman(server, "support")
        postman.deliver(a_mail())
        await asyncio.wait_for(holding.held.wait(), PATIENCE_SECONDS)
        first.kill()
        taken = (["backline.request.submitted"], 1)
        assert await counted(client[name]) == taken, "the control: it was killed after it had taken the mail"
        assert await flags_of(postman) == [set()], "and before it had marked it"
        port = free_port()
        second = intake(tmp_path, "second", port=port, BACKLINE_MAIL_IMAP_PORT=str(passing.port), **settings)
        second.start()
        stack.push_async_callback(second.stop)

        async def marked() -> bool:
            return keywords(await flags_of(postman)) == ([] if folders else [["BacklineTaken"]])

        await second.wait_until(marked, PATIENCE_SECONDS)
        assert await counted(client[name]) == taken
        if folders:
            assert len(await flags_of(postman, "Done")) == 1
    await client.drop_database(name)
    client.close()
