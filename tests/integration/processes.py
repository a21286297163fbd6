"""Single service processes for tests, on the shared real parts, ended by their own process id."""

import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from infra.embedded.programs import Program, free_port

TOKEN = "integration-service-token"
SERVICE = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def service(
    name: str,
    folder: Path,
    *,
    mongo_uri: str,
    broker: str,
    database: str,
    ready: bool = True,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[str]:
    """A running service's address. With `ready` false it only has to answer: its broker may be away."""
    port = free_port()
    environment = {
        "BACKLINE_MONGO_URI": mongo_uri,
        "BACKLINE_BROKER": broker,
        "BACKLINE_DATABASE": database,
        "BACKLINE_PORT": str(port),
        "BACKLINE_ENVIRONMENT": "development",
        "BACKLINE_CLOCK": "2027-03-01T09:00:00+08:00",
        "BACKLINE_SERVICE_TOKEN": TOKEN,
        "BACKLINE_SESSION_TIMEOUT_MS": "6000",
        "BACKLINE_REBALANCE_TIMEOUT_MS": "6000",
        "BACKLINE_LOG": "json",
        **(settings or {}),
    }
    log = folder / f"{name}-{uuid.uuid4().hex[:6]}.log"
    program = Program(name, [sys.executable, "-m", f"services.{name}.app"], log=log, environment=environment)
    program.start()
    address = f"http://127.0.0.1:{port}"
    try:
        await program.wait_until_answers(f"{address}/{'readyz' if ready else 'livez'}")
        yield address
    finally:
        await program.stop()
