"""A unit's receiver on loopback, byte by byte, so that it can misbehave; it verifies signatures with its own lines alone."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

TLS = Path(__file__).parents[2] / "samples" / "tls"
CA = TLS / "ca.pem"
NAME = "hooks.unit.example"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(status: int, *headers: str, body: bytes = b"") -> Behaviour:
    """A plain answer."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """No answer until the caller gives up."""
    await reader.read()


async def resetting(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reset in the middle of the status line."""
    writer.write(b"HTTP/1.1 2")
    await writer.drain()
    writer.transport.abort()


async def resetting_in_the_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A status, and a reset in the middle of the body."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.transport.abort()


async def dripping_headers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One byte after the other, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def babbling(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """No HTTP at all."""
    writer.write(b"\x00\xff\x16 250 OK\r\n\r\n" * 100)
    await writer.drain()


async def endless_headers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A status, and headers as fast as they are taken."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 4000 + b"\r\n")
        await writer.drain()


async def dripping_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A status at once, and a body that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


def huge(sent: list[int]) -> Behaviour:
    """A body of a gigabyte; `sent` counts how much of it anybody took."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(1024):
            writer.write(bytes(1 << 20))
            await writer.drain()
            sent.append(1 << 20)

    return answer


@dataclass(kw_only=True)
class Receiver:
    """`behaviours` answer one request each, the last all others. `received` is all that came, `effects` what was not had before."""

    behaviours: Sequence[Behaviour] = (answering(204),)
    tls: bool = False
    address: str = "127.0.0.1"
    port: int = 0
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def __aenter__(self) -> Self:
        context = None
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
        self._server = await asyncio.start_server(self._serve, self.address, self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        """Its address, under the certificate's name when it speaks TLS."""
        return f"https://{NAME}:{self.port}/hook?t=1" if self.tls else f"http://{self.address}:{self.port}/hook?t=1"

    @property
    def ids(self) -> list[str]:
        """The webhook-id of all that came."""
        return [headers["webhook-id"] for headers, _ in self.received]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            headers["request-line"] = first
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            known = set(self.ids)
            self.received.append((headers, body))
            if headers.get("webhook-id") not in known:
                self.effects.append(json.loads(body))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await self.behaviours[min(len(self.received), len(self.behaviours)) - 1](reader, writer)
            finally:
                self.at_once -= 1
        except (OSError, asyncio.IncompleteReadError):
            return  # the caller went away, as it may
        finally:
            writer.close()


def signed_by(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether any of the signatures is right; written from the standard, without a line of ours."""
    key = base64.b64decode(secret[len("whsec_") :])
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")
