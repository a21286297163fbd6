"""Attachments over HTTP on a real file store: in constant memory, once each, missing ones in the verdict, out only to who sees them."""

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from services.documents.effects import HttpIntake
from shared.catalogue.attachments import MAX_BYTES
from shared.schemas.model import Json
from shared.storage import BlobStore, Database
from shared.storage.blobs import AT_ONCE, PIECE
from tests.component.intake.intake_site import TOKEN, Site
from tests.unit.files.hostile import an_office_file

pytestmark = pytest.mark.stack
DRAFT = an_office_file()
MACROS = an_office_file("application/vnd.ms-word.document.macroEnabled.main+xml")
SHA256 = hashlib.sha256(DRAFT).hexdigest()
KINDLY = {"Accept-Language": "en"}
MIB = 1024 * 1024


async def noise(size: int, taken: list[int] | None = None, piece: int = 64 * 1024) -> AsyncIterator[bytes]:
    """`size` bytes that are no text and no archive; `taken` counts the pieces that were asked for."""
    for place in range(0, size, piece):
        if taken is not None:
            taken.append(place)
        yield bytes([7]) * min(piece, size - place)


async def stored(database: Database) -> tuple[int, int]:
    """How many files and pieces there are."""
    return await database["blobs.files"].count_documents({}), await database["blobs.chunks"].count_documents({})


async def a_contract(site: Site, reference: str, by: str = "dev-unit-harbour", **changes: Any) -> Json:
    """A contract review whose draft is DRAFT; `changes` are of what is said of it."""
    file = {"name": "草案.docx", "media_type": "application/pdf", "size": len(DRAFT), "sha256": SHA256, **changes}
    answer: Json = await site.submitted(reference, "business.contract", attachments=[file], by=by)
    return answer


def problems(answer: Json) -> list[tuple[str, str]]:
    return [(problem["field"], problem["code"]) for problem in answer["verdict"]["problems"]]


async def test_an_upload_of_the_largest_size_costs_little_memory(site: Site, mongo_database: Database):
    await site.ask("POST", "/v1/attachments", content=noise(MIB))
    tracemalloc.start()
    try:
        answer = await site.ask("POST", "/v1/attachments", content=noise(MAX_BYTES))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        whole = await site.blobs.get(answer.json()["sha256"])
        control = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.json()["size"]) == (201, MAX_BYTES)
    assert whole is not None
    assert whole.data == bytes([7]) * MAX_BYTES
    assert peak < 10 * AT_ONCE * PIECE < MAX_BYTES < control


async def test_an_upload_is_refused_as_soon_as_it_is_too_large(site: Site, mongo_database: Database):
    taken: list[int] = []
    answer = await site.ask("POST", "/v1/attachments", content=noise(4 * MAX_BYTES, taken))
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "too_large", MAX_BYTES)
    assert max(taken) <= MAX_BYTES
    assert await stored(mongo_database) == (0, 0)


async def test_an_upload_that_is_broken_off_leaves_nothing(site: Site, mongo_database: Database):
    messages = iter([{"type": "http.request", "body": bytes(MIB), "more_body": True}, {"type": "http.disconnect"}])
    said: list[Json] = []
    headers = [(b"authorization", b"Bearer dev-unit-harbour")]
    scope = {"type": "http", "method": "POST", "path": "/v1/attachments", "query_string": b"", "headers": headers}

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        said.append(message)

    await site.app({**scope, "http_version": "1.1", "server": ("intake", 80), "scheme": "http"}, receive, send)
    assert said[0]["status"] == 400
    assert await stored(mongo_database) == (0, 0)


async def test_the_same_content_twice_at_once_is_one(site: Site, mongo_database: Database):
    asked = [site.ask("PUT", f"/v1/attachments/{SHA256}?name={n}.docx", content=DRAFT) for n in range(6)]
    answers = await asyncio.gather(*asked)
    assert {(answer.status_code, answer.json()["sha256"]) for answer in answers} == {(201, SHA256)}
    assert await stored(mongo_database) == (1, 1)


