"""SMTP servers for tests: aiosmtpd's real one, and a scripted one that breaks off or stays silent at a chosen step."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Never

from infra.sinks import mail as sink


@dataclass
class Inbox:
    """An aiosmtpd handler that keeps every mail; answers may be scripted per step, once each or always."""

    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    sessions: set[Any] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, _server: Any, session: Any, envelope: Any, address: str, _options: list[str]
    ):
        self.sessions.add(session)
        if self.rcpt:
            return self.rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(  # noqa: N802  # aiosmtpd calls it so
        self, _server: Any, _session: Any, envelope: Any
    ):
        if self.data:
            return self.data.pop(0)
        self.mails.append((envelope.rcpt_tos[0], envelope.content))
        return "250 2.0.0 Message accepted"


@asynccontextmanager
async def serving(handler: Any) -> AsyncIterator[int]:
    """aiosmtpd with `handler` on a free port of the loopback."""
    server = await sink.start(handler)
    try:
        yield sink.port_of(server)
    finally:
        server.close()


STEPS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "dot")


@dataclass
class Breaking:
    """Speaks SMTP until `step`, then drops the connection or falls silent. `taken` holds the contents it has in full.

    It greets nobody but with 421 while it has `lets_in` connections open.
    """

    step: str
    silent: bool = False
    taken: list[bytes] = field(default_factory=list)
    took: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    lets_in: int | None = None
    open: int = 0
    turned_away: int = 0
    data: str = "354 go on"
    heard: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            if self.lets_in is not None and self.open > self.lets_in:
                self.turned_away += 1
                await self._answer("greeting", reader, writer, "421 4.7.0 too many connections")
            else:
                await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, StopAsyncIteration):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer("greeting", reader, writer, "220 breaking")
        while line := await reader.readline():
            verb = line.split()[0].decode().upper()
            self.heard.append(line)
            if verb == "DATA":
                await self._answer("DATA", reader, writer, self.data)
                if self.data.startswith("354"):
                    await self._content(reader, writer)
            else:
                await self._answer(verb, reader, writer, "250 ok")

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.step == "content":
            await reader.readline()
            await self._break(reader)
        content = await reader.readuntil(b"\r\n.\r\n")
        self.taken.append(content)
        self.took.set()
        await self._answer("dot", reader, writer, "250 2.0.0 taken")

    async def _answer(self, step: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: str) -> None:
        if step == self.step:
            await self._break(reader)
        writer.write(words.encode() + b"\r\n")
        await writer.drain()

    async def _break(self, reader: asyncio.StreamReader) -> Never:
        if self.silent:
            await reader.read(-1)
        raise StopAsyncIteration


@asynccontextmanager
async def breaking(step: str, **how: Any) -> AsyncIterator[tuple[int, Breaking]]:
    """A Breaking server on a free port of the loopback."""
    script = Breaking(step=step, **how)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], script
    finally:
        server.close()
