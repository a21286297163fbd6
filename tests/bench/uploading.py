"""`python -m tests.bench.uploading`: the memory that uploads of the largest size cost the process that takes them.

Intake's addresses behind a real server on a real mongod; files of noise, one after the other and several at once.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import uvicorn
from fastapi import FastAPI

from infra.embedded import Mongod
from services.intake.api import attachment_routes
from services.intake.attachments import Attachments
from shared.catalogue.attachments import MAX_BYTES
from shared.http.principal import Principal
from shared.http.server import create_app
from shared.http.signed import Signer
from shared.storage import BlobStore, connect
from shared.telemetry.clock import clock_from
from shared.telemetry.health import Health

MIB = 1024 * 1024
PIECE = 64 * 1024


def an_app(uri: str) -> FastAPI:
    """Intake's addresses of attachments over the mongod at `uri`, for whoever asks."""
    database = connect(uri)["bench_uploads"]
    blobs, projection = BlobStore(database), SimpleNamespace()

    async def anybody() -> Principal:
        return Principal(kind="unit", id="harbour", business_unit="harbour")

    signer = Signer(("a-secret-of-the-benchmark",), clock_from(None, "production").now)
    store = Attachments(blobs, database["refused_files"])
    routes = attachment_routes(store, blobs, projection, signer, anybody)  # type: ignore[arg-type]
    return create_app(service="intake", health=Health(), routers=(routes,), limits={"/v1/attachments": MAX_BYTES})


def noise(number: int) -> Iterator[bytes]:
    """25 MiB that are unlike those of any other number."""
    piece = os.urandom(PIECE - 16)
    for place in range(MAX_BYTES // PIECE):
        yield number.to_bytes(8) + place.to_bytes(8) + piece


async def pieces(number: int) -> AsyncIterator[bytes]:
    """As `noise`, for an asynchronous client."""
    for piece in noise(number):
        yield piece


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The address of `app` behind a server in this process."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http="httptools", loop="asyncio", log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


async def measured(count: int, at_once: int) -> tuple[float, float, float]:
    """MiB before, at the peak, and seconds for `count` uploads, `at_once` of them at a time; server and sender in one process."""
    process, peak = psutil.Process(), 0
    with tempfile.TemporaryDirectory() as folder:
        mongod = Mongod(Path(folder))
        await mongod.start()
        async with served(an_app(mongod.uri)) as address, httpx.AsyncClient(timeout=600) as client:
            (await client.post(f"{address}/v1/attachments", content=b"to begin with")).raise_for_status()
            before, slots, started = process.memory_info().rss, asyncio.Semaphore(at_once), time.monotonic()

            async def one(number: int) -> None:
                async with slots:
                    (await client.post(f"{address}/v1/attachments", content=pieces(number))).raise_for_status()

            sending = asyncio.gather(*(one(number) for number in range(count)))
            while not sending.done():
                peak = max(peak, process.memory_info().rss)
                await asyncio.sleep(0.02)
            await sending
            seconds = time.monotonic() - started
        await mongod.stop()
    return before / MIB, peak / MIB, seconds


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--at-once", type=int, default=1)
    given = parser.parse_args()
    before, peak, seconds = asyncio.run(measured(given.count, given.at_once))
    told = f"{given.count} uploads of 25 MiB, {given.at_once} at once: {before:.0f} MiB before, {peak:.0f} MiB at the peak"
    print(f"{told} (sender included), {given.count * MAX_BYTES / MIB / seconds:.0f} MiB/s")


if __name__ == "__main__":
    main()
