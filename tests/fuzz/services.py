"""All four services as they are wired, in one process of their own, on a real database; the broker is away, so nobody hears the others.

As a program: `python -m tests.fuzz.services MONGO_URI FILE` serves until it is ended, and writes the addresses into FILE.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from infra.embedded import Mongod
from infra.embedded.ports import free_port
from infra.stack import SERVICE_TOKEN
from shared.http.heads import Protocol
from shared.service import process
from tests.component.http.test_service_http import BUILDERS, ENVIRONMENT
from tests.fuzz.driving import Stack

START_SECONDS = 90
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def services(mongo_uri: str, folder: Path) -> Iterator[Stack]:
    """Their addresses, until the end of the block; what they log is in `folder`."""
    told = folder / "addresses.json"
    command = [sys.executable, "-m", "tests.fuzz.services", mongo_uri, str(told)]
    with (folder / "services.log").open("wb") as log:
        running = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not told.exists():
                ended = running.poll() is not None or time.monotonic() > deadline
                assert not ended, (folder / "services.log").read_text(encoding="utf-8")[-2000:]
                time.sleep(0.05)
            yield Stack(urls=json.loads(told.read_text(encoding="utf-8")))
        finally:
            running.kill()
            running.wait(START_SECONDS)


@contextmanager
def alone() -> Iterator[Stack]:
    """The services on a database of their own, both gone after the block."""
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        mongod = Mongod(Path(folder) / "database")
        loop.run_until_complete(mongod.start())
        try:
            with services(mongod.uri, Path(folder)) as running:
                yield running
        finally:
            loop.run_until_complete(mongod.stop())
            loop.close()


def _application(service: str, mongo_uri: str, database: str) -> FastAPI:
    model, build = BUILDERS[service]
    own = {"MONGO_URI": mongo_uri, "ENVIRONMENT": "development", "SERVICE_TOKEN": SERVICE_TOKEN, "DATABASE": database}
    return build(model.read(service, ENVIRONMENT | {f"BACKLINE_{name}": value for name, value in own.items()}))  # type: ignore[arg-type]


async def _serve(mongo_uri: str, told: Path) -> None:
    process.WATCH_SECONDS = 3600  # without a broker nobody reads, and here that is no reason to end
    name, servers, urls = uuid.uuid4().hex[:8], [], {}
    for service in BUILDERS:
        port = free_port()
        app = _application(service, mongo_uri, f"fuzz_{name}_{service}")
        servers.append(uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, http=Protocol)))
        urls[service] = f"http://127.0.0.1:{port}"
    serving = asyncio.gather(*(server.serve() for server in servers))
    while not all(server.started for server in servers):
        assert not serving.done(), serving
        await asyncio.sleep(0.05)
    written = told.with_suffix(".part")
    written.write_text(json.dumps(urls), encoding="utf-8")
    written.rename(told)
    await serving


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
