"""Chat against the real sink over loopback HTTP: what waits is merged, nothing is dropped, every error code is read."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Never

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from infra.sinks.chat import ChatSink, Quiet, create_app
from services.notify.channels.robot import Allowance, fitting
from services.notify.channels.wecom import ChatRooms, WeCom, read_answer
from shared.ledger.effects import Done, Doubt, LeaseLost, Retry, Terminal

MINUTE = 2.0
PACE = Allowance(per_minute=20, burst=2, minute=MINUTE, gather=0.02)


async def passed():
    """A point of no return that always lets go on."""


@asynccontextmanager
async def serving(app: ASGIApp):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Quiet(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def a_room(
    tmp_path: Path,
    *,
    allowance: Allowance = PACE,
    per_minute: int = 20,
    keys: tuple[str, ...] = ("room-1",),
    patience: float = 5.0,
):
    sink = ChatSink(tmp_path / "chat.jsonl", keys, per_minute=per_minute, minute=MINUTE)
    async with serving(create_app(sink)) as url, httpx.AsyncClient() as client:
        yield ChatRooms(WeCom(url=url, rooms={"east": "room-1", "west": "wrong"}, allowance=allowance, timeout=patience), client)


def messages(tmp_path: Path):
    return [json.loads(line)["content"] for line in (tmp_path / "chat.jsonl").read_text("utf-8").splitlines()]


async def test_a_text_reaches_its_room(tmp_path: Path):
    async with a_room(tmp_path) as rooms:
        assert rooms.units == {"east", "west"}
        assert await rooms.say("east", "**支持人已确定**", passed) == Done()
    assert messages(tmp_path) == ["**支持人已确定**"]


async def test_fifty_texts_at_once_become_few_messages_with_every_text_in_exactly_one(tmp_path: Path):
    texts = [f"text-{number:02d}-" + "文" * 60 for number in range(50)]
    async with a_room(tmp_path) as rooms:
        endings = await asyncio.gather(*(rooms.say("east", text, passed) for text in texts))
    said = messages(tmp_path)
    assert endings == [Done()] * 50
    assert len(said) <= 4
    assert all(len(message.encode()) <= 4096 for message in said)
    assert [sum(message.count(text) for message in said) for text in texts] == [1] * 50
    assert "\n\n".join(said) == "\n\n".join(texts)


async def test_texts_that_keep_coming_never_exceed_the_rooms_limit_and_are_all_said(tmp_path: Path):
    async with a_room(tmp_path) as rooms:
        saying = []
        for number in range(60):
            saying.append(asyncio.create_task(rooms.say("east", f"<{number}>", passed)))
            await asyncio.sleep(0.02)
        assert await asyncio.gather(*saying) == [Done()] * 60
    said = messages(tmp_path)
    assert len(said) < 60
    assert all(sum(f"<{number}>" in message for message in said) == 1 for number in range(60))


async def test_negative_control_a_robot_that_does_not_pace_is_refused(tmp_path: Path):
    unpaced = Allowance(per_minute=10_000, burst=1_000, minute=MINUTE, gather=0.0)
    async with a_room(tmp_path, allowance=unpaced, per_minute=5) as rooms:
        endings = [await rooms.say("east", str(number), passed) for number in range(7)]
    assert [type(ending) for ending in endings] == [Done] * 5 + [Retry] * 2
    assert "45009" in endings[5].problem


async def test_a_room_that_was_spoken_to_too_often_is_left_in_peace_for_its_minute(tmp_path: Path):
    async with a_room(tmp_path, per_minute=1) as rooms:
        assert await rooms.say("east", "one", passed) == Done()
        refused = await rooms.say("east", "two", passed)
        assert isinstance(refused, Retry)
        assert refused.seconds == MINUTE
        hushed = await rooms.say("east", "three", pytest.fail)
        assert isinstance(hushed, Retry)
        assert 0 < hushed.seconds <= MINUTE
    assert messages(tmp_path) == ["one"]


async def test_a_wrong_key_ends_terminal(tmp_path: Path):
    async with a_room(tmp_path) as rooms:
        ending = await rooms.say("west", "x", passed)
    assert isinstance(ending, Terminal)
    assert "93000" in ending.problem
    assert "wrong" not in ending.problem


async def test_a_unit_without_a_room_ends_terminal(tmp_path: Path):
    async with a_room(tmp_path) as rooms:
        assert isinstance(await rooms.say("north", "x", passed), Terminal)


async def test_a_lost_lease_is_its_own_sorrow(tmp_path: Path):
    async def lost() -> Never:
        raise LeaseLost

    async with a_room(tmp_path) as rooms:
        endings = await asyncio.gather(
            rooms.say("east", "gone", lost), rooms.say("east", "stays", passed), return_exceptions=True
        )
    assert isinstance(endings[0], LeaseLost)
    assert endings[1] == Done()
    assert messages(tmp_path) == ["stays"]


async def test_a_text_whose_sender_gave_up_before_its_turn_is_not_said(tmp_path: Path):
    async with a_room(tmp_path, allowance=Allowance(minute=MINUTE, gather=0.2)) as rooms:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await rooms.say("east", "given up", passed)
        assert await rooms.say("east", "stays", passed) == Done()
    assert messages(tmp_path) == ["stays"]


async def test_a_text_too_long_for_one_message_is_cut_with_a_mark(tmp_path: Path):
    async with a_room(tmp_path) as rooms:
        assert await rooms.say("east", "长" * 3000, passed) == Done()
    (message,) = messages(tmp_path)
    assert message.endswith("…")
    assert 3900 < len(message.encode()) <= 4096


async def test_who_would_wait_too_long_is_told_to_come_again(tmp_path: Path):
    hurried = Allowance(per_minute=4, burst=2, minute=60.0, gather=0.05, patience=10.0)
    async with a_room(tmp_path, allowance=hurried) as rooms:
        endings = await asyncio.gather(*(rooms.say("east", "x" * 4000, passed) for _ in range(3)))
    assert [type(ending) for ending in endings] == [Done, Done, Retry]


@asynccontextmanager
async def answering(raw: Any):
    """A server that reads the request and then answers `raw`, or nothing at all for None."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(length)
        if raw is None:
            await reader.read(-1)
        writer.write(raw or b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n<",
        b"HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n",
    ],
    ids=["silent", "dropped", "no code", "no json", "gateway"],
)
async def test_a_server_lost_after_the_request_was_sent_is_a_doubt(raw: Any):
    async with answering(raw) as url, httpx.AsyncClient() as client:
        rooms = ChatRooms(WeCom(url=url, rooms={"east": "k"}, allowance=PACE, timeout=0.3), client)
        assert isinstance(await rooms.say("east", "x", passed), Doubt)


