"""All four services as they are wired, in this process, on a real database; the broker is away, so nobody hears the others."""

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from infra.embedded.ports import free_port
from infra.stack import SERVICE_TOKEN
from shared.http.heads import Protocol
from tests.component.http.test_service_http import BUILDERS, ENVIRONMENT
from tests.fuzz.driving import Stack

START_SECONDS = 60


@contextmanager
def services(mongo_uri: str) -> Iterator[Stack]:
    """Their addresses, until the end of the block."""
    name = uuid.uuid4().hex[:8]
    ports = {service: free_port() for service in BUILDERS}
    environment = {
        **ENVIRONMENT,
        "BACKLINE_MONGO_URI": mongo_uri,
        "BACKLINE_ENVIRONMENT": "development",
        "BACKLINE_SERVICE_TOKEN": SERVICE_TOKEN,
    }
    servers: list[uvicorn.Server] = []

    def built(service: str) -> FastAPI:
        model, build = BUILDERS[service]
        own = {"BACKLINE_DATABASE": f"fuzz_{name}_{service}", "BACKLINE_PORT": str(ports[service])}
        return build(model.read(service, {**environment, **own}))  # type: ignore[arg-type]

    async def serve() -> None:
        for service, port in ports.items():
            config = uvicorn.Config(built(service), host="127.0.0.1", port=port, log_config=None, http=Protocol)
            servers.append(uvicorn.Server(config))
        await asyncio.gather(*(server.serve() for server in servers))

    thread = threading.Thread(target=_run, args=(serve,), daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while len(servers) < len(ports) or not all(server.started for server in servers):
        assert thread.is_alive() and time.monotonic() < deadline, "the services did not start"  # noqa: PT018  # one fact
        time.sleep(0.05)
    try:
        yield Stack(urls={service: f"http://127.0.0.1:{port}" for service, port in ports.items()})
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(START_SECONDS)


def _run(serve: Any) -> None:
    asyncio.run(serve())
