"""Side A, one stage of the bare loop: `python -m tests.bench.bare STAGE …`; the same topics, reads, writes and mails as Backline.

What a stage says per request is given as an average (`--share`), so that as many events travel as Backline applies; a request
has the whole part of it, and one more by a digit of its id. A connection to `--status` is told the stage's counts as JSON.
"""

import argparse
import asyncio
import math
import uuid
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiosmtplib
import orjson
import uvicorn
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from fastapi import FastAPI
from pydantic import BaseModel

from services.notify.channels.smtp import SmtpServer
from shared.schemas.envelope import SOURCES
from shared.schemas.topics import REQUEST_TOPICS
from tests.bench.bare_ledger import BareLedger, Document, Event, collection, producer
from tests.bench.bare_mail import RECIPIENT, SENDER, bare_mail

SMTP_CONNECTIONS = SmtpServer.connections
GATHER_SECONDS = 0.003


class Source(BaseModel):
    system: str
    reference: str


class Submission(BaseModel):
    """What the bare intake asks of a request."""

    type: str
    business_unit: str
    requester: Any
    source: Source | None = None
    details: dict[str, Any]


def portion(average: float, identity: str, part: int = 1, parts: int = 1) -> int:
    """How many of `average` a request of this id has in part `part` of `parts`."""
    whole = int(average + int(identity[:6], 16) / 0x1000000)
    return whole * part // parts - whole * (part - 1) // parts


