"""The store on the real mongod keeps the same contract, reads by its indexes, and tells trouble from what cannot be stored."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import WriteConcern
from pymongo.errors import BulkWriteError

from shared.ledger.document import Mark, Refused
from shared.storage import Database, MongoLedgerStore, MongoPeopleStore
from shared.storage.ledger_store import PARKED, WAITING, LedgerFigures, _due
from tests.unit.ledger.small_domain import MONDAY, held, history
from tests.unit.ledger.store_contract import LATER, LedgerStoreContract, change, said

ANY_TIME: CodecOptions[dict[str, Any]] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
"""A plan names the bounds of an index, the end of time among them."""
NO_SUCH_MAJORITY = WriteConcern(w=2, wtimeout=200)
"""More members than the set has: written, and never acknowledged."""


class FullDisk:
    """A collection whose server refuses some operations of a bulk, each with a code of its own."""

    database: Mapping[str, object] = {"ledger_history": None}
    name = "ledger"

    def __init__(self, *codes: int) -> None:
        self._codes = codes

    async def bulk_write(self, operations: object, **_options: object) -> None:
        errors = [{"index": place, "code": code, "errmsg": f"error {code}"} for place, code in enumerate(self._codes)]
        raise BulkWriteError({"writeErrors": errors, "writeConcernErrors": []})


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        yield from [plan["stage"]] if "stage" in plan else []
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _stages(part)


@pytest.mark.parametrize("code", [14031, 1, 8, 112, 189, 999_999], ids=str)
async def test_a_code_that_is_not_about_the_content_is_tried_again_and_never_taken_for_a_refusal(code: int) -> None:
    store = MongoLedgerStore(FullDisk(11000, code))  # type: ignore[arg-type]  # only what a bulk needs
    with pytest.raises(BulkWriteError):
        await store.write([change("a"), change("b")])


async def test_a_code_about_the_content_refuses_its_document_alone() -> None:
    store = MongoLedgerStore(FullDisk(11000, 17419))  # type: ignore[arg-type]  # only what a bulk needs
    assert await store.write([change("a"), change("b"), change("c")]) == [
        "stale",
        Refused(problem="17419: error 17419"),
        "written",
    ]


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

    async def test_a_write_that_no_majority_acknowledged_is_no_write(self, mongo_database: Database) -> None:
        store = MongoLedgerStore(mongo_database.get_collection("ledger", write_concern=NO_SUCH_MAJORITY))
        with pytest.raises(BulkWriteError):
            await store.write([change("a")])

    async def test_a_document_that_grows_over_the_servers_limit_is_refused_alone(self, store: MongoLedgerStore) -> None:
        """What is stored already counts too, and only the server knows it."""
        await store.write([change("big", events=said("big", 5, {"t": "x" * 2_000_000}), head=5)])
        results = await store.write([change("big", revision=1, state={"s": "x" * 8_000_000}, head=5), change("small")])
        assert isinstance(results[0], Refused)
        assert results[1] == "written"
        assert (await store.load(["big"]))["big"].revision == 1

    async def test_figures_count_what_is_parked_and_what_waits_apart(self, store: MongoLedgerStore) -> None:
        first, second = (held(history("r", 1)[0], at) for at in (MONDAY, LATER))
        await store.write([change("a", early=[second, first]), change("b", early=[second]), change("c")])
        await store.write([change("d", early=[first], parked="why")])
        assert await store.figures() == LedgerFigures(parked=1, early=2, oldest_early=MONDAY)
        await store.write([change("a", revision=1)])
        assert await store.figures() == LedgerFigures(parked=1, early=1, oldest_early=LATER)

    @pytest.mark.parametrize("query", [PARKED, WAITING, _due(LATER)], ids=["parked", "waiting", "due"])
    async def test_sweeps_and_figures_never_scan_the_collection(
        self, store: MongoLedgerStore, mongo_database: Database, query: dict[str, Any]
    ) -> None:
        early = [held(history("r", 1)[0])]
        await store.write([change(f"quiet{number}") for number in range(200)])
        await store.write([change("a", parked="why"), change("b", early=early), change("c", wake_at=MONDAY)])
        pipeline = [{"$match": query}, {"$group": {"_id": None, "n": {"$sum": 1}}}]
        asked = {"aggregate": "ledger", "pipeline": pipeline, "cursor": {}}
        counting = await mongo_database.command("explain", asked, verbosity="executionStats", codec_options=ANY_TIME)
        assert "COLLSCAN" not in [*_stages(counting)]
        finding = {"find": "ledger", "filter": query, "projection": {"_id": 1}}
        found = await mongo_database.command("explain", finding, verbosity="executionStats", codec_options=ANY_TIME)
        assert "COLLSCAN" not in [*_stages(found["queryPlanner"])]
        assert found["executionStats"]["totalDocsExamined"] == 1


@pytest.mark.stack
async def test_people_that_no_majority_acknowledged_are_not_kept(mongo_database: Database) -> None:
    store = MongoPeopleStore(mongo_database.get_collection("people", write_concern=NO_SUCH_MAJORITY))
    with pytest.raises(BulkWriteError):
        await store.keep([("p1", 1, "t", {})])


@pytest.mark.stack
async def test_an_older_entry_of_a_person_loses_and_the_others_are_kept(mongo_database: Database) -> None:
    store = MongoPeopleStore(mongo_database["people"])
    await store.keep([("p1", 2, "t", {"n": 2})])
    await store.keep([("p1", 1, "t", {"n": 1}), ("p2", 1, "t", {})])
    assert sorted(await store.all()) == [("p1", 2, "t", {"n": 2}), ("p2", 1, "t", {})]
