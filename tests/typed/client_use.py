"""What the clients' methods are for mypy: in the blocking client their answers, in the async one what is awaited or followed."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from shared.client import AsyncClient, Client
from shared.client.models import DeskList, Line, Seen, WholeRequest
from shared.schemas.requests import Answer


def blocking(client: Client) -> None:
    assert_type(client.get("x"), Seen)
    assert_type(client.get("x", seen="t", wait=20).whole, WholeRequest | None)
    assert_type(client.submit({}, key="k"), Answer)
    assert_type(client.resend("x", patch={}), Answer)
    assert_type(client.find("BL-1"), WholeRequest)
    assert_type(client.id_of("BL-1"), str)
    assert_type(client.desk(state="open"), DeskList)
    assert_type(client.download("x"), bytes)
    assert_type(client.batch([b"{}"]), tuple[Line, ...])
    assert_type(client.watch("x"), Iterator[WholeRequest])
    assert_type(client.feed([b"{}"]), Iterator[tuple[Line, ...]])
    client.get(7)  # type: ignore[arg-type]
    client.desk(state="shut")  # type: ignore[arg-type]
    client.no_such_method()  # type: ignore[attr-defined]
    with client as opened:
        assert_type(opened, Client)


async def awaiting(client: AsyncClient) -> None:
    assert_type(await client.get("x"), Seen)
    assert_type(await client.submit({}), Answer)
    assert_type(await client.resend("x", patch={}), Answer)
    assert_type(await client.find("BL-1"), WholeRequest)
    assert_type(client.watch("x"), AsyncIterator[WholeRequest])
    assert_type(client.feed([b"{}"]), AsyncIterator[tuple[Line, ...]])
    client.get("x").whole  # type: ignore[attr-defined]  # noqa: B018  # it is not awaited
    async for whole in client.watch("x", wait=5):
        assert_type(whole, WholeRequest)
    async with client as opened:
        assert_type(opened, AsyncClient)
