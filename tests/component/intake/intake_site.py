"""Intake's addresses over a ledger on a real database, as a unit's system calls them; only the broker is not there."""

from collections.abc import Mapping
from typing import Any

import httpx
import yaml
from fastapi import APIRouter

from services.intake.api import (
    Administration,
    Callbacks,
    access_routes,
    attachment_routes,
    batch_routes,
    callback_routes,
    catalogue_routes,
    desk_routes,
    people_routes,
    personal_routes,
    reading_routes,
    submitting_routes,
    waiving_routes,
)
from services.intake.attachments import Attachments
from services.intake.desk.reading import DeskReader
from services.intake.desk.refused import Refusals
from services.intake.desk.resending import Resending
from services.intake.desk.shelf import Shelf
from services.intake.domain import PeopleDomain, RequestDomain
from services.intake.projection import Projection
from services.intake.reception import Reception
from services.intake.surroundings import PeopleSurroundings, RequestSurroundings
from services.intake.watching import Watcher
from shared.callbacks.addresses import Rules
from shared.callbacks.guard import Guard
from shared.catalogue import Pack
from shared.catalogue.attachments import MAX_BYTES
from shared.http.access import Access
from shared.http.access_keys import Peppers
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.http.signed import Signer
from shared.ledger.apply import Ledger
from shared.ledger.messages import Outcome, Told
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.wire import Record
from shared.people.copy import DirectoryCopy
from shared.schemas.model import Json
from shared.service.audit import Audit
from shared.storage import BlobStore, Database, MongoAudit, MongoDeadLetters, MongoKeys, MongoLedgerStore, MongoPeopleStore
from shared.telemetry.health import Health
from tests.builders import NOW, a_body, a_directory, events_of, the_pack
from tests.builders.contract import conforming
from tests.unit.ledger.memory_store import AwayPublisher
from tests.unit.ledger.small_domain import FakeClock, held

MOST_OPEN = 6
TOKEN = "a-service-token-of-tests"
PEPPERS = Peppers("a pepper of tests, long enough for anybody")
MASTER = b"the-master-secret-of-tests-is-long"


class OneAtATime:
    """A desk without grouping: every command is a batch of its own."""

    def __init__(self, ledger: Ledger[Any, Any]) -> None:
        self._ledger = ledger

    async def tell(self, message: Told) -> Outcome:
        return (await self._ledger.apply([message]))[0]


async def _no_copy(_record: Record, _problem: str) -> bool:
    """The broker is away."""
    return False


