"""Uploads that are slow on purpose: they keep few places, not for long, and the others' files come in meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

from services.intake.api import attachments
from services.intake.api.upload_slots import EACH, RETRY_SECONDS, Slots
from shared.http.auth import Authenticator
from shared.http.error_handlers import install
from shared.schemas.model import Json
from shared.schemas.people import Directory

Pieces = AsyncIterator[Json]


class Site:
    """The routes over a store that keeps nothing."""

    def __init__(self) -> None:
        auth = Authenticator(service_token="t" * 20, environment="development", keys_file=None, directory=Directory)
        self.app = FastAPI()
        install(self.app)
        nothing: Any = None
        self.app.include_router(attachments.attachment_routes(self, nothing, nothing, nothing, auth.needs))  # type: ignore[arg-type]

    async def store(self, *_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(media_type="text/plain", name="a", remarks=())

    async def upload(self, unit: str, pieces: Pieces) -> tuple[int, dict[bytes, bytes]]:
        """Status and headers of the answer."""
        said: list[Json] = []

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/attachments", "raw_path": b"", "query_string": b"name=a"}
        scope |= {"headers": [(b"authorization", f"Bearer dev-unit-{unit}".encode())], "http_version": "1.1", "scheme": "http"}
        await self.app({**scope, "server": ("x", 1), "client": ("x", 1), "root_path": ""}, pieces.__anext__, send)  # type: ignore[arg-type]
        return said[0]["status"], dict(said[0]["headers"])


async def whole(*sizes: int, pause: float = 0.0) -> Pieces:
    for size in sizes:
        yield {"type": "http.request", "body": bytes(size), "more_body": True}
        await asyncio.sleep(pause)
    yield {"type": "http.request", "body": b"", "more_body": False}


async def dripping() -> Pieces:
    """A byte now and then, without end."""
    while True:
        yield {"type": "http.request", "body": b"a", "more_body": True}
        await asyncio.sleep(0.05)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(attachments, "FIRST_SECONDS", 0.6)
    return monkeypatch


async def test_slow_uploads_of_one_do_not_keep_others_waiting(patience: pytest.MonkeyPatch):
    site = Site()
    slow = [asyncio.create_task(site.upload("east", dripping())) for _ in range(8)]
    await asyncio.sleep(0.2)
    async with asyncio.timeout(0.3):
        assert (await site.upload("north", whole(5)))[0] == 201
    assert {(await task)[0] for task in slow} == {408}


async def test_a_byte_now_and_then_is_too_slow_and_a_steady_upload_is_not(patience: pytest.MonkeyPatch):
    patience.setattr(attachments, "LEAST_RATE", 1000)
    site = Site()
    async with asyncio.timeout(3):
        slow, steady = await asyncio.gather(site.upload("east", dripping()), site.upload("north", whole(*[100] * 20, pause=0.06)))
    assert (slow[0], steady[0]) == (408, 201)


async def test_who_was_fast_may_pause_for_the_idle_time_and_no_longer(patience: pytest.MonkeyPatch):
    patience.setattr(attachments, "IDLE_SECONDS", 1.0)
    site = Site()
    short, long = await asyncio.gather(
        site.upload("east", whole(1_000_000, pause=0.8)), site.upload("north", whole(1_000_000, pause=1.5))
    )
    assert (short[0], long[0]) == (201, 408)


async def test_who_finds_no_place_in_time_is_told_when_to_come_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attachments, "Slots", lambda: Slots(wait=0.1))
    site = Site()
    slow = [asyncio.create_task(site.upload("east", dripping())) for _ in range(EACH)]
    await asyncio.sleep(0.05)
    status, headers = await site.upload("east", whole(5))
    assert (status, headers[b"retry-after"]) == (503, str(RETRY_SECONDS).encode())
    assert (await site.upload("north", whole(5)))[0] == 201
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert (await site.upload("east", whole(5)))[0] == 201


async def test_places_are_given_back_and_nothing_is_kept_of_callers_who_left():
    slots = Slots(at_once=2, each=1, wait=0.05)
    for n in range(100):
        async with slots.one(f"unit:{n}"):
            assert len(slots._own) == 1
    assert len(slots._own) == 0
