"""The whole local stack, once for each test that asks for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.stack import Stack

CLOCK = "2027-03-01T09:00:00+08:00"
FILES_FOR = '{"east": ["*"], "north": ["*"], "south": ["*"]}'
"""In the realistic data a unit's system files for people of other units too."""


@pytest_asyncio.fixture(loop_scope="session")
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    running = Stack(tmp_path / "stack", clock=CLOCK, say=lambda _text: None, settings={"BACKLINE_FILES_FOR": FILES_FOR})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()
