"""The files of a request over HTTP, from a real file store: listed, downloaded under their own names, and only by those it concerns."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import unquote

import httpx
import pytest
import pytest_asyncio

from services.documents.api import document_routes
from services.documents.domain import State
from services.documents.projection import Projection
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.http.signed import Signer
from shared.schemas.documents import DocumentRendered
from shared.storage import BlobStore, Database
from shared.telemetry.health import Health
from tests.builders import a_body, a_directory, a_document, judged
from tests.builders.contract import conforming

pytestmark = pytest.mark.stack
DATA = b"%PDF-1.7 the file"
SHA256 = hashlib.sha256(DATA).hexdigest()
NAME = "调研纪要-云汀港务集团-BL-AB12CD34-v1.pdf"
SHEET = b"%PDF-1.7 for ourselves"
SHEET_SHA256 = hashlib.sha256(SHEET).hexdigest()
SHEET_NAME = "内部资料页-云汀港务集团-BL-AB12CD34-v1.pdf"
OURS = {"Authorization": "Bearer dev-person-A1"}
STRANGER = {"Authorization": "Bearer dev-person-MK2"}


def a_file(document: str, sha256: str) -> DocumentRendered:
    return a_document(document, name=NAME, size=len(DATA), sha256=sha256)


@pytest_asyncio.fixture(loop_scope="session")
async def client(mongo_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Documents' addresses over one request with two files, of which one has lost its content."""
    blobs = BlobStore(mongo_database)
    assert await blobs.put(DATA, name=NAME, media_type="application/pdf") == SHA256
    assert await blobs.put(SHEET, name=SHEET_NAME, media_type="application/pdf") == SHEET_SHA256
    sheet = {"name": SHEET_NAME, "size": len(SHEET), "sha256": SHEET_SHA256}
    outward = a_document("D-2", name=NAME, size=len(DATA), sha256=SHA256, manifest={"sheet": sheet})
    made = (a_file("D-1", SHA256), a_file("D-lost", "0" * 64), outward)
    state = State(request=judged(a_body()).request, made=made)
    await mongo_database["requests"].insert_one({"_id": "r1", "state": state.model_dump(mode="json")})
    signer = Signer(("a-secret-of-these-tests",), lambda: datetime.now(UTC))
    auth = Authenticator(service_token="t" * 20, environment="development", keys_file=None, directory=a_directory)
    routes = document_routes(Projection(mongo_database["requests"]), blobs, auth.principal, signer)
    app = create_app(service="documents", health=Health(), routers=(routes,))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://documents", event_hooks=conforming(app)) as opened:
        yield opened


async def test_the_files_of_a_request_are_listed_with_their_addresses(client: httpx.AsyncClient):
    answer = await client.get("/v1/requests/r1/documents", headers=OURS)
    first = answer.json()["documents"][0]
    assert {
        key: first[key] for key in ("document", "name", "media_type", "size", "sha256", "version", "address", "sheet_address")
    } == {
        "document": "D-1",
        "name": NAME,
        "media_type": "application/pdf",
        "size": len(DATA),
        "sha256": SHA256,
        "version": 1,
        "address": "/v1/documents/D-1",
        "sheet_address": None,
    }


async def test_a_file_arrives_whole_under_its_chinese_name(client: httpx.AsyncClient):
    answer = await client.get("/v1/documents/D-1", headers=OURS)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert unquote(answer.headers["content-disposition"].partition("filename*=UTF-8''")[2]) == NAME
    assert answer.headers["etag"] == f'"{SHA256}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/pdf"
    assert "private" in answer.headers["cache-control"]


async def test_the_internal_sheet_of_a_customers_file_has_its_own_address(client: httpx.AsyncClient):
    listed = (await client.get("/v1/requests/r1/documents", headers=OURS)).json()["documents"]
    (address,) = [row["sheet_address"] for row in listed if row["sheet_address"]]
    assert address == "/v1/documents/D-2/sheet"
    answer = await client.get(address, headers=OURS)
    assert (answer.status_code, answer.content) == (200, SHEET)
    assert unquote(answer.headers["content-disposition"].partition("filename*=UTF-8''")[2]) == SHEET_NAME
    assert (await client.get("/v1/documents/D-1/sheet", headers=OURS)).status_code == 404


@pytest.mark.parametrize("known", [f'"{SHA256}"', f'"x", "{SHA256}"', "*"])
async def test_who_has_the_file_already_is_told_so_instead(client: httpx.AsyncClient, known: str):
    answer = await client.get("/v1/documents/D-1", headers={**OURS, "If-None-Match": known})
    assert (answer.status_code, answer.content) == (304, b"")
    other = await client.get("/v1/documents/D-1", headers={**OURS, "If-None-Match": '"another"'})
    assert other.status_code == 200


@pytest.mark.parametrize("address", ["/v1/requests/r1/documents", "/v1/documents/D-1", "/v1/documents/D-2/sheet"])
async def test_strangers_learn_nothing_not_even_that_it_exists(client: httpx.AsyncClient, address: str):
    unknown = await client.get(address.replace("r1", "r9").replace("D-1", "D-9").replace("D-2", "D-9"), headers=OURS)
    refused = await client.get(address, headers={**STRANGER, "If-None-Match": "*"})
    assert refused.status_code == unknown.status_code == 404
    assert refused.json()["code"] == unknown.json()["code"] == "not_found"
    assert (await client.get(address)).status_code == 401


async def test_a_file_whose_content_is_lost_is_not_found(client: httpx.AsyncClient):
    assert (await client.get("/v1/documents/D-lost", headers=OURS)).status_code == 404
