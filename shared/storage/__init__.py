"""The only room that imports motor and pymongo: connections, the ledger's collection, blobs."""

import sys

# PyOpenSSL, which alone would give pymongo OCSP, is not among our dependencies; looking for it, pymongo loads 9 MB of cryptography
# before it finds that out and takes the standard library's ssl. To import what is None here says so at once.
sys.modules["pymongo.pyopenssl_context"] = None  # type: ignore[assignment]

from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo import timeout as within
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from shared.storage.audit import MongoAudit
from shared.storage.blobs import Blob, BlobStore
from shared.storage.client import (
    Client,
    Collection,
    Database,
    PlainClient,
    UnsafeDatabaseError,
    connect,
    connect_plain,
    ensure_safe,
)
from shared.storage.dead_letters import BuriedAgainError, MongoDeadLetters, handed_again
from shared.storage.key_store import MongoKeys
from shared.storage.ledger_store import MongoLedgerStore
from shared.storage.people_store import MongoPeopleStore
from shared.storage.shadow_store import MongoShadow
from shared.storage.sight import Places, Sight, Sighted

__all__ = [
    "Blob",
    "BlobStore",
    "BulkWriteError",
    "BuriedAgainError",
    "Client",
    "Collection",
    "Database",
    "DuplicateKeyError",
    "InsertOne",
    "MongoAudit",
    "MongoDeadLetters",
    "MongoKeys",
    "MongoLedgerStore",
    "MongoPeopleStore",
    "MongoShadow",
    "Places",
    "PlainClient",
    "PyMongoError",
    "ReplaceOne",
    "Sight",
    "Sighted",
    "UnsafeDatabaseError",
    "UpdateOne",
    "connect",
    "connect_plain",
    "ensure_safe",
    "handed_again",
    "within",
]
