"""The small service of the tests of recovery, and an operator's client of it."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from shared.storage import Database
from tests.component.service.recovery_build import TOKEN, Office


@pytest_asyncio.fixture(loop_scope="session")
async def office(mongo_database: Database) -> Office:
    office = Office(mongo_database)
    await office.prepare()
    return office


@pytest_asyncio.fixture(loop_scope="session")
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(app=office.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://routing", headers=headers) as opened:
        yield opened
