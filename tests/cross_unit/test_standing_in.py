"""Across units, in every service's store: whoever stands in reads the part of who is away while the leave lasts, and nobody else does."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request

from services.documents.projection import Projection as Documents
from services.intake.domain import RequestDomain
from services.intake.projection import Projection as Intake
from services.notify.projection import MongoProjection as Notify
from services.routing.projection import Projection as Routing
from shared.http.access import Access
from shared.http.auth import Authenticator
from shared.schemas.people import Directory, Leave, Person
from shared.storage import Collection, Database
from tests.component.documents.test_documents_sight import a_state
from tests.unit.intake.states import a_desk
from tests.unit.notify.notify_build import Story
from tests.unit.notify.scenes import SCENES
from tests.unit.routing.routing_build import an_assigned, an_engineer

pytestmark = pytest.mark.stack
DURING = datetime(2027, 3, 3, 4, 0, tzinfo=UTC)
LEAVE = (Leave(first=date(2027, 3, 2), last=date(2027, 3, 4)),)
MOMENTS = {"before": DURING - timedelta(days=3), "during": DURING, "after": DURING + timedelta(days=3)}
STORES: dict[str, tuple[Callable[[Collection], Any], Callable[[], Any], str]] = {
    "intake": (Intake, lambda: a_desk("working").state, "PE1"),
    "routing": (Routing, lambda: an_assigned(an_engineer("anna")).state, "anna"),
    "documents": (Documents, a_state, "PE1"),
    "notify": (Notify, lambda: Story().through(SCENES["supporters_assigned"]).state, "ben"),
}
Reads = Callable[[str, str], Awaitable[bool]]


def somebody(identity: str, **changes: object) -> Person:
    plain = Person(id=identity, name=identity, email=f"{identity}@far.example", business_unit="far")
    return plain.model_copy(update=changes)


def everybody(holder: str, **leave: Any) -> Directory:
    away = somebody(holder, business_unit="headquarters", **{"leave": LEAVE, "delegate": "deputy", **leave})
    return Directory().with_entries([away, somebody("deputy"), somebody("colleague"), somebody("other", delegate="colleague")])


async def reading(database: Database, service: str, people: Directory) -> Reads:
    """Whether whoever comes with a token sees the service's one request at a moment."""
    made, state, _ = STORES[service]
    schema = RequestDomain.schema if service == "intake" else 1
    await database[service].insert_one({"_id": "r1", "schema": schema, "state": state().model_dump(mode="json")})
    projection = made(database[service])

    async def reads(token: str, moment: str) -> bool:
        access = Access(now=lambda: MOMENTS[moment])
        auth = Authenticator(
            service_token="a-service-token-of-tests",
            environment="development",
            keys_file=None,
            directory=lambda: people,
            access=access,
        )
        caller = await auth.principal(Request({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]}))
        return await projection.state(caller.sight, "r1") is not None

    return reads


@pytest.mark.parametrize("service", STORES)
async def test_a_delegate_of_another_unit_reads_while_the_leave_lasts_and_no_longer(mongo_database: Database, service: str):
    reads = await reading(mongo_database, service, everybody(STORES[service][2]))
    seen = {moment: await reads("dev-person-deputy", moment) for moment in MOMENTS}
    assert seen == {"before": False, "during": True, "after": False}


@pytest.mark.parametrize("service", STORES)
@pytest.mark.parametrize("token", ["dev-person-colleague", "dev-person-other", "dev-unit-far", "dev-unit-deputy"])
async def test_nobody_else_of_the_delegates_unit_ever_reads(mongo_database: Database, service: str, token: str):
    reads = await reading(mongo_database, service, everybody(STORES[service][2]))
    assert not any([await reads(token, moment) for moment in MOMENTS])


@pytest.mark.parametrize("service", STORES)
async def test_a_delegate_without_a_leave_never_reads(mongo_database: Database, service: str):
    reads = await reading(mongo_database, service, everybody(STORES[service][2], leave=()))
    assert not any([await reads("dev-person-deputy", moment) for moment in MOMENTS])


@pytest.mark.parametrize("service", STORES)
async def test_who_is_away_reads_as_ever(mongo_database: Database, service: str):
    reads = await reading(mongo_database, service, everybody(STORES[service][2]))
    assert all([await reads(f"dev-person-{STORES[service][2]}", moment) for moment in MOMENTS])
