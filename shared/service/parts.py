"""The parts every service is built from: its database, producer, clock, policies, callers and copy of the directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from shared.catalogue import Pack, load_packs
from shared.http.access import Access
from shared.http.auth import Authenticator, authenticator, check_bind
from shared.http.bounded import BoundedClient
from shared.http.service_tokens import ServiceAuth, ServiceTokens
from shared.http.signed import Signer
from shared.ledger.apply import Ledger
from shared.ledger.desk import Desk
from shared.ledger.domain import C, Domain, S, Surroundings
from shared.ledger.effects import Perform
from shared.ledger.folding import Fold
from shared.ledger.hearing import Hearing
from shared.ledger.proving import Outside
from shared.ledger.rebuilding import Rebuilder, Shadow
from shared.ledger.reconciler import Reconciler
from shared.ledger.restoring import Restorer
from shared.ledger.worker import Worker
from shared.messaging.consumer import Subscription
from shared.messaging.dead_letters import Dead, DeadLetters
from shared.messaging.producer import Producer, TopicPublisher
from shared.people.copy import DirectoryCopy
from shared.schemas.envelope import SOURCES, Source
from shared.schemas.topics import DEAD_LETTER, REQUEST_TOPICS, Topic
from shared.service.audit import Audit
from shared.service.feed import Feed
from shared.service.settings import Settings
from shared.storage import (
    BlobStore,
    Client,
    Database,
    MongoAudit,
    MongoDeadLetters,
    MongoKeys,
    MongoLedgerStore,
    MongoPeopleStore,
    MongoShadow,
    connect,
    ensure_safe,
)
from shared.telemetry.build import ensure_fast
from shared.telemetry.clock import Clock, clock_from

PUBLISH_PATIENCE_SECONDS = 0.02
MARK_SECONDS = 2.0
EFFECTS_AT_ONCE = 16
ASK_SECONDS = 10.0


class NoPepperError(Exception):
    """Units' systems have keys, and this process could prove none of them."""

    def __init__(self) -> None:
        super().__init__("Units' systems have keys; give this service the same BACKLINE_KEY_PEPPER (or _FILE) as intake has.")


