"""What the broker acknowledged is told as acknowledged, whatever became of the others."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaError, KafkaTimeoutError

from shared.messaging import producer as producer_module
from shared.messaging.producer import Producer


class Client:
    """An AIOKafkaProducer: one fate per record, by its key. `late` is acknowledged when the client is closed."""

    def __init__(self) -> None:
        self.late: list[asyncio.Future[Any]] = []

    async def send(self, _topic: str, _value: bytes | None, *, key: bytes, headers: object) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        match key:
            case b"taken":
                future.set_result(None)
            case b"refused":
                future.set_exception(KafkaError("no"))
            case b"late":
                self.late.append(future)
            case b"full":
                raise KafkaTimeoutError
        return future

    async def stop(self) -> None:
        for future in self.late:
            if not future.done():
                future.set_result(None)


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Producer:
    monkeypatch.setattr(producer_module, "SEND_SECONDS", 0.05)
    producer = Producer("nowhere:1", "intake")
    producer._producer = Client()
    return producer


def records(*fates: bytes) -> list[tuple[bytes, bytes | None, list[tuple[str, bytes | None]]]]:
    return [(fate, b"", []) for fate in fates]


async def test_what_was_acknowledged_before_the_time_was_up_counts(producer: Producer) -> None:
    assert await producer.send("t", records(b"taken", b"never", b"taken", b"refused")) == [True, False, True, False]


async def test_what_the_closing_client_still_got_acknowledged_counts(producer: Producer) -> None:
    assert await producer.send("t", records(b"never", b"late")) == [False, True]


async def test_what_was_queued_before_a_record_that_could_not_be_counts(producer: Producer) -> None:
    assert await producer.send("t", records(b"taken", b"full", b"taken")) == [True, False, False]


async def test_without_time_out_the_client_is_kept(producer: Producer) -> None:
    client = producer._producer
    assert await producer.send("t", records(b"taken", b"refused")) == [True, False]
    assert await producer.send("t", []) == []
    assert producer._producer is client
