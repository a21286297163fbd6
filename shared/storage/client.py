"""Connections to MongoDB, refused unless every write waits for a majority and the journal."""

from collections.abc import Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo.errors import OperationFailure, PyMongoError

ALREADY_INITIALIZED = 23
SUCCESSION = {"electionTimeoutMillis": 5_000, "catchUpTimeoutMillis": 2_000}
"""How long a primary may be silent before there is an election, and how long the new one looks for what only the old one may have, by
which it waits for it: nothing that anybody was told of is there alone (w=majority)."""
PROMPT: dict[str, Any] = {"heartbeatFrequencyMS": 2_000, "connectTimeoutMS": 5_000}
"""A member that says nothing for the sum of both is given up, and calls that wait for it go to the next primary. With the driver's
own 10 and 20 seconds a call waits for a frozen primary until its own time is up."""

Client = AsyncIOMotorClient[dict[str, Any]]
Database = AsyncIOMotorDatabase[dict[str, Any]]
Collection = AsyncIOMotorCollection[dict[str, Any]]


class UnsafeDatabaseError(Exception):
    """The URI or the server does not give the durability the ledger stands on."""


def connect(uri: str) -> Client:
    """A client for `uri`; nothing is sent before the first call.

    Raises UnsafeDatabaseError when the URI does not ask for w=majority, journal, majority reads, retried writes and a timeout,
    which 0 is not.
    """
    client: Client = AsyncIOMotorClient(uri, tz_aware=True, uuidRepresentation="standard", **PROMPT)
    concern = client.write_concern.document
    wanted = {
        "w=majority": concern.get("w") == "majority",
        "journal=true": concern.get("j") is True,
        "readConcernLevel=majority": client.read_concern.level == "majority",
        "retryWrites=true": client.delegate.options.retry_writes is True,
        "timeoutMS": bool(client.delegate.options.timeout),
    }
    missing = [name for name, present in wanted.items() if not present]
    if missing:
        client.close()
        raise UnsafeDatabaseError(f"The MongoDB URI lacks {', '.join(missing)}; add them to BACKLINE_MONGO_URI.")
    return client


async def ensure_safe(client: Client) -> None:
    """Raise UnsafeDatabaseError unless the server is a member of a replica set."""
    hello = await client.admin.command("hello")
    if "setName" not in hello:
        raise UnsafeDatabaseError("MongoDB does not run as a replica set; start it with --replSet and initiate the set.")


class PlainClient:
    """A direct connection for whoever sets a server up: not for data."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def answers(self) -> bool:
        """Whether the server answers."""
        try:
            await self._client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    async def initiate(self, set_name: str, addresses: Sequence[str]) -> None:
        """Make the servers at `addresses`, this one first, a replica set, unless they are one already.

        Of several, another takes the place of a silent primary in time: with the server's own settings, clients of one that is frozen
        wait for more than the fifteen seconds they are promised.
        """
        members = [{"_id": number, "host": address} for number, address in enumerate(addresses)]
        config = {"_id": set_name, "members": members, "settings": SUCCESSION}
        try:
            await self._client.admin.command("replSetInitiate", config)
        except OperationFailure as error:
            if error.code != ALREADY_INITIALIZED:
                raise

    async def is_primary(self) -> bool:
        """Whether the server takes writes."""
        try:
            return bool((await self._client.admin.command("hello")).get("isWritablePrimary"))
        except PyMongoError:
            return False

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def connect_plain(uri: str) -> PlainClient:
    """A client without the durability rules, for setting a server up."""
    return PlainClient(AsyncIOMotorClient(uri))
