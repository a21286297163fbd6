"""Erasing a natural person: found within one unit, written down as ids before anything goes, finished after a stop anywhere."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.intake.api import erasing_routes, person_routes
from services.intake.mail.kept import MailBook
from services.intake.persons import Persons
from services.intake.uploads import Uploads
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.schemas.model import Json
from shared.service.audit import Audit
from shared.storage import MongoAudit, MongoLedgerStore
from shared.telemetry.health import Health
from tests.builders import a_body, a_directory, with_details
from tests.component.intake.intake_site import TOKEN, OneAtATime, Site
from tests.component.intake.test_desk import batch

pytestmark = pytest.mark.stack
WHO = "Kanari99q0001"


class Operator:
    """Intake's internal addresses, as the command asks them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        auth = Authenticator(service_token=TOKEN, environment="development", keys_file=None, directory=a_directory)
        told: Any = OneAtATime(site._requests)
        audit, book = Audit(MongoAudit(site.database["operations"]), site.clock), MailBook(site.database["mails"])
        persons = Persons(site.database["requests"], site.shelf, site.database["erasures"], site.packs)
        uploads = Uploads(site.blobs, site._projection, MongoLedgerStore(site.database["requests"]).events)
        routers = (
            person_routes(persons, site.blobs, audit, site.clock, auth.service),
            erasing_routes(told, book, site.shelf, site.blobs, audit, site.clock, auth.service, uploads.forget),
        )
        app = create_app(service="intake", health=Health(), routers=routers)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake/internal")

    async def ask(self, method: str, path: str, by: str = TOKEN, **more: Any) -> httpx.Response:
        return await self.http.request(method, path, headers={"Authorization": f"Bearer {by}"}, **more)

    async def found(self, *values: str, unit: str = "harbour") -> Json:
        answer = await self.ask("POST", "/persons:find", params={"by": "op"}, json={"unit": unit, "values": list(values)})
        told: Json = answer.raise_for_status().json()
        return told

    async def submitted(self, reference: str, *counterparts: str, **changes: Any) -> str:
        body = with_details(
            a_body("tech.survey", source={"system": "crm", "reference": reference}), counterparts=list(counterparts)
        )
        answer = await self.site.ask("POST", "/v1/requests", json={**body, **changes})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def holding(self) -> list[str]:
        """The collections in which the value stands."""
        names = await self.site.database.list_collection_names()
        return sorted([name for name in names if WHO in repr([one async for one in self.site.database[name].find({})])])


@pytest_asyncio.fixture(loop_scope="session")
async def operator(site: Site) -> AsyncIterator[Operator]:
    opened = Operator(site)
    yield opened
    await opened.http.aclose()


async def test_what_names_somebody_is_listed_by_id_and_field_and_the_rest_is_not(operator: Operator):
    exact = await operator.submitted("P-1", WHO, "别人")
    within = await operator.submitted("P-2", f"{WHO}，采购部")
    await operator.submitted("P-3", "别人")
    found = await operator.found(WHO.lower())
    told = {one["request"]: (one["how"], one["fields"]) for one in found["requests"]}
    assert told == {exact: ("exact", ["details.counterparts"]), within: ("within", ["details.counterparts"])}
    assert (found["looked"], found["next"], WHO in str(found)) == (3, None, False)


async def test_another_units_requests_are_not_looked_at(operator: Operator):
    await operator.submitted("P-1", WHO)
    assert (await operator.found(WHO, unit="elsewhere"))["requests"] == []


