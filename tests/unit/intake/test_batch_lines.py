"""A batch's lines: so many and no more, told in their order, a bounded number of them at a time."""

import asyncio
import json
import tracemalloc
from types import SimpleNamespace
from typing import Any

import pytest

from services.intake.api import batches
from services.intake.api.batch_lines import MAX_ROWS, BatchLine, json_lines
from services.intake.api.batches import IN_FLIGHT
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.schemas.requests import Answer
from tests.builders import a_body

CALLER = Principal(kind="unit", id="east", business_unit="east")


class Told:
    """A reception that answers when it is let; `order` is what it was told, `most` how many waited at once."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.let = asyncio.Event()
        self.now = self.most = 0

    async def take_for(self, _subject: str, submission: Any) -> Answer:
        self.order.append(submission.body["reference"])
        self.now += 1
        self.most = max(self.most, self.now)
        await self.let.wait()
        await asyncio.sleep(0)
        self.now -= 1
        return Answer(id=submission.body["reference"], action="submit", outcome="accepted")


def answers(reception: Any, lines: list[BatchLine]) -> Any:
    return batches._answers(reception, lines, CALLER, batches._Naming(digest="d", key=None), None)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"1"])
def test_no_more_lines_than_rows_of_a_table(end: bytes, last: bytes):
    body = (b"1" + end) * (MAX_ROWS - len(last)) + last
    assert len(json_lines(body)) == MAX_ROWS
    with pytest.raises(Refused) as refused:
        json_lines(b"1" + end + body)
    assert (refused.value.refusal.code, refused.value.refusal.status) == ("too_many_rows", 413)


def test_too_many_lines_are_refused_before_they_cost_anything():
    body = b"1\n" * (4 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(Refused):
            json_lines(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000


async def test_lines_are_told_in_their_order_and_so_many_at_a_time():
    lines = json_lines(b"\n".join(json.dumps(a_body(reference=f"R-{n}")).encode() for n in range(3 * IN_FLIGHT)))
    reception = Told()
    answering = answers(reception, lines)
    first = asyncio.ensure_future(anext(answering))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (reception.now, len(reception.order)) == (IN_FLIGHT, IN_FLIGHT)
    telling = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "_told"]
    assert len(telling) == IN_FLIGHT
    reception.let.set()
    said = [json.loads(await first), *[json.loads(line) async for line in answering]]
    assert reception.most == IN_FLIGHT
    assert reception.order == [f"R-{n}" for n in range(3 * IN_FLIGHT)] == [answer["id"] for answer in said]
    assert [answer["line"] for answer in said] == list(range(1, 3 * IN_FLIGHT + 1))


async def test_a_batch_without_lines_has_no_answers():
    assert [line async for line in answers(SimpleNamespace(), [])] == []
