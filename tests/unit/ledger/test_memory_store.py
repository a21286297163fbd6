"""The store in memory keeps the contract, so what is proved on it is proved about the port."""

import pytest

from tests.unit.ledger.memory_store import MemoryStore
from tests.unit.ledger.store_contract import LedgerStoreContract


class TestMemoryStore(LedgerStoreContract):
    """The contract, in memory."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()
