"""Intake's addresses over a ledger on a real database, as a unit's system calls them; only the broker is not there."""

from collections.abc import Mapping
from typing import Any

import httpx
import yaml

from services.intake.api import (
    attachment_routes,
    catalogue_routes,
    desk_routes,
    people_routes,
    reading_routes,
    submitting_routes,
    waiving_routes,
)
from services.intake.desk.reading import DeskReader
from services.intake.desk.refused import Refusals
from services.intake.desk.resending import Resending
from services.intake.desk.shelf import Shelf
from services.intake.domain import PeopleDomain, RequestDomain
from services.intake.projection import Projection
from services.intake.reception import Reception
from services.intake.surroundings import PeopleSurroundings, RequestSurroundings
from shared.catalogue import Pack
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.ledger.apply import Ledger
from shared.ledger.messages import Outcome, Told
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.wire import Record
from shared.people.copy import DirectoryCopy
from shared.schemas.model import Json
from shared.storage import BlobStore, Database, MongoDeadLetters, MongoLedgerStore, MongoPeopleStore
from shared.telemetry.health import Health
from tests.builders import NOW, a_body, a_directory, events_of, the_pack
from tests.builders.contract import conforming
from tests.unit.ledger.memory_store import AwayPublisher
from tests.unit.ledger.small_domain import FakeClock, held

MOST_OPEN = 6
TOKEN = "a-service-token-of-tests"


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
        self._database = database
        self._projection = Projection(database["requests"])
        burial = DeadLetters("intake", MongoDeadLetters(database["dead_letters"]), _no_copy, self.clock.now)
        self._people = DirectoryCopy(MongoPeopleStore(database["people"]), burial)
        surroundings = RequestSurroundings(
            clock=self.clock,
            people=self._people,
            packs={(the_pack().name, the_pack().version): the_pack()},
            current=the_pack(),
            requests=self._projection,
        )
        self._requests = self._ledger("requests", RequestDomain(), surroundings)
        people = self._ledger("people_ledger", PeopleDomain(), PeopleSurroundings(self.clock, self._people))
        auth = Authenticator(
            service_token=TOKEN, environment="development", keys_file=None, directory=lambda: self._people.directory
        )
        reception = Reception(OneAtATime(self._requests), self.clock)
        self.shelf = Shelf(database["desk"], database["requests"], self.clock.now, most_open=MOST_OPEN)
        self.refusals = Refusals(self.shelf, self.clock)
        resending = Resending(self.shelf, self._projection, reception, self.clock)
        routers = (
            submitting_routes(reception, auth.principal, the_pack(), self._people, self.refusals.line),
            desk_routes(DeskReader(self.shelf, self._projection), resending, auth.principal),
            waiving_routes(reception, auth.principal),
            reading_routes(self._projection, auth.principal),
            catalogue_routes(the_pack(), auth.principal),
            people_routes(OneAtATime(people), self._people, self.clock, auth.principal),
            attachment_routes(BlobStore(database), auth.principal),
        )
        self.app = create_app(service="intake", health=Health(), routers=routers)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url="http://intake", event_hooks=conforming(self.app)
        )
        self._says: dict[str, Any] = {}

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
            store=MongoLedgerStore(self._database[name]),
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

    async def submitted(self, reference: str, kind: str = "tech.survey", **changes: Any) -> Json:
        """The answer to a new request."""
        source = {"system": "crm", "reference": reference}
        answer = await self.ask("POST", "/v1/requests", json=a_body(kind, source=source, **changes))
        assert answer.status_code == 202, answer.text
        given: Json = answer.json()
        return given

    async def hear(self, request: str, *facts: Any) -> None:
        """Routing says `facts` of a request, in this order over all calls."""
        say = self._says.setdefault(request, events_of(request))
        await self._requests.apply([held(say(fact), self.clock.now()) for fact in facts])
