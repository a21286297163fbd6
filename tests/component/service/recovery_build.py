"""The small service with its operators' addresses, on the real mongod: what was set aside there can be tried again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import Depends, FastAPI, Request

from shared.http.error_handlers import install
from shared.ledger.apply import Ledger
from shared.ledger.document import Head
from shared.ledger.folding import Fold
from shared.ledger.hearing import Hearing
from shared.ledger.rebuilding import Rebuilder
from shared.ledger.reconciler import Reconciler
from shared.messaging.dead_letters import Dead, DeadLetters, identity_of
from shared.messaging.wire import Record, encode
from shared.schemas.envelope import Event
from shared.service.audit import Audit
from shared.service.rebuilding import rebuild_routes
from shared.service.recovery import recovery_routes
from shared.service.redriver import Redriver
from shared.service.redriving import dead_letter_routes, parked_routes
from shared.storage import Database, MongoAudit, MongoDeadLetters, MongoLedgerStore, MongoShadow
from tests.unit.ledger.memory_store import FakePublisher, Faults
from tests.unit.ledger.small_domain import Diary, FakeClock, Quiet, Setting, SmallDomain, held, history

TOPIC = "backline.requests.v1"
TOKEN = "a-token-of-a-test"
BY = {"by": "工号001"}


@dataclass
class Release:
    """The handler of a topic: before it is `mended` it can read no record and buries it, whatever it is."""

    hearing: Hearing
    burial: DeadLetters
    mended: bool = False
    failing: bool = False
    given: list[str] = field(default_factory=list)

    async def handle(self, records: Sequence[Record]) -> None:
        if self.failing:
            raise ArithmeticError("the handler fails as told")
        for record in records:
            if self.mended:
                self.given.append(record.header("ce_subject") or "")
                await self.hearing.handle([record])
            else:
                await self.burial.bury([Dead(record=record, problem="This release cannot read it.")])


class Office:
    """One service; `setting.failing` names the messages that park a request, `release` decides on dead letters."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FakeClock()
        self.setting = Setting(without_items=True)
        self.faults = Faults(dice=random.Random(0))
        self.publisher = FakePublisher(self.faults)
        self.store = MongoLedgerStore(database["requests"])
        self.letters = MongoDeadLetters(database["dead_letters"])
        self.ledger = self._ledger(self.store)
        self.seasons = self._ledger(MongoLedgerStore(database["seasons"]))
        self.copies: list[Record] = []
        burial = DeadLetters("routing", self.letters, self._copy, self.clock.now)
        self.release = Release(Hearing(self.ledger, burial), burial)
        self.others: dict[str, list[Event]] = {}
        self.shadow = MongoShadow(database["requests"])
        self.rebuilder: Rebuilder[Any] = Rebuilder(Fold.of(SmallDomain()), self.store, self.shadow, self.ask)

    def _ledger(self, store: MongoLedgerStore) -> Ledger[Any, Any]:
        around = Quiet(self.setting)
        return Ledger(domain=SmallDomain(), surroundings=around, store=store, publisher=self.publisher, clock=self.clock)

    async def prepare(self) -> None:
        await self.store.prepare()
        await self.seasons.store.prepare()
        await self.letters.prepare()

    def app(self, redriver: type[Redriver] = Redriver) -> FastAPI:
        """The operators' addresses, closed to whoever has another token."""
        app = FastAPI()
        install(app)
        reconciler = Reconciler("routing", self.ledger, heads=self._heads, ask=self.ask, clock=self.clock)
        room: Any = SimpleNamespace(ledger=self.ledger, store=self.store)
        seasons: Any = SimpleNamespace(ledger=self.seasons, store=self.seasons.store)
        audit = Audit(MongoAudit(self.database["operations"]), self.clock)
        for router in (
            recovery_routes({"requests": room}, {"requests": reconciler}, audit, self.clock, _nobody),
            rebuild_routes({"requests": self.rebuilder}, audit, _nobody),
            parked_routes({"requests": room, "seasons": seasons}, audit, _nobody),
            dead_letter_routes(self.letters, redriver(self.letters, {TOPIC: self.release.handle}, self.clock), audit, _nobody),
        ):
            app.include_router(router, dependencies=[Depends(_holder)])
        return app

    async def park(self, *subjects: str) -> None:
        """Requests that are set aside, each with two messages held."""
        self.setting.failing.add("intake:1")
        for subject in subjects:
            await self.ledger.apply([held(event) for event in history(subject, 2)])

    async def bury(self, *subjects: str) -> list[str]:
        """Dead letters, each the first message of a request; their names."""
        records = [record_of(history(subject, 1)[0]) for subject in subjects]
        for record in records:
            await self.release.handle([record])
            self.clock.forward(1)
        return [identity_of(record) for record in records]

    async def diary(self, subject: str) -> Diary:
        return Diary.model_validate((await self.store.load([subject]))[subject].state)

    async def operations(self) -> list[dict[str, Any]]:
        """The audit, oldest first."""
        return [entry async for entry in self.database["operations"].find({}).sort("$natural", 1)]

    async def _copy(self, dead: Sequence[Dead]) -> list[bool]:
        self.copies += [one.record for one in dead]
        return [True] * len(dead)

    async def _heads(self, source: str, since: Any, after: str) -> list[Head]:
        if source != "intake":
            return []
        heads = [Head(subject=name, sequence=len(said), said_at=said[-1].time) for name, said in sorted(self.others.items())]
        return [head for head in heads if (head.said_at, head.subject) > (since, after)][:2]

    async def ask(self, source: str, subject: str, after: int) -> list[Event]:
        """What another service's feed answers."""
        return [event for event in self.others[subject] if event.source == source and event.sequence > after]


def record_of(event: Event) -> Record:
    """`event` as it comes from Kafka, each from a place of its own."""
    key, value, headers = encode(event)
    place = int(event.id[:6], 16)
    return Record(topic=TOPIC, partition=1, offset=place, key=key, headers=tuple(headers), value=value)


async def _nobody() -> None:
    """Everybody is let in here; the token is looked at once, in `_holder`."""


async def _holder(request: Request) -> None:
    assert request.headers.get("authorization") == f"Bearer {TOKEN}", "the operator's token"


async def paged(client: httpx.AsyncClient, method: str, path: str, **params: str) -> list[dict[str, Any]]:
    """Every page at `path`, asked for one after the other."""
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["next"]:
        cursor = pages[-1]["next"] if pages else ""
        answer = await client.request(method, path, params={**params, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
    return pages
