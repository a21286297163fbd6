"""The load generator, a process of its own: `python -m tests.bench.load --port P --bodies FILE --result FILE [--rate R]`.

Without a rate each of its kept connections sends the next request as soon as the last is answered. With a rate requests
are sent at their own times, whatever was answered, and latency counts from the time at which one was due.
"""

import argparse
import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import httptools
import orjson
import uvloop

CONNECTIONS = 64
Row = tuple[float, float, int]
"""When a request was due, when its answer was complete (CLOCK_MONOTONIC), and the answer's status."""


class Connection(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self, answered: "Callable[[Connection, int], None]") -> None:
        self._answered = answered
        self._parser = httptools.HttpResponseParser(self)
        self.number = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """An answer that will not come counts as status 0."""
        if self.number >= 0:
            self._answered(self, 0)

    def on_message_complete(self) -> None:
        """The parser's call at the end of an answer."""
        self._answered(self, self._parser.get_status_code())

    def send(self, number: int, request: bytes) -> None:
        """Send request `number`."""
        self.number = number
        self._transport.write(request)


class Load:
    """Sends all of `requests` and notes what became of each; `rate` is None for as fast as answers come."""

    def __init__(self, port: int, requests: Sequence[bytes], rate: float | None) -> None:
        self._port = port
        self._requests = requests
        self._rate = rate
        self._due: deque[tuple[int, float]] = deque()
        self._idle: list[Connection] = []
        self._times: dict[int, float] = {}
        self._done = asyncio.Event()
        self.rows: dict[int, Row] = {}

    async def run(self) -> None:
        """Returns when every request is answered."""
        loop = asyncio.get_running_loop()
        for _ in range(min(CONNECTIONS, len(self._requests))):
            _, connection = await loop.create_connection(lambda: Connection(self._answered), "127.0.0.1", self._port)
            self._idle.append(connection)
        started = time.monotonic()
        for number in range(len(self._requests)):
            due = started + number / self._rate if self._rate else started
            if self._rate:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._due.append((number, due))
            self._send()
        await self._done.wait()

    def _send(self) -> None:
        while self._due and self._idle:
            number, due = self._due.popleft()
            self._times[number] = due if self._rate else time.monotonic()
            self._idle.pop().send(number, self._requests[number])

    def _answered(self, connection: Connection, status: int) -> None:
        self.rows[connection.number] = (self._times[connection.number], time.monotonic(), status)
        self._idle.append(connection)
        self._send()
        if len(self.rows) == len(self._requests):
            self._done.set()


def as_http(line: bytes) -> bytes:
    """The request that posts one line of the bodies' file, {"unit", "body"}, with the unit's development token."""
    filed = orjson.loads(line)
    body = orjson.dumps(filed["body"])
    head = (
        "POST /v1/requests HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer dev-unit-{filed['unit']}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def main(given: argparse.Namespace) -> None:
    """Send, then write the rows as one JSON list, in the order of the bodies."""
    load = Load(given.port, [as_http(line) for line in given.bodies.read_bytes().splitlines()], given.rate)
    await load.run()
    given.result.write_bytes(orjson.dumps([load.rows[number] for number in range(len(load.rows))]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bodies", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--rate", type=float)
    uvloop.run(main(parser.parse_args()))
