"""Three units with requests of several types, files, deliveries and people; and everything of each that the others must not see."""

import asyncio
import copy
import hashlib
from dataclasses import dataclass, field
from typing import Any

import httpx

from infra.demo import sample
from infra.demo.people import People
from infra.stack import SERVICE_TOKEN, Stack

UNITS = ("east", "south", "north")
ASKERS = {"east": "BE02", "south": "BS02", "north": "BN02"}
"""Somebody of each unit who has no part in what the others asked for."""
OURS = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
WAIT_SECONDS = 240.0
QUIET_LOOKS = 5
Json = dict[str, Any]


@dataclass
class Room:
    """What one unit has: `secrets` are the texts that nobody else may be told; the rest are ids to ask with."""

    unit: str
    secrets: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)


def canaried(body: Json, number: int) -> Json:
    """`body` with texts that are this unit's alone, in its customer's name, its opportunity and its reference."""
    made, unit = copy.deepcopy(body), body["business_unit"]
    made["source"]["reference"] = f"{unit}-canary-{number}"
    made["opportunity"] |= {"id": f"OPP-{unit}-canary-{number}", "name": f"{unit}-canary-project-{number}"}
    made["opportunity"]["customer"] |= {"id": f"C-{unit}-canary-{number}", "name": f"{unit}-canary-customer-{number}"}
    return made


class Scene:
    """Sets the scene on a running stack."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self._stack = stack
        self._client = client
        self.rooms = {unit: Room(unit) for unit in UNITS}

    async def set(self) -> dict[str, Room]:
        """Employ everybody, file, work until nothing is under way, and gather what is whose."""
        intake = self._stack.url("intake")
        (await self._client.post(f"{intake}/v1/people:import", content=sample.directory(), headers=OURS)).raise_for_status()
        await asyncio.gather(*(self._known(person) for person in sample.people()))
        for number, message in enumerate(sample.wave("first-wave")):
            if message.unit in UNITS and message.action == "submit" and message.expect in {"accepted", "returned", "rejected"}:
                await self._file(canaried(message.body, number))
        for room in self.rooms.values():
            await self._attach(room)
        await self._finished()
        for room in self.rooms.values():
            await self._gather(room)
        return self.rooms

    async def snapshot(self) -> dict[str, Any]:
        """Everything of every request that the scene filed, as our own services are told it."""
        wanted = [request for room in self.rooms.values() for request in room.requests]
        return {request: [await self._told(service, path) for service, path in _of(request)] for request in wanted}

    async def _known(self, person: str) -> None:
        headers = {"Authorization": f"Bearer dev-person-{person}"}
        for service in ("routing", "documents", "notify"):
            path = (
                "/v1/people/x/work"
                if service == "routing"
                else "/v1/requests/x/" + {"notify": "notifications"}.get(service, service)
            )
            async with asyncio.timeout(WAIT_SECONDS):
                while (await self._client.get(f"{self._stack.url(service)}{path}", headers=headers)).status_code == 401:
                    await asyncio.sleep(0.1)

    async def _file(self, body: Json) -> None:
        headers = {"Authorization": f"Bearer dev-unit-{body['business_unit']}"}
        answer = await self._client.post(f"{self._stack.url('intake')}/v1/requests", json=body, headers=headers)
        answer.raise_for_status()
        room, told = self.rooms[body["business_unit"]], answer.json()
        if told["id"] not in room.requests:
            room.requests.append(told["id"])
            room.numbers.append(told["number"])
            room.bodies.append(body)
            room.secrets |= {told["id"], told["number"], body["source"]["reference"], body["opportunity"]["id"]}
            room.secrets |= {body["opportunity"]["name"], *(body["opportunity"]["customer"][key] for key in ("id", "name"))}

    async def _attach(self, room: Room) -> None:
        for number in range(3):
            data = f"{room.unit}-canary-file-{number}".encode()
            sha256 = hashlib.sha256(data).hexdigest()
            address = f"{self._stack.url('intake')}/v1/attachments/{sha256}"
            headers = {"Authorization": f"Bearer dev-unit-{room.unit}"}
            (await self._client.put(address, content=data, headers=headers)).raise_for_status()
            room.attachments.append(sha256)
            room.secrets |= {sha256, data.decode()}

    async def _finished(self) -> None:
        """Everybody works until nothing is under way, and nothing has changed for five seconds (files are rendered unseen)."""
        people, before, alike = People(self._stack, self._client), None, 0
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                await people.work()
                now = await self.snapshot()
                under_way = any(_planned(told) for told in now.values()) or await people.unfinished()
                alike = alike + 1 if now == before and not under_way else 0
                if alike == QUIET_LOOKS:
                    return
                before = now
                await asyncio.sleep(1)

    async def _gather(self, room: Room) -> None:
        for request in room.requests:
            listed = await self._told("documents", f"/v1/requests/{request}/documents")
            for document in listed.get("documents", ()):
                room.documents.append(document["document"])
                room.secrets |= {document["document"], document["sha256"]}
            deliveries = await self._told("notify", f"/v1/requests/{request}/notifications")
            room.deliveries += [one["id"] for one in deliveries.get("notifications", ())]
        room.secrets |= set(room.deliveries)
        everybody = (await self._told("intake", "/v1/people"))["people"]
        room.people = [person["id"] for person in everybody if person["business_unit"] == room.unit]
        room.secrets |= {person["name"] for person in everybody if person["business_unit"] == room.unit}

    async def _told(self, service: str, path: str) -> Any:
        return (await self._client.get(f"{self._stack.url(service)}{path}", headers=OURS)).json()


def _of(request: str) -> list[tuple[str, str]]:
    """The (service, path) of everything that is told of `request`."""
    path = f"/v1/requests/{request}"
    views = {"intake": "", "routing": "/assignment", "documents": "/documents", "notify": "/notifications"}
    return [(service, path + view) for service, view in views.items()]


def _planned(told: list[Any]) -> bool:
    """Whether a message about the request is still to be sent: what notify, the last that was asked, tells of it."""
    return any(one["status"] == "planned" for one in told[-1].get("notifications", ()))
