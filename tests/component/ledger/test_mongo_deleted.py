"""A document that is deleted under a process which remembers it is set aside, and harms no other request."""

import pytest

from shared.ledger.apply import Ledger
from shared.storage import Database, MongoLedgerStore
from tests.unit.ledger.memory_store import FakePublisher, Faults
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import Diary, FakeClock, Quiet, Setting, SmallDomain, told


def a_process(database: Database) -> Ledger[Diary, Setting]:
    store = MongoLedgerStore(database["requests"])
    publisher = FakePublisher(Faults(dice=Rig().faults.dice))
    surroundings = Quiet(Setting(without_items=True))
    return Ledger(domain=SmallDomain(), surroundings=surroundings, store=store, publisher=publisher, clock=FakeClock())


@pytest.mark.stack
async def test_a_document_deleted_under_a_process_is_set_aside_alone(mongo_database: Database) -> None:
    process = a_process(mongo_database)
    await process.apply([told("c1"), told("c1", "r2")])
    await mongo_database["requests"].delete_one({"_id": "r1"})
    await process.apply([told("c2")])
    after = a_process(mongo_database)
    outcomes = await after.apply([told("c3"), told("c3", "r2")])
    assert [outcome.problem for outcome in outcomes] == ["", ""]
    assert "history lost" in str((await after.store.load(["r1"]))["r1"].parked)
    assert (await after.store.load(["r2"]))["r2"].parked is None
