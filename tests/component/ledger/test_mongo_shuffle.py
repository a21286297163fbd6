"""The same schedules on the real mongod: what holds over the store in memory holds over the one that is used."""

import random

import pytest

from shared.storage import Database, MongoLedgerStore
from tests.unit.ledger.shuffle import World
from tests.unit.ledger.verdicts import faults_of

SCHEDULES = 30


@pytest.mark.stack
@pytest.mark.usefixtures("silent_log")
async def test_no_schedule_breaks_a_promise_on_the_real_mongod(mongo_database: Database) -> None:
    seeds = random.Random(20270301)
    for number in range(SCHEDULES):
        seed = seeds.randrange(2**63)
        store = MongoLedgerStore(mongo_database[f"schedule{number}"])
        await store.prepare()
        world = World(dice=random.Random(seed), store=store)
        await world.run()
        assert await faults_of(world) == [], f"the schedule of seed {seed}"
