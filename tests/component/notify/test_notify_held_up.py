"""Addresses that are slow, and name servers that are silent: they cost their own unit, and nobody else."""

import asyncio

import pytest

from services.notify.channels.callback import SCHEDULE
from services.notify.channels.endpoints import MOST_OF_UNIT
from shared.storage import Database
from tests.component.notify.callback_receiver import Receiver, answering
from tests.component.notify.callback_stage import a_callback, a_dialler, until, working
from tests.component.notify.test_notify_callbacks import due_after, stage_of
from tests.unit.notify.notify_build import submitted

pytestmark = pytest.mark.stack


async def test_a_unit_with_many_slow_addresses_leaves_places_to_the_others(mongo_database: Database):
    requests = [f"{number:08x}-3f0e-5d7b-9a64-0b5b8a1f2c11" for number in range(10)]
    released = asyncio.Event()

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await answering(204)(reader, writer)

    async with Receiver(behaviours=[held]) as receiver, Receiver() as other:
        stage = stage_of(mongo_database, *[receiver] * 10)
        # Nobody gives up: what a caller has left, the receiver would count for longer than the caller does.
        stage.callbacks._dialler = a_dialler(receiver, other, timeout=60.0)
        for request in requests:
            await stage.hear(submitted(), request=request)
        async with working(stage):
            await until(lambda: receiver.at_once == MOST_OF_UNIT)
            attempt = await stage.callbacks.attempt(a_callback(other, unit="west"), "ping-1", {})
            assert not isinstance(attempt, float)
            assert attempt.taken
            assert receiver.at_once == MOST_OF_UNIT
            released.set()
        assert receiver.most_at_once == MOST_OF_UNIT


async def test_a_silent_name_server_is_no_attempt_until_the_news_is_old(mongo_database: Database):
    async def nobody(_host: str, _port: int) -> list[str]:
        raise TimeoutError

    async with Receiver(tls=True) as receiver:
        stage = stage_of(mongo_database, receiver)
        stage.callbacks._dialler = a_dialler(receiver, resolve=nobody)
        await stage.hear(submitted())
        async with working(stage):
            await until(lambda: due_after(stage, 1))
            (item,) = await stage.items()
            assert item.attempt == item.spent == 1
            stage.clock.forward(sum(SCHEDULE))
            await until(lambda: due_after(stage, 2))
            (item,) = await stage.items()
            assert (item.attempt, item.spent) == (2, 1)
