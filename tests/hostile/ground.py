"""The ground of the hostile cases: a real stack of its own, with a company of which nobody is ever full."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient

from infra.stack import SERVICE_TOKEN, Stack
from tests.builders import SURVEY_BEFORE, a_body, a_directory
from tests.e2e.front import Front

CLOCK = "2027-03-01T09:00:00+08:00"
SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
UNIT = "harbour"
SUPPORT = "support@backline.example"
DATABASES = ("intake", "routing", "notify", "documents")
Json = dict[str, Any]


def company() -> Json:
    """The builders' small company as a directory file."""
    directory = a_directory()
    people = [{**person.model_dump(mode="json"), "seats": 100_000, "leave": []} for person in directory.people.values()]
    return {"business_units": [unit.model_dump(mode="json") for unit in directory.units.values()], "people": people}


class Ground:
    """A running stack, and the ways to look at it."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self.stack = stack
        self.client = client
        self.front = Front(stack, client)
        self.mongo: MongoClient[Json] = MongoClient(stack.mongod.uri)

    def collection(self, service: str, name: str) -> Any:
        """A collection of a service's database."""
        return self.mongo[f"backline_{service}"][name]

    async def employ(self) -> None:
        """Import the company, and have the survey completed that other requests point at."""
        await self.front.employ(json.dumps(company()).encode())
        unit, system, reference = SURVEY_BEFORE
        survey = a_body("tech.survey", business_unit=unit, source={"system": system, "reference": reference})
        answer = await self.front.send("submit", survey)
        assert answer["outcome"] == "accepted", answer
        await self.front.complete({"business_unit": unit, "system": system, "reference": reference})

    def mails(self) -> list[bytes]:
        """Every mail that was sent, as the sink took it."""
        return [file.read_bytes() for file in sorted((self.stack.maildir / "new").iterdir())]

    def chats(self) -> str:
        """Every chat message that was sent."""
        return self.stack.chats.read_text(encoding="utf-8") if self.stack.chats.exists() else ""

    def logs(self) -> dict[str, str]:
        """The log of every process by its name."""
        files = sorted((self.stack.folder / "log").glob("*.log"))
        return {file.stem: file.read_text(encoding="utf-8", errors="replace") for file in files}


@asynccontextmanager
async def open_ground(folder: Path, **settings: str) -> AsyncIterator[Ground]:
    """A stack in `folder` until the block ends, the company employed."""
    rooms = {"harbour": "room-harbour", "islands": "room-islands"}
    stack = Stack(folder, clock=CLOCK, say=lambda _text: None, rooms=rooms, settings=settings)
    try:
        await stack.start()
        async with httpx.AsyncClient(timeout=60) as client:
            ground = Ground(stack, client)
            try:
                await ground.employ()
                yield ground
            finally:
                ground.mongo.close()
    finally:
        await stack.stop()
