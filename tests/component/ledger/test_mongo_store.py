"""The store on the real mongod keeps the same contract."""

import pytest

from shared.storage import Database, MongoLedgerStore
from tests.unit.ledger.store_contract import LedgerStoreContract


@pytest.mark.stack
class TestMongoLedgerStore(LedgerStoreContract):
    """The contract, on MongoDB."""

    @pytest.fixture
    async def store(self, mongo_database: Database) -> MongoLedgerStore:
        store = MongoLedgerStore(mongo_database["ledger"])
        await store.prepare()
        return store

    async def test_parked_requests_are_listed_with_their_reason(self, store: MongoLedgerStore) -> None:
        from tests.unit.ledger.store_contract import change

        await store.write([change("a"), change("b", parked="broken")])
        assert await store.parked(10) == [("b", "broken")]
