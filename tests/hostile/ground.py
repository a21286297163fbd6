"""The ground of the hostile cases: a real stack of its own, with a company of which nobody is ever full."""

import hashlib
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient

from infra.embedded.programs import Program
from infra.stack import SERVICE_TOKEN, Stack
from tests.builders import DRAFT, SURVEY_BEFORE, a_body, a_directory
from tests.e2e.front import Front

CLOCK = "2027-03-01T09:00:00+08:00"
SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
UNIT = "harbour"
SUPPORT = "support@backline.example"
START_SECONDS = 240
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
        self.mongo: MongoClient[Json] = MongoClient(stack.mongod.uri, tz_aware=True)

    def collection(self, service: str, name: str) -> Any:
        """A collection of a service's database."""
        return self.mongo[f"backline_{service}"][name]

    async def employ(self, *, survey: bool = True) -> None:
        """Import the company, and have the survey completed that other requests point at."""
        await self.front.employ(json.dumps(company()).encode())
        await self.front.store(hashlib.sha256(DRAFT).hexdigest(), "草案.txt", DRAFT)
        if not survey:
            return
        unit, system, reference = SURVEY_BEFORE
        before = a_body("tech.survey", business_unit=unit, source={"system": system, "reference": reference})
        answer = await self.front.send("submit", before)
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


class PatientStack(Stack):
    """A stack on a machine that does much else."""

    async def _until_ready(self, name: str, program: Program) -> None:
        await program.wait_until_answers(f"http://127.0.0.1:{self.ports[name]}/readyz", START_SECONDS)


@asynccontextmanager
async def open_ground(folder: Path, *, services: Collection[str] = DATABASES) -> AsyncIterator[Ground]:
    """A stack in `folder` until the block ends, the company employed; with intake alone no work is done on anything."""
    rooms = {"harbour": "room-harbour", "islands": "room-islands"}
    stack = PatientStack(folder, clock=CLOCK, say=lambda _text: None, rooms=rooms)
    stack.services = {name: program for name, program in stack.services.items() if name.rsplit("-", 1)[0] in services}
    try:
        await stack.start()
        async with httpx.AsyncClient(timeout=300) as client:
            ground = Ground(stack, client)
            try:
                await ground.employ(survey="routing" in services)
                yield ground
            finally:
                ground.mongo.close()
    finally:
        await stack.stop()