@dataclass(frozen=True, kw_only=True)
class LedgerRoom:
    """One ledger with its store, the desk in front of it, the handler of the topics it hears, what finds the rest, what makes
    its states again, and what takes up again from its `topic` what a database from a backup does not know. `feed` is where it asks
    for what it lacks.
    """

    ledger: Ledger[Any, Any]
    store: MongoLedgerStore
    desk: Desk
    hearing: Hearing
    reconciler: Reconciler
    rebuilder: Rebuilder[Any]
    shadow: Shadow
    restorer: Restorer[Any, Any]
    topic: Topic
    feed: Feed


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What `app.py` puts together with the service's own domain."""

    settings: Settings
    clock: Clock
    client: Client
    database: Database
    blobs: BlobStore
    dead_letters: MongoDeadLetters
    audit: Audit
    keys: MongoKeys
    burial: DeadLetters
    producer: Producer
    people: DirectoryCopy
    packs: Mapping[tuple[str, str], Pack]
    auth: Authenticator
    access: Access
    signer: Signer
    http: httpx.AsyncClient
    outside: httpx.AsyncClient
    feed: Feed
    people_reconciler: Reconciler

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """The parts for `settings`; reads the policies and the keys, touches no network.

        Raises UnsafeBindError, KeysFileError, SlowChecksumsError, UnsafeDatabaseError, PackError and clock errors.
        """
        check_bind(settings.host, settings.environment, settings.keys_file, service_token=settings.service_token)
        ensure_fast(settings.environment)
        client, clock = connect(settings.mongo_uri), clock_from(settings.clock, settings.environment)
        database = client[settings.database]
        tokens = ServiceTokens(settings.service_token)
        http, outside = _asking(settings, tokens), BoundedClient(trust_env=False)
        told = Feed(http, settings.url_of, "people")
        letters = MongoDeadLetters(database["dead_letters"])
        producer = Producer(settings.broker, settings.service, settings.kafka)
        burial = _burial(settings, letters, producer, clock)
        people = DirectoryCopy(MongoPeopleStore(database["people"]), burial)
        access = Access.of(settings, keys=lambda: people.keys, now=clock.now, outside=outside, services=tokens)
        return cls(
            settings=settings,
            clock=clock,
            client=client,
            database=database,
            blobs=BlobStore(database),
            dead_letters=letters,
            burial=burial,
            audit=Audit(MongoAudit(database["operations"]), clock),
            keys=MongoKeys(database["idempotency_keys"], clock.now),
            producer=producer,
            people=people,
            packs=load_packs(Path(settings.policy_root)) if settings.policy_root else load_packs(),
            auth=authenticator(settings, lambda: people.directory, access),
            access=access,
            signer=Signer(settings.link_secrets, clock.now),
            http=http,
            outside=outside,
            feed=Feed(http, settings.url_of),
            people_reconciler=Reconciler(settings.service, people, heads=told.heads, ask=told.events, clock=clock),
        )

    def room(
        self,
        collection: str,
        domain: Domain[S, C],
        surroundings: Surroundings[C],
        topic: Topic,
        outside: Outside | None = None,
        hears: str = "requests",
    ) -> LedgerRoom:
        """A ledger over `collection` whose events go to `topic`; `outside` is what a restore must know of its effects, if it has any.

        It hears the other services' ledgers of the name `hears`.
        """
        feed, compacted = self.feed.of(hears), topic.cleanup == "compact"
        store, shadow = MongoLedgerStore(self.database[collection]), MongoShadow(self.database[collection])
        publisher = TopicPublisher(self.producer, topic.name)
        ledger = Ledger(
            domain=domain,
            surroundings=surroundings,
            store=store,
            publisher=publisher,
            clock=self.clock,
            publish_patience=PUBLISH_PATIENCE_SECONDS,
            mark_seconds=MARK_SECONDS,
        )
        return LedgerRoom(
            ledger=ledger,
            store=store,
            desk=Desk(ledger),
            hearing=Hearing(ledger, self.burial),
            reconciler=Reconciler(self.settings.service, ledger, heads=feed.heads, ask=feed.events, clock=self.clock),
            rebuilder=Rebuilder(Fold.of(domain), store, shadow, feed.events),
            shadow=shadow,
            restorer=Restorer(domain, surroundings, store, feed.events, self.clock.now, outside=outside, compacted=compacted),
            topic=topic,
            feed=feed,
        )

    def worker(self, room: LedgerRoom, effects: Mapping[str, Perform] | None = None, *, slots: int = EFFECTS_AT_ONCE) -> Worker:
        """What works for `room` in the background, with at most `slots` of its `effects` (by kind) at once."""
        return Worker(
            room.ledger,
            room.desk,
            effects=effects or {},
            ask=room.feed.events,
            slots=slots,
            lease=timedelta(seconds=self.settings.lease_seconds),
        )

    def hears(self, room: LedgerRoom, *sources: Source) -> Subscription:
        """`room` hears what `sources` say of requests; all processes of the service share the work."""
        topics = tuple(REQUEST_TOPICS[source] for source in sources)
        return Subscription(topics=topics, handle=room.hearing.handle, group=f"backline.{self.settings.service}")

    async def open(self, rooms: Sequence[LedgerRoom]) -> None:
        """Check the database, create the ledgers' indexes and load the directory. Raises NoPepperError."""
        await ensure_safe(self.client)
        for room in rooms:
            await room.store.prepare()
        await self.dead_letters.prepare()
        await self.keys.prepare()
        await self.people.load()
        if self.people.keys.by_id and not self.access.peppers.usable:
            raise NoPepperError

    async def close(self) -> None:
        """Close every connection."""
        await self.producer.stop()
        await self.http.aclose()
        await self.outside.aclose()
        self.client.close()


def _burial(settings: Settings, letters: MongoDeadLetters, producer: Producer, clock: Clock) -> DeadLetters:
    async def copy(dead: Sequence[Dead]) -> list[bool]:
        return await producer.copy(DEAD_LETTER[settings.service].name, dead)

    return DeadLetters(settings.service, letters, copy, clock.now)


def _asking(settings: Settings, tokens: ServiceTokens) -> httpx.AsyncClient:
    """The client that asks the other services, each with a token for it."""
    signed = ServiceAuth(tokens, settings.service, {settings.url_of(source): source for source in SOURCES})
    return BoundedClient(timeout=ASK_SECONDS, auth=signed)
