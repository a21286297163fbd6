"""A rendering child that dies or hangs costs one attempt; the next rendering has a new child."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.documents.rendering.children import Children, RenderingFailedError
from services.documents.rendering.given import Job
from tests.builders import a_body
from tests.infra.waiting import eventually, runs
from tests.unit.documents.renderings import a_job, text_of

ROOT = Path(__file__).parents[3]
A_SERVICE = """
import asyncio, multiprocessing, sys
from services.documents.rendering.children import Children
from tests.builders import a_body
from tests.unit.documents.renderings import a_job

if __name__ == "__main__":
    asyncio.run(Children().render(a_job(a_body("tools.company"))))
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    sys.stdin.read()
"""


class InTheChild:
    """Calls a function when it is unpacked, which happens in the child alone."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self._call, self._arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call, self._arguments


def job_that(call: Callable[..., Any], *arguments: Any) -> Job:
    good = a_job(a_body("tools.company"))
    return Job(**{**vars(good), "names": InTheChild(call, *arguments)})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def children() -> AsyncIterator[Children]:
    pool = Children(seconds=60)
    yield pool
    await pool.close()


async def test_a_child_renders(children: Children):
    made = await children.render(a_job(a_body("tools.company")))
    assert "公司资料清单" in text_of(made.data)


async def test_after_a_child_died_the_next_rendering_works(children: Children):
    with pytest.raises(RenderingFailedError, match="ended before"):
        await children.render(job_that(os._exit, 9))
    assert (await children.render(a_job(a_body("tools.company")))).data.startswith(b"%PDF-")


async def test_all_that_wait_for_a_dead_child_hear_of_it_and_none_hangs(children: Children):
    jobs = [job_that(os._exit, 9), *[a_job(a_body("tools.company")) for _ in range(2)]]
    async with asyncio.timeout(60):
        ends = await asyncio.gather(*(children.render(job) for job in jobs), return_exceptions=True)
    assert isinstance(ends[0], RenderingFailedError)
    assert all(isinstance(end, RenderingFailedError) or end.data.startswith(b"%PDF-") for end in ends[1:])


async def test_what_the_rendering_itself_raised_reaches_the_caller_and_the_child_lives_on(children: Children):
    policy = {"name": "sales-support", "version": "9.9.9", "hash": "0"}
    with pytest.raises(Exception, match=r"9\.9\.9"):
        await children.render(a_job(a_body("tools.company"), policy=policy))
    assert (await children.render(a_job(a_body("tools.company")))).data.startswith(b"%PDF-")


async def test_a_child_that_hangs_is_ended_in_time_and_the_next_rendering_works():
    before = set(multiprocessing.active_children())
    pool = Children(seconds=0.5)
    started = time.monotonic()
    with pytest.raises(RenderingFailedError, match=r"longer than 0\.5 s"):
        await pool.render(job_that(time.sleep, 60))
    while (left := set(multiprocessing.active_children()) - before) and time.monotonic() - started < 10:
        await asyncio.sleep(0.02)
    assert left == set(), "the child that hung still runs"
    patient = Children(seconds=60)
    assert (await patient.render(a_job(a_body("tools.company")))).data.startswith(b"%PDF-")
    await patient.close()
    await pool.close()


def test_no_child_outlives_a_service_that_is_killed(tmp_path: Path):
    program = tmp_path / "service.py"
    program.write_text(A_SERVICE, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}  # it is killed, and cleans up nothing
    command = [sys.executable, str(program)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        children = [int(pid) for pid in service.stdout.readline().split()]
        assert children
        assert all(map(runs, children))
        service.kill()
    assert eventually(lambda: not any(map(runs, children)))
