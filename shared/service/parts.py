"""The parts every service is built from: its database, its producer, its clock, its copy of the directory. No I/O on building."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx

from shared.ledger.apply import Ledger
from shared.ledger.desk import Desk
from shared.ledger.domain import C, Domain, S, Surroundings
from shared.ledger.hearing import Hearing
from shared.messaging.producer import Producer, TopicPublisher
from shared.messaging.wire import Record
from shared.people.copy import DirectoryCopy
from shared.schemas.topics import DEAD_LETTER, Topic
from shared.service.settings import Settings
from shared.storage import BlobStore, Client, Database, MongoDeadLetters, MongoLedgerStore, MongoPeopleStore, connect, ensure_safe
from shared.telemetry.clock import Clock, clock_from

PUBLISH_PATIENCE_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class LedgerRoom:
    """One ledger with its store, the desk in front of it, and the handler of the topics it hears."""

    ledger: Ledger[Any, Any]
    store: MongoLedgerStore
    desk: Desk
    hearing: Hearing


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What `app.py` puts together with the service's own domain."""

    settings: Settings
    clock: Clock
    client: Client
    database: Database
    blobs: BlobStore
    dead_letters: MongoDeadLetters
    producer: Producer
    people: DirectoryCopy
    http: httpx.AsyncClient

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """The parts for `settings`; raises UnsafeDatabaseError and clock errors, touches no network."""
        client = connect(settings.mongo_uri)
        database = client[settings.database]
        return cls(
            settings=settings,
            clock=clock_from(settings.clock, settings.environment),
            client=client,
            database=database,
            blobs=BlobStore(database),
            dead_letters=MongoDeadLetters(database["dead_letters"]),
            producer=Producer(settings.broker, settings.service),
            people=DirectoryCopy(MongoPeopleStore(database["people"])),
            http=httpx.AsyncClient(timeout=10, headers={"Authorization": f"Bearer {settings.service_token}"}),
        )

    def room(self, collection: str, domain: Domain[S, C], surroundings: Surroundings[C], topic: Topic) -> LedgerRoom:
        """A ledger over `collection` whose events go to `topic`."""
        store = MongoLedgerStore(self.database[collection])
        publisher = TopicPublisher(self.producer, topic.name)
        ledger = Ledger(
            domain=domain,
            surroundings=surroundings,
            store=store,
            publisher=publisher,
            clock=self.clock,
            publish_patience=PUBLISH_PATIENCE_SECONDS,
        )
        return LedgerRoom(
            ledger=ledger, store=store, desk=Desk(ledger), hearing=Hearing(ledger, self.dead_letters, self._copy_of_the_dead)
        )

    async def open(self, rooms: Sequence[LedgerRoom]) -> None:
        """Check the database, create the ledgers' indexes and load the directory."""
        await ensure_safe(self.client)
        for room in rooms:
            await room.store.prepare()
        await self.people.load()

    async def close(self) -> None:
        """Close every connection."""
        await self.producer.stop()
        await self.http.aclose()
        self.client.close()

    async def _copy_of_the_dead(self, record: Record, problem: str) -> bool:
        return await self.producer.copy(DEAD_LETTER[self.settings.service].name, record, problem)
