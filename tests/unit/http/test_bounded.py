"""A call ends in time, also when its answer trickles in and each read of it is in time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from shared.http.bounded import BoundedClient

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
SHORT = httpx.Timeout(1.5, connect=0.1, write=0.1, pool=0.1)


@asynccontextmanager
async def trickling(every_seconds: float = 0.02) -> AsyncIterator[str]:
    """The address of a server that answers byte by byte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD)
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(every_seconds)
        except OSError:
            return  # the caller has gone
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_an_answer_that_trickles_in_is_given_up():
    async with trickling() as address, BoundedClient(timeout=SHORT, trust_env=False) as client:
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            await client.get(address)
        assert time.monotonic() - began >= 1.5, "it is not given up before the sum of its time-outs"


async def test_without_the_bound_it_is_read_for_as_long_as_it_trickles():
    """The control of the test above."""
    async with trickling() as address, httpx.AsyncClient(timeout=SHORT, trust_env=False) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4):
                await client.get(address)


async def test_whichever_step_takes_too_long_is_named():
    """Who could not even connect has certainly said nothing; that must not look like an answer that was lost."""

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(request.extensions["timeout"]["connect"])
            raise httpx.ConnectTimeout("as told", request=request)

    async with BoundedClient(timeout=httpx.Timeout(60, connect=0.2), transport=Slow()) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get("http://nobody.example/")


async def test_a_call_with_a_time_out_of_its_own_is_bounded_by_that():
    async with trickling() as address, BoundedClient(timeout=60, trust_env=False) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(address, json={}, timeout=0.1)
