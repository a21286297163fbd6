"""Files that nobody names go after a day; whatever a request names, or was stored again, stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.documents.orphans import Orphans
from services.documents.projection import Projection
from shared.storage import BlobStore, Database

pytestmark = pytest.mark.stack
LATER = datetime.now(UTC) + timedelta(days=2)


async def stored(database: Database, data: bytes, owner: str | None = "r1") -> str:
    return await BlobStore(database).put(data, name="f.pdf", media_type="application/pdf", owner=owner)


async def discarded(database: Database, before: datetime = LATER) -> int:
    return await Orphans(BlobStore(database), Projection(database["requests"])).discard(before)


def made(sha256: str, sheet: str | None = None) -> dict[str, Any]:
    return {"sha256": sha256, "manifest": {"sheet": {"sha256": sheet} if sheet else None}}


async def test_only_what_nobody_names_is_discarded(mongo_database: Database) -> None:
    said, sheet, ended, orphan = [await stored(mongo_database, name) for name in (b"said", b"sheet", b"ended", b"orphan")]
    result = [{"result": made(ended)}, {"result": {}}]
    await mongo_database["requests"].insert_one({"_id": "r1", "state": {"made": [made(said, sheet)]}, "items": result})
    assert await discarded(mongo_database) == 1
    files = BlobStore(mongo_database)
    assert [await files.get(one) is not None for one in (said, sheet, ended, orphan)] == [True, True, True, False]
    assert await mongo_database["blobs.chunks"].count_documents({}) == 3


async def test_a_file_that_is_one_day_old_at_most_may_still_be_named(mongo_database: Database) -> None:
    await stored(mongo_database, b"young")
    assert await discarded(mongo_database, datetime.now(UTC) - timedelta(days=1)) == 0


async def test_storing_a_file_again_makes_it_young(mongo_database: Database) -> None:
    await stored(mongo_database, b"again")
    between = datetime.now(UTC) + timedelta(milliseconds=1)
    sha256 = await stored(mongo_database, b"again", owner="r2")
    assert await BlobStore(mongo_database).owned(LATER, "", 9) == [(sha256, ["r1", "r2"])]
    assert not await BlobStore(mongo_database).discard(sha256, between - timedelta(seconds=1))
    assert await BlobStore(mongo_database).get(sha256) is not None


async def test_what_has_no_owner_is_left_alone(mongo_database: Database) -> None:
    sha256 = await stored(mongo_database, b"attachment", owner=None)
    assert await discarded(mongo_database) == 0
    assert await BlobStore(mongo_database).get(sha256) is not None
