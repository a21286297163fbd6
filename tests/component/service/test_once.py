"""One name, one answer, whatever the store of names does: on MongoDB as in memory, raced by many."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.http.problems import Refused
from shared.schemas.model import Frozen
from shared.service.once import Keys, Once, Wish
from shared.storage import Database, MongoKeys
from tests.builders.keys import MemoryKeys

pytestmark = pytest.mark.stack
NOW = datetime(2027, 3, 1, tzinfo=UTC)


class Told(Frozen):
    """An answer; `pending` ones are not final."""

    number: int
    pending: bool = False


@pytest.fixture(params=["mongo", "memory"])
def keys(request: pytest.FixtureRequest, mongo_database: Database) -> Keys:
    return MongoKeys(mongo_database["idempotency_keys"], lambda: NOW) if request.param == "mongo" else MemoryKeys()


class Forgetful(MemoryKeys):
    """The control: a store that lets everybody keep their own answer."""

    async def settle(self, name: str, answer: str, *, instead_of: str | None = None) -> str:
        return answer


def a_wish(body: object = None) -> Wish:
    return Wish(name="n", operation="submit", subject="R", body=body)


class Numbering:
    """Answers with the next number each time it is performed."""

    def __init__(self, *, pending: int = 0) -> None:
        self.number, self.pending = 0, pending

    async def __call__(self) -> Told:
        self.number = number = self.number + 1
        await asyncio.sleep(0)
        return Told(number=number, pending=number <= self.pending)


async def raced(keys: Keys) -> set[int]:
    once, perform = Once(Told, keys), Numbering()
    given = await asyncio.gather(*(once.answer(a_wish(), perform) for _ in range(50)))
    return {one.answer.number for one in given}


async def test_many_at_once_are_given_one_answer(keys: Keys):
    assert len(await raced(keys)) == 1


async def test_a_store_that_keeps_no_answer_gives_many():
    assert len(await raced(Forgetful())) == 50


async def test_a_name_stands_for_one_wish(keys: Keys):
    once = Once(Told, keys)
    await once.answer(a_wish({"a": 1, "b": [2]}), Numbering())
    assert (await once.answer(a_wish({"b": [2], "a": 1}), Numbering())).repeated
    with pytest.raises(Refused):
        await once.answer(a_wish({"a": 1}), Numbering())


async def test_what_is_not_kept_is_judged_anew(keys: Keys):
    once, perform = Once(Told, keys), Numbering()
    for number in (1, 2):
        given = await once.answer(a_wish(), perform, kept=lambda _: False)
        assert (given.answer.number, given.repeated) == (number, False)


async def test_what_is_not_final_is_repeated_until_it_is(keys: Keys):
    once, perform = Once(Told, keys), Numbering(pending=2)
    given = [await once.answer(a_wish(), perform, final=lambda told: not told.pending) for _ in range(5)]
    assert [one.answer.number for one in given] == [1, 1, 3, 3, 3]
    assert [one.repeated for one in given] == [False, True, True, True, True]


async def test_an_answer_that_looks_like_a_command_of_the_database_is_kept_as_it_is(keys: Keys):
    assert await keys.settle("x", "$answer") == "$answer"
    assert await keys.settle("x", "other") == "$answer"
    assert await keys.settle("x", "other", instead_of="$answer") == "other"


@pytest.fixture
async def kept(mongo_database: Database) -> Database:
    await MongoKeys(mongo_database["idempotency_keys"], lambda: NOW).prepare()
    return mongo_database


async def test_only_claims_without_an_answer_expire_and_each_use_is_a_claim_of_its_own(kept: Database):
    collection = kept["idempotency_keys"]
    index = (await collection.index_information())["claimed_1"]
    assert (index["expireAfterSeconds"], index["sparse"]) == (7 * 24 * 3600, True)
    later = NOW + timedelta(days=6)
    wish = {"operation": "$submit", "fingerprint": "f"}
    assert await MongoKeys(collection, lambda: NOW).claim("n", wish) is None
    assert await MongoKeys(collection, lambda: later).claim("n", wish) is not None
    found = await collection.find_one({"_id": "n"})
    assert found is not None
    assert (found["operation"], found["at"], found["claimed"]) == ("$submit", NOW, later)
    await MongoKeys(collection, lambda: later).settle("n", "an answer")
    assert "claimed" not in (await collection.find_one({"_id": "n"}) or {"claimed": 1})
    again = await MongoKeys(collection, lambda: later).claim("n", wish)
    assert again is not None
    assert again["answer"] == "an answer"
    assert "claimed" not in (await collection.find_one({"_id": "n"}) or {"claimed": 1})


async def test_a_refused_command_leaves_a_claim_that_expires_and_what_stands_for_parts_does_not(kept: Database):
    once = Once(Told, MongoKeys(kept["idempotency_keys"], lambda: NOW))
    await once.answer(a_wish(), Numbering(), kept=lambda _: False)
    assert await kept["idempotency_keys"].count_documents({"claimed": {"$exists": True}}) == 1
    batch = Wish(name="b", operation="batch", subject="", body="digest")
    for _ in range(2):
        await once.stand(batch)
    assert await kept["idempotency_keys"].count_documents({"_id": "b", "claimed": {"$exists": False}}) == 1
    with pytest.raises(Refused):
        await once.stand(Wish(name="b", operation="batch", subject="", body="another"))
