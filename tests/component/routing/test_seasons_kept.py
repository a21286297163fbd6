"""Seasons on a real database, over HTTP and in several processes: declared once, said once, known to all, whoever was away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.routing.api.seasons import Manner, season_routes
from services.routing.domain.seasons.deciding import SeasonContext, SeasonDomain
from services.routing.domain.seasons.state import Seasons
from services.routing.seasons_kept import FRESH_SECONDS, SeasonShelf, SeasonSurroundings
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.ledger.apply import Ledger
from shared.ledger.desk import Desk
from shared.ledger.messages import Woken
from shared.schemas.envelope import Event
from shared.schemas.seasons import SEASONS
from shared.storage import Client, Database, MongoLedgerStore, connect
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.routing_build import NOW, POLICY
from tests.unit.routing.routing_fakes import FakeClock, FakePeople
from tests.unit.routing.season_build import DAY, DIRECTORY, moment

pytestmark = pytest.mark.stack
TOKEN = "a-service-token-of-tests"


@dataclass
class Nobody:
    said: list[Event] = field(default_factory=list)

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        self.said += events
        return [True] * len(events)


class Process:
    """One process of routing, as far as it keeps seasons."""

    def __init__(self, client: Client, name: str, clock: FakeClock) -> None:
        self.clock, self.woken, self.monotonic = clock, list[str](), 0.0
        self.shelf = SeasonShelf(client[name]["seasons"], clock, POLICY.season, monotonic=lambda: self.monotonic)
        around = SeasonSurroundings(
            clock=clock, people=FakePeople(DIRECTORY), rules=POLICY.season, shelf=self.shelf, better=self.woken.append
        )
        self.broker, self.store = Nobody(), MongoLedgerStore(client[name]["seasons"])
        self.ledger: Ledger[Seasons, SeasonContext] = Ledger(
            domain=SeasonDomain(), surroundings=around, store=self.store, publisher=self.broker, clock=clock
        )
        self.desk = Desk(self.ledger)
        auth = Authenticator(service_token=TOKEN, environment="development", keys_file=None, directory=lambda: DIRECTORY)
        manner = Manner(example=True, usual=POLICY.season.figures)
        routes = season_routes(self.desk, self.shelf, manner, clock, auth.principal, MemoryKeys())
        app = create_app(service="routing", health=Health(), routers=(routes,))
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://routing", event_hooks=conforming(app))

    async def ask(self, method: str, path: str, by: str = "dev-person-leader", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {by}", **options.pop("headers", {})}
        return await self.http.request(method, f"/v1/seasons{path}", headers=headers, **options)

    async def declare(self, by: str = "dev-person-leader", headers: Any = None, **changes: Any) -> httpx.Response:
        plain = {"name": "春标", "business_unit": "east", "from": moment(NOW + DAY), "to": moment(NOW + 10 * DAY)}
        return await self.ask("POST", "", by, json={**plain, **changes}, headers=headers or {})

    async def wake(self) -> None:
        await self.ledger.apply([Woken(subject=SEASONS)])

    async def kinds(self) -> list[str]:
        return [event.type.removeprefix("backline.season.") for event in await self.store.events(SEASONS)]


@pytest.fixture
async def processes(mongo_uri: str, mongo_database: Database) -> AsyncIterator[tuple[Process, Process]]:
    clients, clock = [connect(mongo_uri) for _ in range(2)], FakeClock()
    made = [Process(client, mongo_database.name, clock) for client in clients]
    await made[0].store.prepare()
    working = [asyncio.create_task(one.desk.work()) for one in made]
    yield made[0], made[1]
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    for one, client in zip(made, clients, strict=True):
        await one.http.aclose()
        client.close()


async def test_a_season_is_declared_once_under_a_key_and_seen_by_those_whom_it_concerns(processes: tuple[Process, Process]):
    here, there = processes
    key = {"Idempotency-Key": "spring"}
    first, again = await here.declare(headers=key), await here.declare(headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json()["phase"] == "declared"
    assert await here.kinds() == ["declared"]
    for by, seen in ((TOKEN, 1), ("dev-person-leader", 1), ("dev-unit-east", 1), ("dev-unit-south", 0)):
        answer = await there.ask("GET", "", by)
        assert answer.status_code == 200
        assert len(answer.json()["seasons"]) == seen, by


async def test_wishes_are_refused_over_http_and_nothing_changes(processes: tuple[Process, Process]):
    here, _ = processes
    declared = (await here.declare()).json()
    place = f"/{declared['id']}"
    for answer, status, code in (
        (await here.declare(to=moment(NOW)), 422, "ends_before_start"),
        (await here.declare(), 409, "season_overlaps"),
        (await here.declare("dev-person-asker"), 403, "not_seasonal"),
        (await here.declare("dev-unit-east"), 403, "people_only"),
        (await here.declare(figures={"cap_factor": 99}), 422, "bad_figure"),
        (await here.declare(figures={"cap_facter": 2}), 422, None),
        (await here.ask("POST", f"{place}/end", json={}), 409, "season_not_begun"),
        (await here.ask("POST", f"{place}/withdraw", "dev-person-southern"), 403, "not_seasonal"),
        (await here.ask("POST", "/S0/end", json={}), 404, "unknown_season"),
    ):
        assert answer.status_code == status, answer.text
        assert code in {None, answer.json()["code"]}
    assert await here.kinds() == ["declared"]


async def test_two_processes_that_declare_at_once_do_not_overlap(processes: tuple[Process, Process]):
    answers = await asyncio.gather(*(one.declare(name=f"{turn}") for turn in range(4) for one in processes))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert await processes[0].kinds() == ["declared"]


async def test_what_one_process_declared_the_other_knows_in_time_and_it_reverts_by_itself(processes: tuple[Process, Process]):
    here, there = processes
    assert await there.shelf.current() == ()
    await here.declare()
    assert len(await here.shelf.current()) == 1, "at once"
    assert await there.shelf.current() == (), "not read again yet"
    there.monotonic += FRESH_SECONDS
    (season,) = await there.shelf.current()
    assert [season.in_effect(NOW + days * DAY) for days in (0, 1, 9, 10)] == [False, True, True, False]


async def test_beginning_and_end_are_said_once_whoever_comes_to_it_also_when_all_were_away(processes: tuple[Process, Process]):
    here, there = processes
    await here.declare()
    here.clock.passes(days=30)
    await asyncio.gather(here.wake(), there.wake(), here.wake(), there.wake())
    assert await here.kinds() == ["declared", "began", "ended"]
    published = [event.type for one in processes for event in one.broker.said if event.type.endswith(("began", "ended"))]
    assert sorted(set(published)) == ["backline.season.began", "backline.season.ended"]
    assert here.woken + there.woken, "whoever waits is looked at again"
    document = await here.store.events(SEASONS)
    assert [event.sequence for event in document] == [1, 2, 3]


async def test_the_ledger_wakes_itself_when_a_season_begins(processes: tuple[Process, Process], mongo_database: Database):
    here, _ = processes
    await here.declare()
    stored = await mongo_database["seasons"].find_one({"_id": SEASONS}, {"wake_at": 1})
    assert stored is not None
    assert stored["wake_at"] == NOW + DAY
    here.clock.passes(days=1)
    await here.wake()
    stored = await mongo_database["seasons"].find_one({"_id": SEASONS}, {"wake_at": 1})
    assert stored is not None
    assert stored["wake_at"] == NOW + 10 * DAY
    early = await here.ask("POST", f"/{(await here.shelf.all()).seasons[0].id}/end", json={"reason": "已开标"})
    assert early.json()["phase"] == "ended"
    here.clock.passes(days=30)
    await here.wake()
    assert await here.kinds() == ["declared", "began", "ended"]
    assert timedelta(0) == here.clock.now() - NOW - 31 * DAY
