"""What the load generator itself can send: measured against a server that does nothing but answer."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import cast

import httptools
import uvloop

from infra.embedded.programs import Program, free_port
from shared.schemas.model import Json
from tests.bench import ground, mix
from tests.bench.company import company, requesters

REQUESTS = 5000
ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Trivial(asyncio.Protocol):
    """Answers 202 to whatever was asked."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """The parser's call at the end of a request."""
        self._transport.write(ANSWER)


async def load_generator(folder: Path, requests: int = REQUESTS) -> Json:
    """{load_requests_per_second}: with the trivial server on the same machine."""
    port = free_port()
    server = Program("trivial", ground.python("ceilings", port), log=folder / "log" / "trivial.log")
    server.start()

    async def answers() -> bool:
        with suppress(OSError):
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
            return True
        return False

    await server.wait_until(answers)
    try:
        rows = await ground.load(folder, port, mix.requests(requests, requesters(company(50))))
    finally:
        await server.stop(5)
    spent = max(answered for _, answered, _ in rows) - min(due for due, _, _ in rows)
    return {"load_requests_per_second": requests / spent}


async def serve(port: int) -> None:
    """Until killed."""
    server = await asyncio.get_running_loop().create_server(Trivial, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