async def test_everything_is_looked_at_a_page_at_a_time(operator: Operator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.intake.persons.LOOKED_AT", 2)
    made = {await operator.submitted(f"P-{number}", WHO) for number in range(5)}
    found, after = set[str](), ""
    while True:
        asked = {"unit": "harbour", "values": [WHO], "after": after}
        answer = await operator.ask("POST", "/persons:find", params={"by": "op"}, json=asked)
        found |= {one["request"] for one in answer.json()["requests"]}
        after = answer.json()["next"]
        if after is None:
            break
    assert found == made


async def begun(operator: Operator, *, files: bool = False) -> Json:
    found = await operator.found(WHO)
    wish = {"unit": "harbour", "files": files}
    wish |= {"requests": [one["request"] for one in found["requests"]], "entries": [one["entry"] for one in found["entries"]]}
    answer = await operator.ask("POST", "/erasures", params={"by": "op"}, json=wish)
    told: Json = answer.raise_for_status().json()
    return told


async def test_an_erasure_that_was_broken_off_is_known_and_finished_and_nothing_holds_the_value(operator: Operator):
    requests = [await operator.submitted(f"P-{number}", WHO) for number in range(3)]
    (line,) = await batch(
        operator.site, {"action": "smile", "body": {**a_body("tech.survey"), "details": {"counterparts": [WHO]}}}
    )
    assert line["outcome"] == "refused"
    assert await operator.holding() == ["desk", "requests"], "the control: there was nothing to erase"
    erasure = await begun(operator)
    first = erasure["requests"][0]
    await operator.ask("POST", f"/requests/{first}/erase", params={"by": "op"})
    # Broken off here: the value names this request no more, and the erasure still does.
    assert first not in [one["request"] for one in (await operator.found(WHO))["requests"]]
    (left,) = (await operator.ask("GET", "/erasures")).json()["erasures"]
    assert set(left["requests"]) == set(requests)
    assert (await operator.ask("POST", f"/erasures/{left['id']}/entries", params={"by": "op"})).json() == {
        "entries": 1,
        "mails": 0,
    }
    for request in left["requests"]:
        await operator.ask("POST", f"/requests/{request}/erase", params={"by": "op"})
        await operator.ask("POST", f"/erasures/{left['id']}/done", params={"request": request})
    assert (await operator.ask("GET", "/erasures")).json() == {"erasures": []}
    assert await operator.holding() == []
    assert (await operator.found(WHO))["requests"] == []
    deeds = [entry["action"] async for entry in operator.site.database["operations"].find({})]
    assert deeds[:2] == ["find person", "erase person"], "who only looked is known too"


async def test_the_raw_mail_of_an_entry_goes_with_it(operator: Operator):
    site = operator.site
    (line,) = await batch(site, {"action": "smile", "body": {**a_body("tech.survey"), "details": {"counterparts": [WHO]}}})
    assert line["outcome"] == "refused"
    mail = await site.blobs.put(WHO.encode(), name="mail.eml", media_type="message/rfc822")
    await site.database["desk"].update_one({}, {"$set": {"kind": "mail", "place": mail}})
    erasure = await begun(operator)
    answer = await operator.ask("POST", f"/erasures/{erasure['id']}/entries", params={"by": "op"})
    assert (answer.json(), await site.blobs.has(mail)) == ({"entries": 1, "mails": 1}, False)


async def test_uploads_go_when_they_are_asked_for_and_no_other_request_names_them(operator: Operator):
    site = operator.site
    own, shared = [await site.uploaded(f"{name}.txt", name.encode()) for name in ("own", "shared")]
    request = await operator.submitted("P-1", WHO, attachments=[own, shared])
    await operator.submitted("P-2", "别人", attachments=[shared])
    kept = await operator.ask("POST", f"/requests/{request}/erase", params={"by": "op"})
    assert (kept.json()["files"], await site.blobs.has(own["sha256"])) == (0, True)
    gone = await operator.ask("POST", f"/requests/{request}/erase", params={"by": "op", "files": True})
    assert gone.json()["files"] == 1
    assert (await site.blobs.has(own["sha256"]), await site.blobs.has(shared["sha256"])) == (False, True)


async def test_uploads_of_every_wording_go_and_what_another_request_was_asked_to_take_stays(operator: Operator):
    site = operator.site
    first, then, theirs = [await site.uploaded(f"{name}.txt", name.encode()) for name in ("first", "then", "theirs")]
    request = await operator.submitted("P-1", WHO, attachments=[first, theirs])
    other = await operator.submitted("P-2", "别人")
    for changed, files in ((request, [then, theirs]), (other, [theirs])):
        answer = await site.ask("PATCH", f"/v1/requests/{changed}", json={"attachments": files})
        assert answer.json()["pending"] == ["amendment"], answer.text
    gone = await operator.ask("POST", f"/requests/{request}/erase", params={"by": "op", "files": True})
    assert gone.json()["files"] == 2
    assert [await site.blobs.has(file["sha256"]) for file in (first, then, theirs)] == [False, False, True]


async def test_nobody_else_may_ask_and_an_empty_value_finds_nothing(operator: Operator):
    asked = {"unit": "harbour", "values": [WHO]}
    for by in ("dev-unit-harbour", "dev-person-A1"):
        assert (await operator.ask("POST", "/persons:find", by=by, params={"by": "x"}, json=asked)).status_code in {401, 403}
        assert (await operator.ask("GET", "/erasures", by=by)).status_code in {401, 403}
    refused = await operator.ask("POST", "/persons:find", params={"by": "op"}, json={**asked, "values": ["  "]})
    assert (refused.status_code, refused.json()["code"]) == (422, "nothing_to_look_for")
    for path in ("entries", "done"):
        answer = await operator.ask("POST", f"/erasures/none/{path}", params={"by": "op", "request": "x"})
        assert answer.status_code == 404
