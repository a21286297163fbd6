"""The business units' own systems: they send over HTTP, as a batch and on the topic, and send again what got no answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import httpx
import orjson

from infra.demo.sample import Message
from infra.stack import Stack
from shared.messaging.consumer import Consumer, Subscription
from shared.messaging.producer import Producer
from shared.messaging.wire import Record
from shared.schemas.requests import request_id
from shared.schemas.topics import INBOUND, VERDICTS

Answer = dict[str, Any]
RETRY_SECONDS = 0.5
UNANSWERED_SECONDS = 6.0
ATTEMPTS = 240


class Units:
    """All units' systems at once. `answers` holds the final answer of each message by its key."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._client = httpx.AsyncClient(timeout=30)
        self.answers: dict[str, Answer] = {}
        self.resent = 0

    async def send(self, messages: Sequence[Message]) -> None:
        """Send all `messages`, each channel in its own order, and return when every one is answered."""
        by_channel = {name: [message for message in messages if message.channel == name] for name in ("http", "batch", "topic")}
        files = [
            [one for one in by_channel["batch"] if one.unit == unit] for unit in sorted({one.unit for one in by_channel["batch"]})
        ]
        await asyncio.gather(
            self._over_http(by_channel["http"]), self._on_topic(by_channel["topic"]), *(self._as_batch(file) for file in files)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _over_http(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.answers[message.key] = await self._until_answered(partial(self._post, message))

    async def _post(self, message: Message) -> Answer:
        headers = {"Authorization": f"Bearer dev-unit-{message.unit}", "Idempotency-Key": message.key}
        source = message.body["source"]
        address = f"/v1/requests/{request_id(message.unit, source['system'], source['reference'])}"
        method, path = {
            "submit": ("POST", "/v1/requests"),
            "amend": ("PATCH", address),
            "withdraw": ("POST", f"{address}/withdraw"),
        }[message.action]
        answer = await self._client.request(method, f"{self._stack.url('intake')}{path}", json=message.body, headers=headers)
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            answer.raise_for_status()
        given: Answer = answer.json()
        return given

    async def _as_batch(self, messages: Sequence[Message]) -> None:
        """One unit's messages as one file."""
        lines = [orjson.dumps({"action": message.action, "body": message.body}) for message in messages]

        async def post() -> Answer:
            answer = await self._client.post(
                f"{self._stack.url('intake')}/v1/requests:batch",
                content=b"\n".join(lines),
                headers={"Authorization": f"Bearer dev-unit-{messages[0].unit}"},
            )
            answer.raise_for_status()
            return {"lines": [json.loads(line) for line in answer.content.splitlines()]}

        given = await self._until_answered(post)
        for message, line in zip(messages, given["lines"], strict=True):
            self.answers[message.key] = line

    async def _on_topic(self, messages: Sequence[Message]) -> None:
        """Write to the inbound topic; whatever has no verdict after a while is written again."""
        for _ in range(ATTEMPTS):
            missing = [message for message in messages if message.key not in self.answers]
            if not missing:
                return
            await self._write_and_listen(missing)

    async def _write_and_listen(self, messages: Sequence[Message]) -> None:
        producer = Producer(self._stack.broker.address, "units")
        consumer = Consumer(
            self._stack.broker.address, "units", [Subscription(topics=(VERDICTS,), handle=self._listen, group=None)]
        )
        listening = asyncio.create_task(consumer.run())
        try:
            records = [(_key(message), orjson.dumps(message.body), _headers(message)) for message in messages]
            sent = [await producer.send(INBOUND.name, [record]) for record in records]
            self.resent += sum(1 for acknowledged in sent if not all(acknowledged))
            for _ in range(int(UNANSWERED_SECONDS / 0.1)):
                if all(message.key in self.answers for message in messages):
                    return
                await asyncio.sleep(0.1)
        finally:
            listening.cancel()
            await consumer.stop()
            await producer.stop()

    async def _listen(self, records: Sequence[Record]) -> None:
        for record in records:
            key = record.header("idempotency-key")
            if key:
                self.answers[key] = orjson.loads(record.value or b"{}")

    async def _until_answered(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        for _ in range(ATTEMPTS):
            try:
                return await ask()
            except httpx.HTTPError:
                self.resent += 1
                await asyncio.sleep(RETRY_SECONDS)
        raise TimeoutError("intake did not answer")


def outcome_of(message: Message, answer: Answer | None) -> str:
    """What became of a message, in the words of the sample."""
    if answer is None:
        return "unanswered"
    outcome = str(answer.get("outcome", "refused"))
    if answer.get("duplicate"):
        return "duplicate"
    return "amended" if message.action == "amend" and outcome == "accepted" else outcome


def _key(message: Message) -> bytes:
    source = message.body["source"]
    return f"{message.unit}|{source['system']}|{source['reference']}".encode()


def _headers(message: Message) -> list[tuple[str, bytes]]:
    return [("action", message.action.encode()), ("idempotency-key", message.key.encode()), ("content-type", b"application/json")]