async def test_a_server_that_cannot_be_reached_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    async with httpx.AsyncClient() as client:
        rooms = ChatRooms(WeCom(url=url, rooms={"east": "k"}, allowance=PACE), client)
        assert isinstance(await rooms.say("east", "x", passed), Retry)


@pytest.mark.parametrize(
    ("status", "body", "ending"),
    [
        (200, {"errcode": 0}, Done),
        (200, {"errcode": 45009}, Retry),
        (200, {"errcode": -1}, Retry),
        (200, {"errcode": 93000}, Terminal),
        (200, {"errcode": 40058}, Terminal),
        (200, {"errcode": 12345}, Terminal),
        (200, ["errcode"], Doubt),
        (429, {}, Retry),
        (503, {}, Retry),
        (404, {}, Terminal),
        (500, {}, Doubt),
    ],
)
def test_the_code_in_the_body_decides(status: Any, body: Any, ending: Any):
    assert isinstance(read_answer(httpx.Response(status, json=body)), ending)


@pytest.mark.parametrize("text", ["", "kurz", "行\n" * 40, "长" * 40, "x" * 40])
def test_a_fitting_text_is_within_its_bytes_and_whole_when_it_can_be(text: str):
    cut = fitting(text, 30)
    assert len(cut.encode()) <= 30
    assert cut == text or cut.endswith("…")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"not json", 40008),
        (b'{"msgtype": "image"}', 40008),
        (b'{"msgtype": "markdown", "markdown": {"content": ""}}', 40058),
        (b'{"msgtype": "markdown", "markdown": {"content": "' + b"x" * 4097 + b'"}}', 40058),
    ],
)
def test_the_sink_refuses_as_documented(tmp_path: Path, raw: Any, code: int):
    assert ChatSink(tmp_path / "chat.jsonl", ["k"]).take("k", raw)["errcode"] == code
