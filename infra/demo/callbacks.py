"""One unit's receiver of callbacks, in the demonstration's own process: it verifies, drops what it has had, and keeps the rest."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections import Counter
from typing import Any

import httpx

from infra.stack import SERVICE_TOKEN

UNIT = "east"
NAME = "demo"
ATTEMPTS = 300


class Callbacks:
    """`had` counts what came by its webhook-id, repetitions included; `refused` what was not signed with the unit's secret."""

    def __init__(self) -> None:
        self.had: Counter[str] = Counter()
        self.kept: dict[str, dict[str, Any]] = {}
        self.refused = 0
        self._secret = ""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._port = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What the stack must be told so that it may call this machine."""
        return {
            "BACKLINE_CALLBACK_NETWORKS": "127.0.0.0/8",
            "BACKLINE_CALLBACK_HTTP_HOSTS": "127.0.0.1",
            "BACKLINE_CALLBACK_PORTS": str(self._port),
        }

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, sock=self._socket)

    async def subscribe(self, client: httpx.AsyncClient, intake: str, notify: str) -> None:
        """Subscribe to everything, and wait until a ping arrives. Raises TimeoutError."""
        headers, params = {"Authorization": f"Bearer {SERVICE_TOKEN}"}, {"unit": UNIT}
        available = (await client.get(f"{intake}/v1/callbacks", headers=headers, params=params)).json()["available"]
        wish = {"url": f"http://127.0.0.1:{self._port}/backline", "events": available}
        answer = await client.put(f"{intake}/v1/callbacks/{NAME}", headers=headers, params=params, json=wish)
        self._secret = answer.raise_for_status().json()["secret"]
        for _ in range(ATTEMPTS):
            answer = await client.post(f"{notify}/v1/callbacks/{NAME}/test", headers=headers, params=params)
            if answer.status_code == httpx.codes.OK and answer.json()["delivered"]:
                return
            await asyncio.sleep(0.1)
        raise TimeoutError(f"no ping reached {UNIT}'s callback: {answer.text[:300]}")

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            writer.write(f"HTTP/1.1 {self._take(headers, body)} OK\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return  # notify was killed while it spoke; it comes again
        finally:
            writer.close()

    def _take(self, headers: dict[str, str], body: bytes) -> int:
        identity = headers["webhook-id"]
        signed = f"{identity}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(self._secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if expected not in headers["webhook-signature"].split():
            self.refused += 1
            return 401
        message = json.loads(body)
        if message["type"] != "callback.ping":
            self.had[identity] += 1
            self.kept.setdefault(identity, message)
        return 204
