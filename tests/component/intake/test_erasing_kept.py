"""Erasing what the ledger does not know: mails and entries of the desk that name it go all the same."""

from typing import Any

import httpx
import pytest

from services.intake.api import erasing_routes
from services.intake.mail.kept import Kept, MailBook
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.service.audit import Audit
from shared.storage import MongoAudit
from shared.telemetry.health import Health
from tests.builders import a_body, a_directory, id_of
from tests.component.intake.intake_site import TOKEN, OneAtATime, Site
from tests.component.intake.test_desk import batch

pytestmark = pytest.mark.stack


async def erased(site: Site, request: str) -> httpx.Response:
    auth = Authenticator(service_token=TOKEN, environment="development", keys_file=None, directory=a_directory)
    told: Any = OneAtATime(site._requests)
    audit = Audit(MongoAudit(site.database["operations"]), site.clock)
    book = MailBook(site.database["mails"])
    routes = erasing_routes(told, book, site.shelf, site.blobs, audit, site.clock, auth.service)
    app = create_app(service="intake", health=Health(), routers=(routes,))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake") as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return await client.post(f"/internal/requests/{request}/erase", params={"by": "op"}, headers=headers)


async def test_what_was_only_refused_is_erased_and_what_nobody_named_is_not_found(site: Site):
    body = a_body("tech.survey")
    request = id_of(body)
    assert (await erased(site, request)).status_code == 404
    (line,) = await batch(site, {"action": "smile", "body": body})
    assert line["outcome"] == "refused"
    mail = await site.blobs.put(b"a mail", name="mail.eml", media_type="message/rfc822")
    kept = Kept(id="m", message_id=None, kind="submit", sha256=mail, at=site.clock.now(), request=request)
    await MailBook(site.database["mails"]).remember(kept)
    answer = await erased(site, request)
    assert (answer.status_code, answer.json()) == (
        200,
        {"request": request, "erased": False, "mails": 1, "entries": 1, "files": 0},
    )
    assert not await site.blobs.has(mail)
    again = await erased(site, request)
    assert (again.status_code, again.json()["mails"], again.json()["entries"]) == (200, 0, 0)


async def test_the_raw_mail_of_an_entry_that_became_the_request_goes_with_it(site: Site):
    """A mail that nobody could tell the request of is in the book of mails without one: its entry alone says where it lies."""
    body = a_body("tech.survey")
    request = id_of(body)
    (line,) = await batch(site, {"action": "smile", "body": body})
    assert line["outcome"] == "refused"
    mail = await site.blobs.put(b"a mail", name="mail.eml", media_type="message/rfc822")
    corrected = {"kind": "mail", "place": mail, "subject": None, "names": [], "settled": {"at": "", "request": request}}
    await site.database["desk"].update_one({}, {"$set": corrected})
    answer = await erased(site, request)
    assert (answer.status_code, answer.json()["mails"], answer.json()["entries"]) == (200, 1, 1)
    assert not await site.blobs.has(mail)
