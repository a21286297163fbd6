"""A recovery whose service is killed with -9 before or after any one of its writes is finished by the next, with the same result."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest

from shared.storage import Database
from tests.component.service.recovering import DEEDS, NAMES, Wish, killed, recovered, seeded

pytestmark = pytest.mark.stack


async def result(database: Database) -> dict[str, Any]:
    """Everything that a recovery leaves behind, but when, how often and by whom it was tried."""
    requests = {stored["_id"]: stored async for stored in database["requests"].find({})}
    return {
        "state": {name: stored["state"] for name, stored in requests.items()},
        "heard": {name: stored["heard"] for name, stored in requests.items()},
        "held": {name: len(stored["early"]) for name, stored in requests.items()},
        "parked": {name: stored["parked"] for name, stored in requests.items()},
        "said": {name: [event["id"] for event in stored["events"]] for name, stored in requests.items()},
        "topic": sorted([said["_id"] async for said in database["topic"].find({})]),
        "letters": sorted([(one["_id"], bool(one.get("redriven_at"))) async for one in database["dead_letters"].find({})]),
    }


async def emptied(database: Database) -> None:
    for name in await database.list_collection_names():
        await database[name].delete_many({})


async def wanted(database: Database, deed: str) -> dict[str, Any]:
    """What a recovery leaves that nobody kills."""
    await seeded(database, deed)
    await recovered(database, deed)
    return await result(database)


async def endings(
    database: Database, uri: str, deed: str, *, answered: bool, careless: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """What is left when the first was killed at its first write, its second, and so on, and another was run to its end."""
    for at in count(1):
        await emptied(database)
        await seeded(database, deed)
        wish = Wish(uri=uri, database=database.name, deed=deed, at=at, answered=answered, careless=careless)
        if not await killed(wish):
            return
        await recovered(database, deed)
        yield await result(database)


@pytest.mark.parametrize("answered", [False, True], ids=["before the write", "after it"])
@pytest.mark.parametrize("deed", DEEDS)
async def test_the_next_finishes_what_was_killed(mongo_database: Database, mongo_uri: str, deed: str, *, answered: bool) -> None:
    whole = await wanted(mongo_database, deed)
    assert set(whole["heard"]) == set(NAMES), "there was something to recover"
    ends = [end async for end in endings(mongo_database, mongo_uri, deed, answered=answered)]
    assert len(ends) > 2, "it was killed before it had begun, in the middle and at the end"
    assert ends == [whole] * len(ends)


async def test_a_letter_that_was_marked_before_it_was_taken_would_be_missed(mongo_database: Database, mongo_uri: str) -> None:
    """The negative control: one moment for a kill is enough to lose a letter, and is found."""
    whole = await wanted(mongo_database, "dead-letters")
    ends = [end async for end in endings(mongo_database, mongo_uri, "dead-letters", answered=True, careless=True)]
    assert any(end["heard"] != whole["heard"] for end in ends)
