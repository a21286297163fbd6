"""The store on the real mongod keeps the same contract."""

import pytest

from shared.ledger.document import Mark
from shared.storage import Database, MongoLedgerStore
from tests.unit.ledger.store_contract import LedgerStoreContract, change, said


@pytest.mark.stack
class TestMongoLedgerStore(LedgerStoreContract):
    """The contract, on MongoDB."""

    @pytest.fixture
    async def store(self, mongo_database: Database) -> MongoLedgerStore:
        store = MongoLedgerStore(mongo_database["ledger"])
        await store.prepare()
        return store

    async def test_parked_requests_are_listed_with_their_reason(self, store: MongoLedgerStore) -> None:
        await store.write([change("a"), change("b", parked="broken")])
        assert await store.parked(10) == [("b", "broken")]

    async def test_a_long_history_leaves_the_document_and_is_told_as_before(
        self, store: MongoLedgerStore, mongo_database: Database
    ) -> None:
        events = said("r1", 30, {"text": "x" * 20_000})
        await store.write([change(events=events[:-2], head=28), change("short", events=said("short", 1), head=1)])
        assert await store.trim() == 0, "what is not published stays"
        await store.mark([Mark(subject="r1", revision=1, published=20, wake_at=None)])
        assert await store.trim() == 20
        await store.write([change(events=events[-2:], head=30, revision=1, published=20)])
        kept = await mongo_database["ledger"].find_one({"_id": "r1"})
        assert kept is not None
        assert [event["sequence"] for event in kept["events"]] == list(range(21, 31))
        assert await store.events("r1") == events
        assert await store.events("r1", 19) == events[19:]
        assert await store.caused("r1", ["c3", "c25"]) == [events[2], events[24]]
        assert (await store.load(["r1"]))["r1"].events == events[20:]

    async def test_trimming_twice_or_after_a_crash_between_copy_and_removal_doubles_nothing(
        self, store: MongoLedgerStore, mongo_database: Database
    ) -> None:
        events = said("r1", 20, {"text": "x" * 20_000})
        await store.write([change(events=events, head=20, published=20)])
        copied = events[0].model_dump()
        await mongo_database["ledger_history"].insert_one({"_id": copied["id"], **copied})
        assert await store.trim() == 20
        assert await store.trim() == 0
        assert await store.events("r1") == events
        assert await mongo_database["ledger_history"].count_documents({}) == 20