class Stage:
    """One process: hears its topics, says its share, and for notify sends mails."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.name = given.stage
        self._given = given
        self._hears = tuple(given.hears.split(",")) if given.hears else ()
        self._share: dict[str, float] = orjson.loads(given.share)
        self._mails: asyncio.Queue[str] = asyncio.Queue()
        self._sent: list[Event] = []
        self._rung = asyncio.Event()
        self._applied: dict[str, int] = {}
        self.pending = 0

    async def run(self) -> None:
        """Everything but HTTP, until cancelled."""
        self.producer = await producer(self._given.broker)
        self.ledger = BareLedger(
            collection(self._given.mongo, self.name), self.producer, REQUEST_TOPICS[self.name].name, self.name
        )
        await asyncio.start_server(self._tell, "127.0.0.1", self._given.status)
        work: list[Coroutine[Any, Any, None]] = [self._consume()] if self._hears else [asyncio.sleep(math.inf)]
        if self.name == "notify":
            work += [self._settle(), *(self._send() for _ in range(SMTP_CONNECTIONS))]
        await asyncio.gather(*work)

    async def _tell(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counts = {"applied": self._applied, "published": self.ledger.published, "pending": self.pending}
        writer.write(orjson.dumps(counts))
        writer.close()

    async def _consume(self) -> None:
        consumer = AIOKafkaConsumer(
            *(REQUEST_TOPICS[source].name for source in self._hears),
            bootstrap_servers=self._given.broker,
            group_id=f"bare.{self.name}",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            partition_assignment_strategy=(RangePartitionAssignor,),
        )
        await consumer.start()
        while True:
            records = await consumer.getmany(timeout_ms=50, max_records=500)
            events = [Event.model_validate_json(record.value) for batch in records.values() for record in batch]
            if events:
                await self.ledger.apply(events, self._say)
                self._count(events)
                await consumer.commit({place: batch[-1].offset + 1 for place, batch in _named(records).items()})

    def _count(self, events: Sequence[Event]) -> None:
        for event in events:
            self._applied[event.source] = self._applied.get(event.source, 0) + 1

    def _say(self, document: Document, event: Event) -> list[tuple[str, Any]]:
        identity = event.request_id
        match self.name:
            case "routing":
                return [("assigned", event.data)] * portion(self._share["routing"], identity)
            case "documents":
                heard = sum(document["seen"].values())
                return [("rendered", {"document": heard})] * (portion(self._share["documents"], identity) if heard == 1 else 0)
            case "notify" if event.source in {"intake", "routing"}:
                return self._plan(document, event)
            case _:
                return []

    def _plan(self, document: Document, event: Event) -> list[tuple[str, Any]]:
        """Mails for the events of intake and routing, spread over them."""
        seen = document["seen"]
        of = ("intake" in self._hears) + ("routing" in self._hears) * portion(self._share["routing"], event.request_id)
        place = seen.get("intake", 0) + seen.get("routing", 0)
        mails = portion(self._share["mails"], event.request_id, place, of)
        planned = portion(self._share["planned"], event.request_id, place, of)
        self.pending += mails
        for _ in range(mails):
            self._mails.put_nowait(event.request_id)
        return [("planned", {"deliveries": [uuid.uuid4().hex for _ in range(mails)]})] * planned

    async def _send(self) -> None:
        """One kept connection."""
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self._given.smtp, start_tls=False, use_tls=False)
        await client.connect()
        while True:
            request = await self._mails.get()
            identity = uuid.uuid4().hex
            mail = bare_mail(identity, request)
            await client.mail(SENDER.address)
            await client.rcpt(RECIPIENT)
            await client.data(mail)
            said = {"type": "delivered", "source": "sink", "request_id": request, "seq": 0, "data": {"delivery": identity}}
            self._sent.append(Event(id=identity, **said))
            self._rung.set()

    async def _settle(self) -> None:
        """Write down what was sent: each mail one fact, many in one write."""
        while True:
            await self._rung.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._rung.clear()
            sent, self._sent = self._sent, []
            await self.ledger.apply(_numbered(sent), lambda _document, event: [("sent", event.data)])
            self.pending -= len(sent)


def _numbered(sent: Sequence[Event]) -> list[Event]:
    """Each later than any before, so that none is taken for a repetition."""
    now = datetime.now(UTC).timestamp()
    return [event.model_copy(update={"seq": int(now * 1e6) + place}) for place, event in enumerate(sent)]


def _named(records: dict[TopicPartition, list[Any]]) -> dict[TopicPartition, list[Any]]:
    return {place: batch for place, batch in records.items() if batch}


class Reception:
    """The bare intake's group commit."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._waiting: list[tuple[str, dict[str, Any], asyncio.Future[str]]] = []
        self._arrived = asyncio.Event()
        self._publishing: set[asyncio.Task[None]] = set()

    async def take(self, submission: Submission) -> str:
        """The id of what is durable."""
        identity = uuid.uuid4().hex
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((identity, submission.model_dump(), future))
        self._arrived.set()
        return await future

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._arrived.clear()
            batch, self._waiting = self._waiting, []
            added = await self._stage.ledger.add([(identity, body) for identity, body, _ in batch])
            for identity, _, future in batch:
                future.set_result(identity)
            publishing = asyncio.create_task(self._stage.ledger.publish(added))
            self._publishing.add(publishing)
            publishing.add_done_callback(self._publishing.discard)


def application(stage: Stage) -> FastAPI:
    """The bare intake."""
    reception = Reception(stage)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(stage.run()), asyncio.create_task(reception.work())]
        yield
        for task in tasks:
            task.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/requests", status_code=202)
    async def post(submission: Submission) -> dict[str, str]:
        return {"id": await reception.take(submission)}

    return app


def main() -> None:
    """Run one stage until a signal ends it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("stage", choices=SOURCES)
    parser.add_argument("--hears", required=True)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--mongo", required=True)
    parser.add_argument("--status", type=int, required=True)
    parser.add_argument("--share", required=True)
    parser.add_argument("--smtp", type=int)
    parser.add_argument("--port", type=int)
    stage = Stage(parser.parse_args())
    if stage.name == "intake":
        port = parser.parse_args().port
        uvicorn.run(application(stage), port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
    else:
        uvloop.run(stage.run())


if __name__ == "__main__":
    main()
