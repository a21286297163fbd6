"""Serving as a process: built in its event loop, on SIGTERM it is unready at once, finishes what it does, and ends its lifespan."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from infra.embedded.ports import free_port

ROOT = Path(__file__).parents[3]
LIMIT_SECONDS = 60
PROGRAM = """
import asyncio, os, signal, sys
from contextlib import asynccontextmanager
from fastapi import APIRouter
from shared.http.server import create_app, serve
from shared.telemetry.health import Health

@asynccontextmanager
async def lifespan(_app):
    print("started", flush=True)
    yield
    print("stopped", flush=True)

def build():
    asyncio.get_running_loop()
    health, router = Health(), APIRouter()

    @router.get("/stop")
    async def stop():
        before = await health.problems("ready")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.2)
        return {"before": before, "after": await health.problems("ready")}

    return create_app(service="notify", health=health, lifespan=lifespan, routers=[router])

serve(build, "127.0.0.1", int(sys.argv[1]))
"""


HANGING = """
import sys, time
from contextlib import asynccontextmanager
from shared.http import server
from shared.telemetry.health import Health

@asynccontextmanager
async def lifespan(_app):
    print("started", flush=True)
    yield
    print("hangs", flush=True)
    time.sleep(600)  # in a call that never returns: no other task runs, no signal handler either

server.EXIT_SECONDS = 5
server.serve(lambda: server.create_app(service="notify", health=Health(), lifespan=lifespan), "127.0.0.1", int(sys.argv[1]))
"""


@contextmanager
def running(program: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The address and the process of `program`, which ends with the block."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(port)], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def service() -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    with running(PROGRAM) as started:
        yield started


def wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"The service was not ready within {LIMIT_SECONDS} s.")


def test_a_request_under_way_is_finished_while_readiness_is_off(service: tuple[str, "subprocess.Popen[str]"]):
    address, process = service
    wait_until_ready(address)
    answer = httpx.get(f"{address}/stop", timeout=LIMIT_SECONDS).json()
    assert answer == {"before": {}, "after": {"process": "The process is stopping."}}
    printed, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert printed.split() == ["started", "stopped"]
    assert process.returncode in {0, -signal.SIGTERM}


def test_a_process_that_hangs_at_its_end_is_ended_by_the_kernel():
    with running(HANGING) as (address, process):
        wait_until_ready(address)
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=LIMIT_SECONDS)
        assert printed.split() == ["started", "hangs"]
        assert process.returncode == -signal.SIGALRM


def test_a_port_that_is_taken_ends_the_process_with_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, port],
            capture_output=True,
            timeout=LIMIT_SECONDS,
            env=environment,
            cwd=ROOT,
            check=False,
        )
    assert ended.returncode != 0
