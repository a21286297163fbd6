"""A content is there for the unit that stored it, and for no other that knows its SHA-256; storing it tells nothing."""

import hashlib
from typing import Any

import pytest

from services.intake.api import personal_routes
from services.intake.holders import note_holders
from services.intake.projection import Projection
from shared.http.auth import Authenticator
from shared.storage import BlobStore, Database
from tests.builders import a_body, a_directory
from tests.component.intake.intake_site import TOKEN, Site

pytestmark = pytest.mark.stack
DATA = b"%PDF-1.7 a contract"
SHA256 = hashlib.sha256(DATA).hexdigest()
NAMED = [{"name": "contract.pdf", "media_type": "application/pdf", "size": len(DATA), "sha256": SHA256}]


async def upload(site: Site, unit: str) -> Any:
    return await site.ask("PUT", f"/v1/attachments/{SHA256}", by=f"dev-unit-{unit}", content=DATA)


async def fetched(site: Site, database: Database, request: str) -> int:
    """What one of our services is answered that fetches the content for `request`."""
    auth = Authenticator(service_token=TOKEN, environment="development", keys_file=None, directory=a_directory)
    routes = personal_routes(Projection(database["requests"]), BlobStore(database), {}, auth.service)
    site.app.include_router(routes)
    answer = await site.ask("GET", f"/internal/attachments/{SHA256}", by=TOKEN, params={"request": request})
    assert answer.status_code != 200 or answer.content == DATA
    return answer.status_code


async def test_a_sha256_alone_reads_nothing(site: Site, mongo_database: Database):
    await upload(site, "harbour")
    ours = (await site.submitted("A-1", attachments=NAMED))["id"]
    body = a_body(business_unit="islands", source={"system": "crm", "reference": "A-2"}, attachments=NAMED)
    answer = await site.ask("POST", "/v1/requests", by="dev-unit-islands", json=body)
    theirs = answer.json()["id"]
    assert await fetched(site, mongo_database, ours) == 200
    assert await fetched(site, mongo_database, theirs) == 404
    await upload(site, "islands")
    assert await fetched(site, mongo_database, theirs) == 200
    assert await fetched(site, mongo_database, "no-such-request") == 404


async def test_storing_what_another_unit_has_is_answered_as_storing_what_nobody_has(site: Site):
    first, again = await upload(site, "harbour"), await upload(site, "islands")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    untold = {"date", "server-timing", "x-request-id"}
    assert {key for key in first.headers if key not in untold} == {key for key in again.headers if key not in untold}


async def test_what_was_stored_before_belongs_to_the_units_whose_requests_name_it(site: Site, mongo_database: Database):
    blobs = BlobStore(mongo_database)
    other = await blobs.put(b"named by nobody", name="x", media_type="text/plain")
    await blobs.put(DATA, name="contract.pdf", media_type="application/pdf")
    request = (await site.submitted("A-3", attachments=NAMED))["id"]
    assert await fetched(site, mongo_database, request) == 404
    await note_holders(blobs, Projection(mongo_database["requests"]))
    assert await fetched(site, mongo_database, request) == 200
    assert await blobs.held(SHA256, {"islands"}) is None
    assert await blobs.held(other, {"harbour"}) is None
    assert await blobs.unheld(5) == []
