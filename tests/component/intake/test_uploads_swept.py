"""Uploads that nobody named go after a day, what a request names stays, and a submission on its way is never overtaken."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from bson import ObjectId

from services.intake.projection import Projection
from services.intake.unnamed import Unnamed
from shared.service.hourly import OLD
from shared.storage import BlobStore, Database
from tests.component.intake.intake_site import Site
from tests.unit.intake.desk import COORDINATED

pytestmark = pytest.mark.stack


async def aged(database: Database, sha256: str, days: float) -> None:
    """The file was last stored so long ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    await database["blobs.files"].update_one({"filename": sha256}, {"$set": {"uploadDate": at}})


async def swept(database: Database, before: datetime | None = None) -> int:
    return await Unnamed(BlobStore(database), Projection(database["requests"])).discard(before or datetime.now(UTC) - OLD)


async def uploaded(site: Site, name: str, days: float = 2) -> str:
    sha256 = str((await site.uploaded(name, name.encode()))["sha256"])
    await aged(site.database, sha256, days)
    return sha256


async def test_only_what_is_old_and_unnamed_is_discarded(site: Site, mongo_database: Database):
    named, orphan, young = [await uploaded(site, name, days) for name, days in (("n.txt", 0), ("o.txt", 2), ("y.txt", 0.9))]
    mail = await site.blobs.put(b"a mail", name="mail.eml", media_type="message/rfc822")
    file = {"name": "n.txt", "media_type": "text/plain", "size": 5, "sha256": named}
    assert (await site.submitted("R-1", attachments=[file]))["outcome"] == "accepted"
    for sha256 in (named, mail):
        await aged(mongo_database, sha256, 2)
    assert await swept(mongo_database) == 1
    assert [await site.blobs.has(one) for one in (named, orphan, young, mail)] == [True, False, True, True]
    assert await mongo_database["blobs.chunks"].count_documents({}) == 3


async def test_what_an_amendment_replaced_was_named_all_the_same(site: Site, mongo_database: Database):
    first, second = [await uploaded(site, name, 0) for name in ("1.txt", "2.txt")]
    files = [{"name": "a.txt", "media_type": "text/plain", "size": 5, "sha256": one} for one in (first, second)]
    request = (await site.submitted("R-1", attachments=files[:1], details={}))["id"]
    await site.ask("PATCH", f"/v1/requests/{request}", json={"attachments": files[1:]})
    for sha256 in (first, second):
        await aged(mongo_database, sha256, 2)
    await mongo_database["requests"].update_one({"_id": request}, {"$set": {"said_at": datetime.now(UTC) - timedelta(days=2)}})
    assert await swept(mongo_database) == 0
    await mongo_database["requests"].delete_many({})
    assert await swept(mongo_database) == 0, "what was once seen to be named is never looked at again"


async def test_a_submission_on_its_way_is_not_overtaken_by_the_sweep(site: Site, mongo_database: Database):
    """The control is the second file: it is as old, and nobody is about to name it."""
    naming, control = [await uploaded(site, name) for name in ("n.txt", "c.txt")]
    before = datetime.now(UTC) - OLD
    assert set(await site.attachments.known([naming])) == {naming}  # the submission is judged; its write is under way
    assert await swept(mongo_database, before) == 1
    assert [await site.blobs.has(one) for one in (naming, control)] == [True, False]
    file = {"name": "n.txt", "media_type": "text/plain", "size": 5, "sha256": naming}
    assert (await site.submitted("R-1", attachments=[file]))["outcome"] == "accepted"


async def test_a_submission_that_comes_after_the_sweep_is_told_that_the_file_is_gone(site: Site, mongo_database: Database):
    gone = await uploaded(site, "g.txt")
    assert await swept(mongo_database) == 1
    file = {"name": "g.txt", "media_type": "text/plain", "size": 5, "sha256": gone}
    answer = await site.submitted("R-1", attachments=[file])
    assert [problem["code"] for problem in answer["verdict"]["problems"]] == ["not_uploaded"]


async def test_pieces_of_a_file_that_never_became_whole_are_discarded_by_their_age(site: Site, mongo_database: Database):
    whole = await uploaded(site, "w.txt", 0)
    torn = await uploaded(site, "t.txt", 0)
    await mongo_database["blobs.files"].delete_one({"filename": torn})  # as if the process had died before its last write
    soon = datetime.now(UTC) + timedelta(seconds=5)
    assert await site.blobs.discard_torn(datetime.now(UTC) - OLD) == 0
    assert await site.blobs.discard_torn(soon) == 1
    assert await mongo_database["blobs.chunks"].count_documents({}) == 1
    assert (await site.blobs.get(whole)) is not None


async def test_what_was_looked_at_for_torn_pieces_is_not_looked_at_each_hour(mongo_database: Database):
    """The control is the first look of each process, at everything; and what came since is found."""
    now, chunks = datetime.now(UTC), mongo_database["blobs.chunks"]

    async def torn(days: float) -> None:
        await chunks.insert_one({"files_id": ObjectId.from_datetime(now - timedelta(days=days)), "n": 0, "data": b""})

    async def old_and_whole(days: float) -> None:
        identity = ObjectId.from_datetime(now - timedelta(days=days))
        await chunks.insert_one({"files_id": identity, "n": 0, "data": b""})
        await mongo_database["blobs.files"].insert_one({"_id": identity, "filename": str(days)})

    for days in range(10, 60):
        await old_and_whole(days)
    await torn(20.5)
    store = BlobStore(mongo_database)
    await store._prepare()
    looked, find = [], store._chunks.find

    def watched(query: dict[str, Any], *more: Any) -> Any:
        looked.append(query)
        return find(query, *more)

    store._chunks = SimpleNamespace(find=watched, delete_many=store._chunks.delete_many)
    assert await store.discard_torn(now - OLD) == 1
    assert [await chunks.count_documents(query) for query in looked] == [50, 0]
    await torn(1.5)
    looked.clear()
    assert await store.discard_torn(now - OLD + timedelta(hours=1)) == 1
    assert [await chunks.count_documents(query) for query in looked] == [0, 0]
    plan = await mongo_database.command("explain", {"find": "blobs.chunks", "filter": looked[0]}, verbosity="executionStats")
    assert plan["executionStats"]["totalKeysExamined"] <= 1


async def test_a_pending_amendment_names_its_files_too(site: Site, mongo_database: Database):
    request = (await site.submitted("R-1"))["id"]
    await site.hear(request, COORDINATED)
    asked = await uploaded(site, "a.txt", 0)
    file = {"name": "a.txt", "media_type": "text/plain", "size": 5, "sha256": asked}
    amended = (await site.ask("PATCH", f"/v1/requests/{request}", json={"attachments": [file]})).json()
    assert amended["pending"] == ["amendment"]
    await aged(mongo_database, asked, 2)
    await mongo_database["requests"].update_one({"_id": request}, {"$set": {"said_at": datetime.now(UTC)}})
    assert await swept(mongo_database) == 0
