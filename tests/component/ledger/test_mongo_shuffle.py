"""The same schedules on the real mongod: what holds over the store in memory holds over the one that is used."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from shared.storage import Database, MongoLedgerStore
from tests.unit.ledger.shuffle import World
from tests.unit.ledger.verdicts import faults_of

SCHEDULES = 30
LANES = 5
"""A schedule waits for the database most of its time; so some are played side by side, each on a collection of its own."""


@pytest.mark.stack
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("silent_log")
async def test_no_schedule_breaks_a_promise_on_the_real_mongod(mongo_database: Database) -> None:
    dice = random.Random(20270301)
    seeds = iter([dice.randrange(2**63) for _ in range(SCHEDULES)])
    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(played(mongo_database, seeds))
    assert next(seeds, None) is None


async def played(database: Database, seeds: Iterator[int]) -> None:
    """Play one schedule after another until there are none."""
    for seed in seeds:
        store = MongoLedgerStore(database[f"schedule{seed}"])
        await store.prepare()
        world = World(dice=random.Random(seed), store=store)
        await world.run()
        assert await faults_of(world) == [], f"the schedule of seed {seed}"