class Site:
    """One intake whose directory is the small company. `ask` is what a caller sends, `hear` what routing says."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock(NOW)
        self.database = database
        self._projection = Projection(database["requests"])
        self.blobs = BlobStore(database)
        self.attachments = Attachments(self.blobs, database["refused_files"])
        self.signer = Signer(("a-secret-of-these-tests",), self.clock.now)
        burial = DeadLetters("intake", MongoDeadLetters(database["dead_letters"]), _no_copy, self.clock.now)
        self._people = DirectoryCopy(MongoPeopleStore(database["people"]), burial)
        surroundings = RequestSurroundings(
            clock=self.clock,
            people=self._people,
            packs={(the_pack().name, the_pack().version): the_pack()},
            current=the_pack(),
            requests=self._projection,
            enclosed=self.attachments,
        )
        self._requests = self._ledger("requests", RequestDomain(), surroundings)
        routers = self._routers(
            database, self._ledger("people_ledger", PeopleDomain(), PeopleSurroundings(self.clock, self._people))
        )
        limits = {"/v1/attachments": MAX_BYTES}
        self.app = create_app(service="intake", health=Health(), routers=routers, limits=limits)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url="http://intake", event_hooks=conforming(self.app)
        )
        self._says: dict[str, Any] = {}

    def _routers(self, database: Database, people: Ledger[Any, Any]) -> tuple[APIRouter, ...]:
        access = Access(keys=lambda: self._people.keys, peppers=PEPPERS, now=self.clock.now)
        auth = Authenticator(
            service_token=TOKEN,
            environment="development",
            keys_file=None,
            directory=lambda: self._people.directory,
            access=access,
        )
        guard = Guard(Rules(), resolve=self.resolve)
        callbacks = Callbacks(guard=guard, people=self._people, secret=MASTER)
        self.hosts: dict[str, list[str]] = {}
        administration = Administration(
            desk=OneAtATime(people),
            people=self._people,
            clock=self.clock,
            audit=Audit(MongoAudit(database["operations"]), self.clock),
            access=access,
        )
        self.keys = MongoKeys(database["idempotency_keys"], self.clock.now)
        self.reception = Reception(OneAtATime(self._requests), self.clock, self.keys)
        self.watcher = Watcher(self._projection.revisions, every=0.02)
        self.shelf = Shelf(database["desk"], database["requests"], self.clock.now, most_open=MOST_OPEN)
        self.refusals = Refusals(self.shelf, self.clock)
        resending = Resending(self.shelf, self.reception, self.clock)
        return (
            callback_routes(callbacks, OneAtATime(people), self._people, self.clock, auth),
            submitting_routes(self.reception, auth.needs("requests:write")),
            batch_routes(self.reception, auth.needs("requests:write"), the_pack(), self._people, self.refusals.line),
            desk_routes(DeskReader(self.shelf, self._projection), resending, auth.needs),
            waiving_routes(self.reception, auth.needs("requests:write")),
            reading_routes(self._projection, auth.needs("requests:read"), self.watcher),
            catalogue_routes(the_pack(), auth.principal),
            people_routes(OneAtATime(people), self._people, self.clock, auth.needs("people:read")),
            access_routes(administration, auth.needs("access:manage"), "company_leader"),
            attachment_routes(self.attachments, self.blobs, self._projection, self.signer, auth.needs),
            personal_routes(self._projection, self.blobs, {}, auth.service, self.signer),
        )

    async def resolve(self, host: str, _port: int) -> list[str]:
        """What the name server says: `hosts`, and nothing of others."""
        return self.hosts.get(host, [host] if host[0].isdecimal() or ":" in host else [])

    @property
    def people(self) -> DirectoryCopy:
        """The directory, for another process on the same database."""
        return self._people

    @property
    def packs(self) -> Mapping[tuple[str, str], Pack]:
        """The policies."""
        return {(the_pack().name, the_pack().version): the_pack()}

    def _ledger(self, name: str, domain: Any, surroundings: Any) -> Ledger[Any, Any]:
        return Ledger(
            domain=domain,
            surroundings=surroundings,
            store=MongoLedgerStore(self.database[name]),
            publisher=AwayPublisher(),
            clock=self.clock,
        )

    async def open(self) -> None:
        """The indexes and the directory."""
        await self._projection.prepare()
        await self.shelf.prepare()
        directory = a_directory()
        content = {
            "business_units": [unit.model_dump(mode="json") for unit in directory.units.values()],
            "people": [person.model_dump(mode="json", exclude={"leave"}) for person in directory.people.values()],
        }
        answer = await self.ask("POST", "/v1/people:import", by=TOKEN, content=yaml.safe_dump(content, allow_unicode=True))
        assert answer.status_code == 200, answer.text

    async def ask(self, method: str, path: str, by: str = "dev-unit-harbour", **options: Any) -> httpx.Response:
        """One request over HTTP, a second after the one before."""
        self.clock.forward(1)
        headers = {"Authorization": f"Bearer {by}", **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def submitted(self, reference: str, kind: str = "tech.survey", by: str = "dev-unit-harbour", **changes: Any) -> Json:
        """The answer to a new request."""
        source = {"system": "crm", "reference": reference}
        answer = await self.ask("POST", "/v1/requests", by=by, json=a_body(kind, source=source, **changes))
        assert answer.status_code == 202, answer.text
        given: Json = answer.json()
        return given

    async def uploaded(self, name: str, content: bytes, by: str = "dev-unit-harbour") -> Json:
        """A file that was uploaded, as a request names it."""
        answer = await self.ask("POST", "/v1/attachments", by=by, content=content, params={"name": name})
        assert answer.status_code == 201, answer.text
        told = answer.json()
        return {key: told[key] for key in ("size", "sha256", "media_type")} | {"name": name}

    async def hear(self, request: str, *facts: Any) -> None:
        """Routing says `facts` of a request, in this order over all calls."""
        say = self._says.setdefault(request, events_of(request))
        await self._requests.apply([held(say(fact), self.clock.now()) for fact in facts])
