"""What is stored is judged again with all that it names: the files of a returned wording count when something else is mended."""

import hashlib
import json

import pytest

from services.intake.domain.state import State
from shared.schemas.model import Json
from shared.storage import Database
from tests.builders import a_body, with_details
from tests.component.intake.intake_site import TOKEN, Site
from tests.unit.files.hostile import an_office_file

pytestmark = pytest.mark.stack
DRAFT = an_office_file()
SHA256 = hashlib.sha256(DRAFT).hexdigest()
BODY = a_body("tech.survey", source={"system": "erp", "reference": "E-1"})
NAMED = {key: BODY[key] for key in ("business_unit", "source")}


async def batch(site: Site, *lines: Json) -> list[Json]:
    content = b"\n".join(json.dumps(line).encode() for line in lines)
    answer = await site.ask("POST", "/v1/requests:batch", content=content, headers={"Content-Type": "application/jsonl"})
    return [json.loads(line) for line in answer.text.splitlines()]


async def private_of(database: Database, request: str) -> State:
    stored = await database["requests"].find_one({"_id": request})
    assert stored is not None
    return State.model_validate(stored["state"])


async def test_a_returned_request_with_files_is_completed_by_an_amendment(site: Site):
    file = await site.uploaded("草案.docx", DRAFT)
    lacking = with_details(BODY, purpose=None) | {"attachments": [file]}
    returned = (await site.ask("POST", "/v1/requests", json=lacking)).json()
    assert [problem["field"] for problem in returned["verdict"]["problems"]] == ["details.purpose"]
    answer = (await site.ask("PATCH", f"/v1/requests/{returned['id']}", json={"details": {"purpose": "目的"}})).json()
    assert (answer["outcome"], answer["verdict"]["problems"]) == ("accepted", [])


async def test_one_whose_file_was_not_uploaded_still_lacks_it(site: Site):
    file = {"name": "草案.docx", "media_type": "application/pdf", "size": len(DRAFT), "sha256": SHA256}
    lacking = with_details(BODY, purpose=None) | {"attachments": [file]}
    returned = (await site.ask("POST", "/v1/requests", json=lacking)).json()
    answer = (await site.ask("PATCH", f"/v1/requests/{returned['id']}", json={"details": {"purpose": "目的"}})).json()
    assert (answer["outcome"], answer["verdict"]["problems"][0]["code"]) == ("returned", "not_uploaded")


@pytest.mark.parametrize("uploaded", [True, False])
async def test_an_early_amendment_brings_its_file(site: Site, mongo_database: Database, uploaded: bool):
    file = {"name": "草案.docx", "media_type": "application/pdf", "size": len(DRAFT), "sha256": SHA256}
    if uploaded:
        file = await site.uploaded("草案.docx", DRAFT)
    (held,) = await batch(site, {"action": "amend", "body": NAMED | {"attachments": [file]}})
    assert held["outcome"] == "held"
    await site.ask("POST", "/v1/requests", json=BODY)
    private = (await private_of(mongo_database, held["id"])).private
    assert private.latest is not None
    assert [one.sha256 for one in private.latest.request.attachments] == ([SHA256] if uploaded else [])
    assert [one.refusal["code"] for one in private.early if one.refusal] == ([] if uploaded else ["amendment_not_accepted"])


async def test_a_file_that_was_judged_goes_to_our_services_whoever_uploaded_it(site: Site):
    file = await site.uploaded("草案.docx", DRAFT, by="dev-unit-islands")
    address, asked = f"/internal/attachments/{SHA256}/link", {"audience": "documents"}
    ours = (await site.submitted("R-1", by=TOKEN, attachments=[file]))["id"]
    assert (await site.ask("POST", address, by=TOKEN, params={**asked, "request": ours})).status_code == 200
    others = await site.submitted("R-2", attachments=[file])
    assert others["verdict"]["problems"][0]["code"] == "not_uploaded"
    assert (await site.ask("POST", address, by=TOKEN, params={**asked, "request": others["id"]})).status_code == 404
