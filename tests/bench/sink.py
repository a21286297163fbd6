"""A fast SMTP server for the benchmark: `python -m tests.bench.sink --port P --times FILE`. It keeps no mail.

It answers HELP with the number of mails taken, and on SIGTERM writes when it took each: a line of JSON,
[CLOCK_MONOTONIC seconds, request id].
"""

import argparse
import asyncio
import re
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import cast

import orjson
import uvloop

REQUEST = re.compile(rb"^In-Reply-To:\s*<request\.([0-9a-f-]+)@", re.MULTILINE)
END = b"\r\n.\r\n"


class Taken:
    """Every mail taken, in order."""

    def __init__(self) -> None:
        self.times: list[tuple[float, bytes]] = []

    def take(self, mail: bytes) -> None:
        """One mail."""
        found = REQUEST.search(mail)
        self.times.append((time.monotonic(), found[1] if found else b""))


class Session(asyncio.Protocol):
    """One connection, from greeting to goodbye."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._buffer = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"220 sink.localdomain\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        """Handle the next command or mail of the buffer; False when it is not complete yet."""
        end = END if self._in_data else b"\r\n"
        piece, found, rest = self._buffer.partition(end)
        if not found:
            return False
        self._buffer = rest
        if self._in_data:
            self._taken.take(piece)
            self._in_data = False
            self._transport.write(b"250 taken\r\n")
        else:
            self._transport.write(self._answer(piece[:4].upper()))
        return True

    def _answer(self, verb: bytes) -> bytes:
        match verb:
            case b"DATA":
                self._in_data = True
                return b"354 go on\r\n"
            case b"HELP":
                return b"214 %d\r\n" % len(self._taken.times)
            case b"QUIT":
                return b"221 bye\r\n"
            case b"EHLO":
                return b"250-sink.localdomain\r\n250 8BITMIME\r\n"
            case _:
                return b"250 ok\r\n"


async def count(port: int) -> int:
    """How many mails the sink at `port` has taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with closing(writer):
        await reader.readline()
        writer.write(b"HELP\r\n")
        return int((await reader.readline()).split()[1])


async def serve(port: int) -> Taken:
    """Until SIGTERM; what was taken."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    taken = Taken()
    server = await loop.create_server(lambda: Session(taken), "127.0.0.1", port)
    await stop.wait()
    server.close()
    return taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--times", type=Path, required=True)
    given = parser.parse_args()
    mails = uvloop.run(serve(given.port)).times
    given.times.write_bytes(b"".join(orjson.dumps([at, request.decode()]) + b"\n" for at, request in mails))
