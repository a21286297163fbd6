"""A burst through the ledger and the database: assigned together, and each stored record gives itself again."""

import random
import uuid
from collections.abc import AsyncIterator

import pytest

from services.routing.domain.reproducing import reproduced, same
from shared.schemas.routing import DecisionRecord
from shared.storage import Client, Database, MongoLedgerStore, connect
from tests.component.routing.burst_site import a_process, statuses, submitted
from tests.unit.routing.routing_build import (
    a_directory,
    a_person,
    an_engineer,
)

pytestmark = pytest.mark.stack


@pytest.fixture
async def client(mongo_uri: str) -> AsyncIterator[Client]:
    made = connect(mongo_uri)
    yield made
    made.close()


async def test_a_burst_is_assigned_together_and_each_record_gives_itself_again(mongo_database: Database, client: Client):
    chance = random.Random(4)
    engineers = [an_engineer(f"e{number}", seats=2, skills={"analysis": chance.randint(1, 3)}) for number in range(6)]
    water = [engineers[0].model_copy(update={"industries": ("water",), "skills": {"analysis": 1, "writing": 1}})]
    manager = a_person("manager", "presales_manager", seats=60)
    process = a_process(client, mongo_database.name, a_directory(manager, *water, *engineers[1:]))
    await MongoLedgerStore(mongo_database["requests"]).prepare()
    surveys, proposals = [str(uuid.uuid4()) for _ in range(8)], [str(uuid.uuid4()) for _ in range(2)]
    batch = [*(submitted(one) for one in surveys), *(submitted(one, "tech.proposal") for one in proposals)]
    await process.ledger.apply(batch)

    assert await statuses(mongo_database) == {"assigned": 10}, "one by one a survey would take the only one who writes"
    documents = [document async for document in mongo_database["requests"].find()]
    records = [
        (document["_id"], DecisionRecord.model_validate(record))
        for document in documents
        for record in document["state"]["decisions"]
    ]
    kept = [record.together.kept for _, record in records if record.together]
    assert kept == ["together"] * 10
    for request, record in records:
        again = reproduced(request, record)
        assert again is not None
        assert same(record, again)
