"""One intake on a fresh database."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.storage import Database
from tests.component.intake.intake_site import Site


@pytest_asyncio.fixture(loop_scope="session")
async def site(mongo_database: Database) -> AsyncIterator[Site]:
    """Its addresses, the small company imported."""
    opened = Site(mongo_database)
    await opened.open()
    yield opened
    await opened.client.aclose()
