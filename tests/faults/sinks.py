"""A mail server and a chat vendor that misbehave when told to, and note everything they take, also what they never admit to."""

import asyncio
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from typing import Literal

from infra.demo.sinks import NOTIFICATION
from tests.faults.history import Taken

SmtpStepName = Literal["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "dot"]
SMTP_STEPS: tuple[SmtpStepName, ...] = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "dot")
Kind = Literal["drop", "delay", "defer", "kill"]


@dataclass(kw_only=True)
class Mischief:
    """The next `times` sessions that come to `step` meet `kind`; a delay lasts `seconds`."""

    step: str
    kind: str
    times: int = 1
    seconds: float = 2.0


@dataclass
class Sink(ABC):
    """What both have: a list of what was taken, mischief to come, and somebody to kill when told to."""

    taken: list[Taken] = field(default_factory=list)
    mischief: list[Mischief] = field(default_factory=list)
    kill: Callable[[], None] = lambda: None
    done: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _sessions: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.close()

    def misbehave(self, mischief: Sequence[Mischief]) -> None:
        """From now on; sessions that are open end, so that every step is come to again."""
        self.mischief[:] = mischief
        for writer in self._sessions:
            writer.close()

    def meets(self, step: str) -> Mischief | None:
        """The mischief at `step`, used up by one."""
        found = next((one for one in self.mischief if one.step == step and one.times > 0), None)
        if found is not None:
            found.times -= 1
            self.done += 1
        return found

    def take(self, channel: str, delivery: str) -> int:
        """Note it as taken and not yet admitted; the place of the note."""
        self.taken.append(Taken(channel=channel, delivery=delivery, said=False, at=time.monotonic()))
        return len(self.taken) - 1

    def admit(self, place: int) -> None:
        """The sender has been told."""
        was = self.taken[place]
        self.taken[place] = Taken(channel=was.channel, delivery=was.delivery, said=True, at=was.at)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sessions.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, Broken):
            await self.talk(reader, writer)
        self._sessions.discard(writer)
        writer.close()

    @abstractmethod
    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session."""


class Broken(Exception):  # noqa: N818
    """The sink breaks the connection off."""


class MailSink(Sink):
    """SMTP, one mail after the other."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer("greeting", "220 sink", writer)
        while line := await reader.readline():
            verb = line.split()[0].decode("ascii", "replace").upper() if line.strip() else ""
            match verb:
                case "DATA":
                    await self._answer("DATA", "354 go on", writer)
                    await self._content(reader, writer)
                case "QUIT":
                    await self._say(writer, "221 bye")
                    return
                case _:
                    await self._answer(verb, "250 ok", writer)

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (met := self.meets("content")) is not None:
            await reader.readline()
            await self._suffer(met)
            raise Broken
        content = await reader.readuntil(b"\r\n.\r\n")
        met = self.meets("dot")
        if met is not None and met.kind == "defer":
            await self._say(writer, "451 4.3.0 try again later")
            return
        identity = str(BytesHeaderParser().parsebytes(content)["Message-ID"]).strip("<> ").split("@")[0]
        place = self.take("email", identity)
        if met is not None:
            await self._suffer(met)
        await self._say(writer, "250 2.0.0 taken")
        if not reader.at_eof():
            self.admit(place)

    async def _answer(self, step: str, words: str, writer: asyncio.StreamWriter) -> None:
        met = self.meets(step)
        if met is not None and met.kind == "defer":
            await self._say(writer, "451 4.3.0 try again later")
            return
        if met is not None:
            await self._suffer(met)
        await self._say(writer, words)

    async def _suffer(self, met: Mischief) -> None:
        """A delay passes; everything else breaks the connection."""
        if met.kind == "delay":
            await asyncio.sleep(met.seconds)
            return
        if met.kind == "kill":
            self.kill()
        raise Broken

    async def _say(self, writer: asyncio.StreamWriter, words: str) -> None:
        writer.write(words.encode() + b"\r\n")
        await writer.drain()


class ChatSink(Sink):
    """The vendor's endpoint: HTTP/1.1, and the truth in the body."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            body = json.loads(await reader.readexactly(int(length[1]) if length else 0) or b"{}")
            met = self.meets("answer")
            kind = met.kind if met else "ok"
            places = []
            if kind in {"ok", "drop", "kill", "delay"}:
                text = body[body["msgtype"]]["content"]
                places = [self.take("chat", identity) for identity in NOTIFICATION.findall(text)]
            if met is not None and kind == "delay":
                await asyncio.sleep(met.seconds)
            if kind in {"drop", "kill"}:
                if kind == "kill":
                    self.kill()
                raise Broken
            await self._respond(writer, kind)
            for place in places:
                self.admit(place)

    async def _respond(self, writer: asyncio.StreamWriter, kind: str) -> None:
        status = "429 Too Many Requests" if kind == "429" else "200 OK"
        answer = json.dumps({"errcode": -1 if kind == "busy" else 0, "errmsg": kind}).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\nContent-Type: application/json\r\n\r\n".encode() + answer
        )
        await writer.drain()
