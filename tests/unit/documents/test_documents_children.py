"""A rendering child that dies or hangs costs one attempt; the next rendering has a new child."""

import asyncio
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from services.documents.rendering.children import Children, RenderingFailedError
from services.documents.rendering.job import Job
from tests.builders import a_body
from tests.unit.documents.renderings import a_job, text_of


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
    pool = Children(seconds=20)
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
    async with asyncio.timeout(20):
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
    patient = Children(seconds=20)
    assert (await patient.render(a_job(a_body("tools.company")))).data.startswith(b"%PDF-")
    await patient.close()
    await pool.close()
