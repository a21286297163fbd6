"""What counts as given to somebody: work that they took on, and none that they declined or that went to another before."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.routing.projection import Projection
from shared.ledger.messages import Told
from shared.schemas.people import Leave, Person
from shared.storage import Database, MongoLedgerStore, connect
from tests.component.routing.burst_site import Process, a_process, submitted
from tests.unit.routing.routing_build import NOW, a_directory, a_person, an_engineer
from tests.unit.routing.routing_fakes import FakePeople

pytestmark = pytest.mark.stack
MANAGER = a_person("manager", "presales_manager", seats=60)
ANNA, BEN = an_engineer("anna"), an_engineer("ben")
AWAY = ANNA.model_copy(update={"leave": (Leave(first=NOW.date(), last=NOW.date()),)})


class Site:
    """One process of routing, and a request that anna has."""

    def __init__(self, process: Process) -> None:
        self.process, self.request = process, str(uuid.uuid4())

    async def begins(self) -> None:
        await self.process.ledger.apply([submitted(self.request)])
        self.knows(MANAGER, ANNA, BEN)
        assert (await self.recent())["anna"] > 0

    def knows(self, *people: Person) -> None:
        self.process.surroundings._people = FakePeople(a_directory(*people))

    async def tells(self, name: str, by: str, **data: Any) -> None:
        told = Told(id=uuid.uuid4().hex, subject=self.request, name=name, data={"by": by, **data}, at=NOW)
        (outcome,) = await self.process.ledger.apply([told])
        assert outcome.refusal is None, name

    async def recent(self) -> dict[str, float]:
        loads = await self.process.surroundings._seats.loads(NOW)
        return {person: load.recent for person, load in loads.items()}


@pytest.fixture
async def site(mongo_uri: str, mongo_database: Database) -> AsyncIterator[Site]:
    client = connect(mongo_uri)
    await MongoLedgerStore(mongo_database["requests"]).prepare()
    await Projection(mongo_database["requests"]).prepare()
    found = Site(a_process(client, mongo_database.name, a_directory(MANAGER, ANNA)))
    await found.begins()
    yield found
    client.close()


async def test_what_somebody_declines_was_not_given_to_them(site: Site):
    whole = (await site.recent())["anna"]
    await site.tells("decline", "anna", reason="出差")
    found = await site.recent()
    assert (found.get("anna", 0.0), found["ben"]) == (0.0, whole)


async def test_what_goes_to_another_before_it_was_accepted_was_not_given(site: Site):
    await site.tells("hand_over", "anna", person="ben", reason="另有任务")
    assert "anna" not in await site.recent()


async def test_what_a_leave_takes_away_before_it_was_accepted_was_not_given(site: Site):
    site.knows(MANAGER, AWAY, BEN)
    await site.process.surroundings.people_changed()
    await site.process.surroundings.quiet()
    found = await site.recent()
    assert "anna" not in found
    assert found["ben"] > 0


async def test_who_is_released_before_they_accepted_was_given_nothing(site: Site):
    await site.tells("add", "manager", person="ben", reason="人手不足")
    assert (await site.recent())["ben"] > 0
    await site.tells("release", "manager", person="ben", reason="不再需要")
    assert "ben" not in await site.recent()


@pytest.mark.parametrize("name", ["decline", "hand_over"])
async def test_what_was_accepted_counts_although_it_went_to_another(site: Site, name: str):
    whole = (await site.recent())["anna"]
    await site.tells("accept", "anna")
    await site.tells(name, "anna", reason="另有任务", **({"person": "ben"} if name == "hand_over" else {}))
    assert (await site.recent())["anna"] == whole


async def test_coordinating_that_is_declined_was_not_given(site: Site):
    site.knows(MANAGER, a_person("manager2", "presales_manager", seats=60), ANNA, BEN)
    assert (await site.recent())["manager"] > 0
    await site.tells("decline", "manager", reason="出差")
    found = await site.recent()
    assert "manager" not in found
    assert found["manager2"] > 0
