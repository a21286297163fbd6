"""Who stands before the running stack: business units that send, people that work."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.demo.opinions import give_opinions
from infra.demo.people import REVIEWED
from infra.stack import SERVICE_TOKEN, Stack
from shared.schemas.requests import request_id

SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
Row = dict[str, Any]


class Front:
    """The units' systems and the people at work, over HTTP."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self._stack = stack
        self._client = client
        self._sent = 0

    async def employ(self, directory: bytes) -> None:
        """Import a directory of people."""
        url = f"{self._stack.url('intake')}/v1/people:import"
        (await self._client.post(url, content=directory, headers=SERVICE)).raise_for_status()

    async def store(self, sha256: str, name: str, content: bytes) -> None:
        """Upload a file that anybody's request may name."""
        url = f"{self._stack.url('intake')}/v1/attachments/{sha256}"
        (await self._client.put(url, content=content, params={"name": name}, headers=SERVICE)).raise_for_status()

    async def enclose(self, data: Path) -> None:
        """Upload every attachment that the realistic data name."""
        for known in json.loads((data / "attachments" / "index.json").read_text(encoding="utf-8")).values():
            await self.store(known["sha256"], known["name"], (data / known["path"]).read_bytes())

    async def send(self, action: str, body: Row) -> Row:
        """One message as a batch of one; the answer to it."""
        self._sent += 1
        line = json.dumps({"action": action, "body": body}).encode() + b"\n" * self._sent  # each its own file, none a repeat
        headers = {"Authorization": f"Bearer dev-unit-{body.get('business_unit') or 'east'}"}
        answer = await self._client.post(f"{self._stack.url('intake')}/v1/requests:batch", content=line, headers=headers)
        answer.raise_for_status()
        given: Row = json.loads(answer.text)
        return given

    async def complete(self, reference: Row) -> None:
        """Have everybody who is assigned accept and complete the request of a (business_unit, system, reference)."""
        identity = request_id(reference["business_unit"], reference["system"], reference["reference"])
        address = f"{self._stack.url('routing')}/v1/requests/{identity}"
        for _ in range(900):
            assignment = (await self._client.get(f"{address}/assignment", headers=SERVICE)).json()
            if assignment.get("status") == "completed" and await self._status(identity) == "completed":
                return
            for seat in assignment.get("supporters", ()):
                person = {"Authorization": f"Bearer dev-person-{seat['person']}"}
                await self._client.post(f"{address}/accept", headers=person)
                await self._client.post(f"{address}/complete", headers=person, json={"note": "", "result": {}})
            if assignment.get("type") in REVIEWED:
                await give_opinions(self._client, address, SERVICE)
            await asyncio.sleep(0.1)
        pytest.fail(f"{reference} was not completed")

    async def _status(self, identity: str) -> str:
        return str(
            (await self._client.get(f"{self._stack.url('intake')}/v1/requests/{identity}", headers=SERVICE)).json()["status"]
        )
