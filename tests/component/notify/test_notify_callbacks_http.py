"""What a unit may ask of its callbacks' deliveries over HTTP: its own alone, in the documented form."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from services.notify.undelivered import Undelivered
from services.notify.undelivered_api import undelivered_routes
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.people.copy import DirectoryCopy
from shared.storage import Database
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.component.notify.callback_receiver import Receiver, answering, silent
from tests.component.notify.callback_stage import Stage, a_callback, a_dialler, until, working
from tests.unit.notify.notify_build import submitted

pytestmark = pytest.mark.stack
TOKEN = "a-service-token-of-tests"


@dataclass
class Site:
    """Notify's addresses about callbacks; `ask` as unit east, unless said otherwise."""

    stage: Stage
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, by: str = "dev-unit-east", **options: Any) -> httpx.Response:
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {by}"}, **options)


@asynccontextmanager
async def serving(database: Database, receiver: Receiver) -> AsyncIterator[Site]:
    stage = Stage(database["requests"], a_callback(receiver), dialler=a_dialler(receiver, timeout=0.3))
    undelivered = Undelivered(database["requests"])
    await undelivered.prepare()
    auth = Authenticator(service_token=TOKEN, environment="development", keys_file=None, directory=lambda: stage.directory)
    people = cast("DirectoryCopy", SimpleNamespace(directory=stage.directory))
    router = undelivered_routes(undelivered, stage.callbacks, stage.desk, people, stage.clock, auth.principal)
    app = create_app(service="notify", health=Health(), routers=(router,))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify", event_hooks=conforming(app)) as client:
        yield Site(stage, client)


async def test_what_was_given_up_is_seen_and_sent_again_by_its_unit_alone(mongo_database: Database):
    async with Receiver(behaviours=[answering(410), answering(204)]) as receiver, serving(mongo_database, receiver) as site:
        await site.stage.hear(submitted())
        async with working(site.stage):

            async def total(**params: str) -> int:
                return int((await site.ask("GET", "/v1/callbacks:undelivered", params=params)).json()["total"])

            await until(total)
            page = (await site.ask("GET", "/v1/callbacks:undelivered")).json()
            (given,) = page["undelivered"]
            assert (given["callback"], given["type"], page["next"]) == ("crm", "request.accepted", None)
            for by, params in (("dev-unit-west", {"unit": "east"}), ("dev-person-asker", {}), (TOKEN, {})):
                for method, path in (("GET", ":undelivered"), ("POST", ":redrive"), ("POST", "/crm/test")):
                    assert (await site.ask(method, f"/v1/callbacks{path}", by=by, params=params)).status_code == 403
            assert (await site.ask("GET", "/v1/callbacks:undelivered", by="dev-unit-west")).json()["total"] == 0
            assert (await site.ask("POST", "/v1/callbacks:redrive", by="dev-unit-west")).json()["again"] == 0
            assert (await site.ask("POST", "/v1/callbacks:redrive", params={"callback": "erp"})).json()["again"] == 0
            again = await site.ask("POST", "/v1/callbacks:redrive", by=TOKEN, params={"unit": "east"})
            assert again.json() == {"again": 1, "more": False}
            await until(lambda: len(receiver.received) == 2)
        assert receiver.ids == [given["delivery"]] * 2
        assert len(receiver.effects) == 1


async def test_a_trial_says_what_the_address_answered_and_plans_nothing(mongo_database: Database):
    behaviours = [answering(204), answering(500, body=b"a secret of theirs"), silent]
    async with Receiver(behaviours=behaviours) as receiver, serving(mongo_database, receiver) as site:
        told = [(await site.ask("POST", "/v1/callbacks/crm/test")).json() for _ in behaviours]
        assert [(one["delivered"], one["status"]) for one in told] == [(True, 204), (False, 500), (False, None)]
        assert "secret of theirs" not in str(told)
        assert len(set(receiver.ids)) == len(behaviours)
        assert (await site.ask("POST", "/v1/callbacks/erp/test")).status_code == 404
        assert await mongo_database["requests"].count_documents({}) == 0


async def test_one_trial_of_a_callback_at_a_time(mongo_database: Database):
    async with Receiver(behaviours=[silent, answering(204)]) as receiver, serving(mongo_database, receiver) as site:
        answers = await asyncio.gather(*(site.ask("POST", "/v1/callbacks/crm/test") for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 503, 503, 503]
        assert len(receiver.received) == 1
        assert (await site.ask("POST", "/v1/callbacks/crm/test")).json()["delivered"]