@pytest.mark.parametrize("guarded", [True, False], ids=["with the index", "control: without it"])
async def test_many_processes_that_store_the_same_at_once_keep_one(mongo_database: Database, guarded: bool):
    stores = [BlobStore(mongo_database) for _ in range(8)]
    for store in stores:
        store._prepared = not guarded
    await asyncio.gather(*(store.put(DRAFT, name="a.docx", media_type="x/y", by="harbour") for store in stores))
    files, pieces = await stored(mongo_database)
    assert files == pieces
    assert (files == 1) is guarded


async def test_the_answer_says_what_the_content_is(site: Site):
    answer = await site.ask(
        "POST", "/v1/attachments", content=DRAFT, params={"name": "../草案.pdf"}, headers={"Content-Type": "application/pdf"}
    )
    told = answer.json()
    assert (told["sha256"], told["size"], told["name"]) == (SHA256, len(DRAFT), "草案.pdf")
    assert told["media_type"].endswith("wordprocessingml.document")
    assert [remark["code"] for remark in told["remarks"]] == ["renamed", "name_differs", "type_differs"]


async def test_a_file_that_may_not_come_in_is_refused_in_both_languages_and_not_kept(site: Site, mongo_database: Database):
    answer = await site.ask("POST", "/v1/attachments", content=MACROS, params={"name": "a.docx"}, headers=KINDLY)
    assert (answer.status_code, answer.json()["code"]) == (422, "macros")
    assert "docx" in answer.json()["detail"]
    assert "宏" in answer.json()["message"]["zh"]
    wrong = await site.ask("PUT", f"/v1/attachments/{'0' * 64}", content=DRAFT)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "digest_mismatch")
    assert await stored(mongo_database) == (0, 0)


async def test_a_file_that_was_not_uploaded_is_named_until_it_is(site: Site):
    missing = await a_contract(site, "R-1")
    assert (missing["outcome"], problems(missing)) == ("returned", [("attachments.0", "not_uploaded")])
    sentences = missing["verdict"]["problems"][0]["message"]
    assert all("草案.docx" in sentence and "PUT /v1/attachments" in sentence for sentence in sentences.values())
    await site.uploaded("草案.docx", DRAFT)
    complete = await a_contract(site, "R-1")
    assert (complete["outcome"], complete["id"]) == ("accepted", missing["id"])


async def test_a_size_that_is_not_the_contents_is_named(site: Site):
    await site.uploaded("草案.docx", DRAFT)
    assert problems(await a_contract(site, "R-1", size=1)) == [("attachments.0.size", "size_differs")]


async def test_a_file_that_was_refused_is_named_with_its_reason(site: Site):
    await site.ask("POST", "/v1/attachments", content=MACROS, params={"name": "a.docx"})
    answer = await a_contract(site, "R-1", sha256=hashlib.sha256(MACROS).hexdigest(), size=len(MACROS))
    assert problems(answer) == [("attachments.0", "content_refused")]
    assert "macros" in answer["verdict"]["problems"][0]["message"]["en"]


async def test_knowing_a_digest_is_not_having_the_file(site: Site):
    await site.uploaded("草案.docx", DRAFT, by="dev-unit-islands")
    answer = await a_contract(site, "R-1")
    assert problems(answer) == [("attachments.0", "not_uploaded")]
    got = await site.ask("GET", f"/v1/requests/{answer['id']}/attachments/{SHA256}")
    assert got.status_code == 404
    await site.uploaded("草案.docx", DRAFT)
    assert (await a_contract(site, "R-1"))["outcome"] == "accepted"


async def test_what_stands_is_not_asked_for_again(site: Site, mongo_database: Database):
    await site.uploaded("草案.docx", DRAFT)
    request = (await a_contract(site, "R-1"))["id"]
    await mongo_database["blobs.files"].delete_many({})
    amended = (await site.ask("PATCH", f"/v1/requests/{request}", json={"priority": "urgent"})).json()
    assert (amended["outcome"], amended["amended"]) == ("accepted", True)


