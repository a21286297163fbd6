"""The claims on a real database: a claim is never lost to a deletion, a document is bounded, and none is left empty."""

import asyncio
from datetime import timedelta

import pytest

from services.routing import clash_store
from services.routing.clash_keys import Mark
from services.routing.clash_store import MongoClashes
from shared.storage import Database
from tests.unit.routing.routing_build import NOW

pytestmark = pytest.mark.stack
MARK = Mark("customer", "d1")


@pytest.fixture
async def store(mongo_database: Database) -> MongoClashes:
    made = MongoClashes(mongo_database["clashes"])
    await made.prepare()
    return made


async def claims(store: MongoClashes, digest: str = "d1") -> dict[str, str]:
    return {request: unit for one in await store.of([], [digest]) for request, unit in one.claims.items()}


async def test_claims_come_once_in_their_order_and_the_empty_document_goes(store: MongoClashes, mongo_database: Database):
    await store.claim([("b", "east", MARK), ("a", "$south", MARK), ("b", "east", MARK)], NOW)
    await store.claim([("a", "$south", MARK)], NOW)
    assert list((await claims(store)).items()) == [("b", "east"), ("a", "$south")]
    await store.release([("b", "d1")])
    assert await claims(store) == {"a": "$south"}
    await store.release([("a", "d1")])
    assert await mongo_database["clashes"].count_documents({}) == 0


async def test_no_claim_is_lost_to_those_that_make_and_delete_the_document_at_the_same_moment(store: MongoClashes):
    async def comes_and_goes(one: str) -> None:
        for _ in range(15):
            await store.claim([(one, "east", MARK)], NOW)
            assert one in await claims(store)
            await store.release([(one, "d1")])

    await asyncio.gather(*(comes_and_goes(f"r{number}") for number in range(12)))
    assert await claims(store) == {}


async def test_a_full_document_takes_only_units_that_have_none_there(store: MongoClashes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clash_store, "MOST_CLAIMS", 2)
    await store.claim([(one, unit, MARK) for one, unit in (("a", "east"), ("b", "east"), ("c", "east"), ("d", "south"))], NOW)
    assert await claims(store) == {"a": "east", "b": "east", "d": "south"}


async def test_claimants_are_read_document_by_document(store: MongoClashes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clash_store, "DOCUMENTS", 2)
    marks = [Mark("customer", f"d{number}") for number in range(5)]
    await store.claim([(f"r{number}", "east", mark) for mark in marks for number in range(3)], NOW)
    await store.claim([("young", "east", marks[0])], NOW + timedelta(hours=1))
    pages, place = [], ""
    while page := await store.claimants(NOW + timedelta(seconds=1), place):
        place = page[0]
        pages.append(page)
    assert pages == [(last, ["r0", "r1", "r2"]) for last in ("d1", "d3", "d4")]
