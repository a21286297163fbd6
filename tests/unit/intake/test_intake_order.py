"""Messages that arrive together and are about one request are applied in their order, also when each waits for its key."""

import asyncio
import json
import random

import orjson
import pytest

from services.intake.in_order import InOrder, OutOfTurnError
from services.intake.inbound import Inbound
from shared.messaging.wire import Record
from shared.schemas.model import Json
from shared.schemas.requests import Answer
from shared.service.once import Once
from tests.builders.keys import MemoryKeys
from tests.unit.intake.life import Broker, Letters, Life
from tests.unit.intake.states import GOOD

NAMED = {key: GOOD[key] for key in ("business_unit", "source")}
WORDINGS = ("甲", "乙", "丙", "丁")


class SlowKeys(MemoryKeys):
    """Each claim takes another time, the first ones the longest."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self.left = len(WORDINGS)

    async def claim(self, name: str, wish: Json) -> Json | None:
        self.left -= 1
        await asyncio.sleep(0.002 * max(self.left, 0) + self._random.uniform(0, 0.002))
        return await super().claim(name, wish)


async def a_life(keys: MemoryKeys) -> Life:
    life = Life(GOOD)
    await life.send("http", "submit", GOOD)
    life.reception._once = Once(Answer, keys)
    return life


def asked_for(life: Life) -> list[str]:
    return [one.version.request.details["purpose"] for one in life.room.requests.states[life.id].private.pending]


def records(keyed: list[bool]) -> list[Record]:
    return [
        Record(
            topic="backline.inbound.v1",
            partition=0,
            offset=100 + place,
            key=b"k",
            headers=(("action", b"amend"), *([("idempotency-key", f"k{place}".encode())] if keyed[place] else [])),
            value=orjson.dumps(NAMED | {"details": {"purpose": wording}}),
        )
        for place, wording in enumerate(WORDINGS)
    ]


@pytest.mark.parametrize("keyed", [[True] * 4, [False] * 4, [True, False, True, False], [False, True, False, True]])
async def test_records_of_one_request_keep_their_order(keyed: list[bool]):
    life = await a_life(SlowKeys(1))
    await life.inbound.handle(records(keyed))
    assert asked_for(life) == list(WORDINGS)


async def test_told_without_turns_the_same_records_come_in_another_order():
    """The control: with these keys order is lost where nobody keeps it."""
    life = await a_life(SlowKeys(1))
    lost = [Inbound(life.reception, Letters(), Broker()).handle([record]) for record in records([True] * 4)]  # type: ignore[arg-type]
    await asyncio.gather(*lost)
    assert sorted(asked_for(life)) == sorted(WORDINGS)
    assert asked_for(life) != list(WORDINGS)


@pytest.mark.parametrize("key", ["a-key", None])
async def test_lines_of_one_request_keep_their_order(key: str | None):
    life = await a_life(SlowKeys(2))
    lines = [json.dumps({"action": "amend", "body": NAMED | {"details": {"purpose": wording}}}) for wording in WORDINGS]
    headers = {"Authorization": "Bearer dev-unit-harbour", "Content-Type": "application/jsonl"}
    sent = headers | ({"Idempotency-Key": key} if key else {})
    answer = await life.client.post("/v1/requests:batch", content="\n".join(lines).encode(), headers=sent)
    assert answer.status_code == 200
    assert asked_for(life) == list(WORDINGS)


async def test_what_comes_behind_a_message_without_an_answer_is_not_told():
    life = await a_life(Away())
    with pytest.raises(ConnectionError):
        await life.inbound.handle(records([True, False, True, False]))
    assert asked_for(life) == []


async def test_other_requests_do_not_wait_and_without_keys_nobody_does():
    order = InOrder()
    async with order.turn("one", waits=True), asyncio.timeout(1), order.turn("another", waits=True):
        pass
    async with order.turn("one", waits=False), asyncio.timeout(1), order.turn("one", waits=False):
        pass


async def test_a_failed_turn_ends_those_behind_it():
    order = InOrder()

    async def fails() -> None:
        async with order.turn("one", waits=True):
            await asyncio.sleep(0)
            raise ConnectionError("away")

    async def follows() -> None:
        async with order.turn("one", waits=False):
            raise AssertionError("out of turn")

    first, second = await asyncio.gather(fails(), follows(), return_exceptions=True)
    assert isinstance(first, ConnectionError)
    assert isinstance(second, OutOfTurnError)


class Away(MemoryKeys):
    async def claim(self, name: str, wish: Json) -> Json | None:
        raise ConnectionError("the database is away")