async def test_a_download_is_safe_and_arrives_under_the_requests_name(site: Site):
    await site.uploaded("first name.docx", DRAFT)
    address = f"/v1/requests/{(await a_contract(site, 'R-1'))['id']}/attachments/{SHA256}"
    whole = await site.ask("GET", address)
    assert (whole.status_code, whole.content, whole.headers["content-length"]) == (200, DRAFT, str(len(DRAFT)))
    assert unquote(whole.headers["content-disposition"].partition("filename*=UTF-8''")[2]) == "草案.docx"
    assert whole.headers["content-disposition"].startswith("attachment;")
    assert whole.headers["content-type"].endswith("wordprocessingml.document")
    assert (whole.headers["x-content-type-options"], whole.headers["etag"]) == ("nosniff", f'"{SHA256}"')
    assert "sandbox" in whole.headers["content-security-policy"]
    assert "private" in whole.headers["cache-control"]
    known = await site.ask("GET", address, headers={"If-None-Match": f'"{SHA256}"'})
    assert (known.status_code, known.content) == (304, b"")
    part = await site.ask("GET", address, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, DRAFT[2:6], f"bytes 2-5/{len(DRAFT)}")
    head = await site.ask("HEAD", address)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(DRAFT)))


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        ("dev-unit-harbour", 200),
        ("dev-person-A1", 200),
        (TOKEN, 200),
        ("dev-unit-islands", 404),
        ("dev-person-MK2", 404),
        ("nobody", 401),
    ],
)
async def test_only_who_sees_the_request_downloads_its_files(site: Site, caller: str, status: int):
    await site.uploaded("草案.docx", DRAFT)
    address = f"/v1/requests/{(await a_contract(site, 'R-1'))['id']}/attachments/{SHA256}"
    assert (await site.ask("GET", address, by=caller)).status_code == status
    assert (await site.ask("POST", f"{address}/link", by=caller)).status_code == (201 if status == 200 else status)
    assert (await site.ask("GET", address[:-64] + "0" * 64, by=caller)).status_code == (401 if status == 401 else 404)


async def test_a_signed_address_needs_no_token_until_it_expires(site: Site):
    await site.uploaded("草案.docx", DRAFT)
    address = f"/v1/requests/{(await a_contract(site, 'R-1'))['id']}/attachments/{SHA256}"
    link = (await site.ask("POST", f"{address}/link", params={"seconds": 60})).json()["address"]
    assert (await site.client.get(link)).content == DRAFT
    assert (await site.client.head(link)).status_code == 200
    other = f"/v1/requests/{(await a_contract(site, 'R-2'))['id']}/attachments/{SHA256}"
    for changed in (link.replace(address, other), link.replace("expires=", "expires=1"), link[:-1]):
        answer = await site.client.get(changed, headers=KINDLY)
        assert (answer.status_code, answer.json()["code"]) == (403, "link_not_valid")
    site.clock.forward(120)
    assert (await site.client.get(link)).status_code == 403


async def test_documents_fetches_a_file_from_intake(site: Site):
    file = await site.uploaded("草案.docx", DRAFT)
    request = (await site.submitted("R-1", attachments=[file]))["id"]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=site.app), headers={"Authorization": f"Bearer {TOKEN}"}, base_url="http://intake"
    ) as client:
        media_type, data = await HttpIntake(client, "http://intake").attachment(SHA256, request)
        assert (media_type.rpartition(".")[2], data) == ("document", DRAFT)
        with pytest.raises(httpx.HTTPStatusError) as missing:
            await HttpIntake(client, "http://intake").attachment("0" * 64, request)
        assert missing.value.response.status_code == 404


async def test_services_hand_files_over_by_address_and_the_general_token_opens_none(site: Site):
    file = await site.uploaded("草案.docx", DRAFT)
    request, others = (
        (await site.submitted("R-1", attachments=[file]))["id"],
        (await site.submitted("R-2", by="dev-unit-mountain", business_unit="mountain"))["id"],
    )
    asked = {"audience": "documents", "request": request}
    inside = f"/internal/attachments/{SHA256}"
    link = await site.ask("POST", f"{inside}/link", by=TOKEN, params=asked)
    assert (await site.ask("POST", f"{inside}/link", by=TOKEN, params={**asked, "request": others})).status_code == 404
    assert (await site.client.get(link.json()["address"])).content == DRAFT
    assert (await site.ask("GET", inside, by=TOKEN)).status_code == 403
    assert (await site.ask("POST", f"{inside}/link", params=asked)).status_code == 403
    assert (await site.client.get(link.json()["address"].replace("documents", "notify"))).status_code == 403
    for_a_person = site.signer.sign(inside, audience="download").address
    assert (await site.client.get(for_a_person)).status_code == 403
