"""A head that does not end, or not in time, over a real socket: refused, and in little memory; what ends is served."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from shared.http import heads
from shared.http.heads import LARGEST_HEAD, LARGEST_UNFINISHED, Headed, Protocol

START = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
Connect = Callable[[], socket.socket]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how large the body was."""
    size, more = 0, True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        size += len(message.get("body", b""))
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(protocol: type) -> Iterator[Connect]:
    """A server of this process on a port of its own, and how to reach it."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Headed(app), http=protocol, loop="uvloop", log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield lambda: socket.create_connection(listening.getsockname(), timeout=10)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listening.close()


@pytest.fixture(scope="module")
def connect() -> Iterator[Connect]:
    with served(Protocol) as reach:
        yield reach


def all_of(connection: socket.socket) -> tuple[int, str]:
    """Status and code of what is answered until the server hangs up."""
    answered = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answered.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"]


def one_answer(connection: socket.socket) -> bytes:
    """The body of an answer whose body is one line of up to 9 bytes; the connection stays."""
    answered = b""
    while b"\r\n\r\n" not in answered or answered.endswith(b"\r\n\r\n"):
        piece = connection.recv(65536)
        assert piece, answered
        answered += piece
    assert answered.startswith(b"HTTP/1.1 200")
    return answered.partition(b"\r\n\r\n")[2]


def poured(connection: socket.socket, piece: bytes, most: int) -> int:
    """How many bytes were taken until the server hung up, of `most`."""
    taken = 0
    try:
        while taken < most:
            connection.sendall(piece)
            taken += len(piece)
    except OSError:
        pass
    return taken


@pytest.mark.parametrize("line", [b"a: " + b"b" * 1000 + b"\r\n", b"a" * 1000], ids=["lines", "one line"])
def test_a_head_that_does_not_end_is_refused(connect: Connect, line: bytes):
    with connect() as connection:
        connection.sendall(START)
        connection.sendall(line * (LARGEST_UNFINISHED // len(line) + 1))
        assert all_of(connection) == (431, "headers_too_large")


@pytest.mark.parametrize("begun", [START, START + b"a: ", b"", CHUNKED + b"1\r\na\r\n0\r\n", CHUNKED + b"0\r\na: "])
def test_of_what_does_not_end_little_is_taken(connect: Connect, begun: bytes):
    """Heads, empty lines before one, and trailers behind a body."""
    line = b"a: " + b"b" * 1000 + b"\r\n" if begun.endswith(b"\r\n") else b"\r\n" * 500 if not begun else b"b" * 1000
    with connect() as connection:
        connection.sendall(begun)
        assert poured(connection, line * 64, 64 * 1024 * 1024) < 32 * 1024 * 1024


def test_the_server_alone_takes_it_all():
    """The control: what the server keeps of a head has no limit of its own."""
    with served(uvicorn.protocols.http.httptools_impl.HttpToolsProtocol) as reach, reach() as connection:
        connection.sendall(START)
        assert poured(connection, (b"a: " + b"b" * 1000 + b"\r\n") * 64, 33 * 1024 * 1024) >= 33 * 1024 * 1024


def test_heads_within_the_limit_and_large_bodies_are_served_on_one_connection(connect: Connect):
    with connect() as connection:
        for _ in range(3):
            connection.sendall(START)
            for _ in range(30):
                connection.sendall(b"a: " + b"b" * 1000 + b"\r\n")
            connection.sendall(b"\r\n")
            assert one_answer(connection) == b"0"
        size = 8 * LARGEST_HEAD
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(8):
            connection.sendall(b"x" * LARGEST_HEAD)
        assert one_answer(connection) == str(size).encode()
        connection.sendall(CHUNKED + (b"%x\r\n" % size) + b"y" * size + b"\r\n0\r\n\r\n")
        assert one_answer(connection) == str(size).encode()


def test_a_head_must_be_complete_in_time(connect: Connect, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.6)
    with connect() as quick, connect() as slow, connect() as silent, connect() as again:
        quick.sendall(START + b"\r\n")
        assert one_answer(quick) == b"0"
        again.sendall(START + b"\r\n" + START)
        one_answer(again)
        slow.sendall(START)
        for _ in range(4):
            time.sleep(0.1)
            slow.sendall(b"a: b\r\n")
        assert all_of(slow) == (408, "headers_too_slow")
        assert all_of(again) == (408, "headers_too_slow")
        assert silent.recv(1) == b""
        time.sleep(0.7)
        quick.sendall(START + b"\r\n")
        assert one_answer(quick) == b"0"


def test_who_sends_a_body_slowly_is_not_cut_off_by_the_time_for_heads(connect: Connect, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.3)
    with connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n")
        for _ in range(6):
            time.sleep(0.1)
            connection.sendall(b"x")
        assert one_answer(connection) == b"6"
