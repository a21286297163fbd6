"""The bare loop's one step: load, drop what was seen, change, write guarded, publish, mark. No policy, no recovery."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel
from pymongo import InsertOne, ReplaceOne, UpdateOne

Document = dict[str, Any]
Saying = Callable[[Document, "Event"], list[tuple[str, Any]]]
"""What is said on hearing an event: (type, data)s. May change the document's state."""


class Event(BaseModel):
    """What travels: one fact of one source about one request."""

    id: str
    type: str
    source: str
    request_id: str
    seq: int
    data: Any


class BareLedger:
    """One stage's documents, one per request, and its topic."""

    def __init__(self, collection: Any, producer: AIOKafkaProducer, topic: str, name: str) -> None:
        self._collection = collection
        self._producer = producer
        self._topic = topic
        self._name = name
        self._turn = asyncio.Lock()
        self.published = 0

    async def apply(self, events: Sequence[Event], say: Saying) -> None:
        """Apply a batch, and say what follows."""
        async with self._turn:
            ids = list({event.request_id for event in events})
            documents: dict[str, Document] = {d["_id"]: d async for d in self._collection.find({"_id": {"$in": ids}})}
            touched: dict[str, Document] = {}
            for event in events:
                document = documents.setdefault(event.request_id, _empty(event.request_id))
                if document["seen"].get(event.source, 0) >= event.seq:
                    continue
                document["seen"][event.source] = event.seq
                document["state"] = {**document["state"], "status": event.type}
                for kind, data in say(document, event):
                    self._say(document, kind, data)
                touched[event.request_id] = document
            await self._store(list(touched.values()))
            await self.publish(list(touched.values()))

    async def add(self, filed: Sequence[tuple[str, Any]]) -> list[Document]:
        """Store new requests, (id, body)s, each with its first event; what is to be published."""
        documents = [{**_empty(identity), "state": {"body": body}} for identity, body in filed]
        for document, (_, body) in zip(documents, filed, strict=True):
            self._say(document, "submitted", body["details"])
        await self._store(documents)
        return documents

    async def publish(self, documents: Sequence[Document]) -> None:
        """Publish what was said and not published, and mark it."""
        fresh = [(d["_id"].encode(), event) for d in documents for event in d["events"][d["published"] :]]
        if not fresh:
            return
        sent = [await self._producer.send(self._topic, orjson.dumps(event), key=key) for key, event in fresh]
        await asyncio.gather(*sent)
        marks = [UpdateOne({"_id": d["_id"]}, {"$set": {"published": len(d["events"])}}) for d in documents]
        await self._collection.bulk_write(marks, ordered=False)
        self.published += len(fresh)

    def _say(self, document: Document, kind: str, data: Any) -> None:
        number = len(document["events"]) + 1
        said = {
            "id": uuid.uuid4().hex,
            "type": kind,
            "source": self._name,
            "request_id": document["_id"],
            "seq": number,
            "data": data,
        }
        document["events"].append(said)

    async def _store(self, documents: Sequence[Document]) -> None:
        operations = []
        for document in documents:
            revision, document["v"] = document["v"], document["v"] + 1
            guard = {"_id": document["_id"], "v": revision}
            operations.append(ReplaceOne(guard, document) if revision else InsertOne(document))
        if operations:
            await self._collection.bulk_write(operations, ordered=False)


def _empty(identity: str) -> Document:
    return {"_id": identity, "v": 0, "seen": {}, "events": [], "published": 0, "state": {}}


async def producer(address: str) -> AIOKafkaProducer:
    """A producer with the settings that Backline's has."""
    started = AIOKafkaProducer(bootstrap_servers=address, acks="all", linger_ms=2, max_batch_size=262_144)
    await started.start()
    return started


def collection(uri: str, name: str) -> Any:
    """A stage's collection, in a database of its own."""
    return AsyncIOMotorClient(uri)[f"bare_{name}"]["requests"]
