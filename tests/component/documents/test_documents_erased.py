"""After an erasure no stored file holds a personal value: intake and documents as they are wired, canaries in each personal field."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.documents.api import document_routes
from services.documents.domain import State
from services.documents.effects import HttpIntake, Rendering
from services.documents.erasing import Erasing, erasing_routes
from services.documents.projection import Projection
from services.documents.rendering.given import Job, Rendered
from services.documents.rendering.job import render
from services.intake.api import erasing_routes as intake_erasing
from services.intake.api import personal_routes
from services.intake.mail.kept import MailBook
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.ledger.effects import Done, Ending, Retry
from shared.ledger.messages import Item
from shared.schemas.documents import DocumentRendered
from shared.schemas.model import Json
from shared.service.audit import Audit
from shared.storage import BlobStore, Database, MongoAudit
from shared.telemetry.health import Health
from tests.builders import a_body, a_directory, judged, with_details
from tests.component.intake.intake_site import TOKEN, OneAtATime, Site
from tests.hostile.canaries import PERSONAL, found_in
from tests.unit.documents.renderings import a_job, text_of, word_text_of

pytestmark = pytest.mark.stack
OURS = {"Authorization": f"Bearer {TOKEN}"}
READER = {"Authorization": "Bearer dev-person-A1"}


class Held:
    """Renders in this process, once it is let."""

    def __init__(self) -> None:
        self.begun, self.let = asyncio.Event(), asyncio.Event()
        self.let.set()

    async def render(self, job: Job) -> Rendered:
        self.begun.set()
        await self.let.wait()
        return render(job)


@dataclass(kw_only=True)
class Ground:
    """Both services over one database; `http` reaches intake at http://intake and documents at http://documents."""

    site: Site
    http: httpx.AsyncClient
    blobs: BlobStore
    renderer: Held
    effect: Rendering

    async def submitted(self, kind: str) -> tuple[str, Item]:
        """A request with canaries, as intake keeps it, and the rendering that is planned of it."""
        body = with_details(a_body(kind, source={"system": "canary", "reference": f"N-{kind}"}), **PERSONAL[kind])
        answer = await self.site.ask("POST", "/v1/requests", json=body)
        assert answer.json()["outcome"] == "accepted", answer.text
        item = Item(id=f"D-{kind}", kind="render", data=a_job(body).data, subject=answer.json()["id"], attempt=1, tries=1)
        return item.subject, item

    async def rendered(self, item: Item) -> Ending:
        async def never() -> None:
            raise AssertionError("rendering has no point of no return")

        return await self.effect.perform(item, never)

    async def erase(self, request: str) -> list[Json]:
        """As the command does: intake first, then documents."""
        answers = []
        for service in ("intake", "documents"):
            url = f"http://{service}/internal/requests/{request}/erase"
            answers.append((await self.http.post(url, params={"by": "op"}, headers=OURS)).raise_for_status().json())
        return answers

    async def stored(self) -> list[str]:
        """The canaries that any stored file holds, read as a reader does."""
        files = self.site.database["blobs.files"].find({}, {"filename": 1, "metadata": 1})
        texts: dict[str, str] = {}
        async for file in files:
            blob = await self.blobs.get(file["filename"])
            assert blob is not None
            read = text_of if blob.data.startswith(b"%PDF") else word_text_of
            texts[file["filename"]] = read(blob.data)
        return found_in(texts)


@pytest_asyncio.fixture(loop_scope="session")
async def ground(mongo_database: Database) -> AsyncIterator[Ground]:
    site = Site(mongo_database)
    await site.open()
    auth = Authenticator(service_token=TOKEN, environment="development", keys_file=None, directory=a_directory)
    audit, told = Audit(MongoAudit(mongo_database["operations"]), site.clock), _told(site)
    book, blobs, made = MailBook(mongo_database["mails"]), site.blobs, mongo_database["documents_requests"]
    erasing = Erasing(blobs, mongo_database["erased_files"])
    routers = {
        "intake": (
            personal_routes(site._projection, blobs, site.packs, auth.service, site.signer),
            intake_erasing(told, book, site.shelf, blobs, audit, site.clock, auth.service),
        ),
        "documents": (
            document_routes(Projection(made), blobs, auth.principal, site.signer, erasing.was),
            erasing_routes(erasing, audit, auth.service),
        ),
    }
    mounts = {
        f"http://{name}": httpx.ASGITransport(app=create_app(service=name, health=Health(), routers=several))  # type: ignore[arg-type]
        for name, several in routers.items()
    }
    renderer = Held()
    async with httpx.AsyncClient(mounts=mounts) as http, httpx.AsyncClient(mounts=mounts, headers=OURS) as trusted:
        intake = HttpIntake(trusted, "http://intake")
        effect = Rendering(intake=intake, files=blobs, renderer=renderer, directory=a_directory, policy_root=None)
        yield Ground(site=site, http=http, blobs=blobs, renderer=renderer, effect=effect)
    await site.client.aclose()


def _told(site: Site) -> Any:
    return OneAtATime(site._requests)


@pytest.mark.parametrize("kind", ["tech.survey", "tech.bid", "market.gift"])
async def test_after_an_erasure_no_stored_file_holds_a_personal_value(ground: Ground, kind: str):
    request, item = await ground.submitted(kind)
    for form in ("pdf", "docx"):
        planned = Item(**{**vars(item), "id": f"{item.id}-{form}", "data": {**item.data, "format": form}})
        assert isinstance(await ground.rendered(planned), Done)
    assert await ground.stored(), "the control: there was nothing to erase"
    erased, files = await ground.erase(request)
    assert (erased["erased"], files["files"] >= 2) == (True, True)
    assert await ground.stored() == []
    assert (await ground.erase(request))[1]["files"] == 0


@pytest.mark.parametrize("looks", [True, False])
async def test_a_rendering_under_way_while_it_is_erased_leaves_no_file(
    ground: Ground, looks: bool, monkeypatch: pytest.MonkeyPatch
):
    """The control does not look again once the file is stored: then the values are there."""

    async def never_looks(*_: object) -> bool:
        return True

    if not looks:
        monkeypatch.setattr(Rendering, "_still", never_looks)
    request, item = await ground.submitted("tech.bid")
    ground.renderer.let.clear()
    under_way = asyncio.create_task(ground.rendered(item))
    await ground.renderer.begun.wait()
    await ground.erase(request)
    ground.renderer.let.set()
    assert isinstance(await under_way, Retry if looks else Done)
    assert (await ground.stored() == []) is looks
    assert isinstance(await ground.rendered(item), Done), "made again, without the values"


async def test_whoever_asks_for_an_erased_file_is_told_so(ground: Ground):
    request, item = await ground.submitted("tech.survey")
    end = await ground.rendered(item)
    assert isinstance(end, Done)
    made = DocumentRendered.model_validate(end.data)
    state = State(request=judged(a_body()).request, made=(made,))
    await ground.site.database["documents_requests"].insert_one({"_id": request, "state": state.model_dump(mode="json")})
    address = f"http://documents/v1/documents/{made.document}"
    assert (await ground.http.get(address, headers=READER)).status_code == 200
    await ground.erase(request)
    gone = await ground.http.get(address, headers=READER)
    assert (gone.status_code, gone.json()["code"]) == (410, "erased")
    stranger = await ground.http.get(address, headers={"Authorization": "Bearer dev-person-MK2"})
    assert stranger.status_code == 404


async def test_who_erases_stands_in_the_audit_and_others_may_not(ground: Ground):
    url = "http://documents/internal/requests/r/erase"
    assert (await ground.http.post(url, params={"by": "x"}, headers=READER)).status_code in {401, 403}
    assert (await ground.http.post(url, params={"by": "x"}, headers=OURS)).json() == {"request": "r", "files": 0}
    assert [entry["by"] async for entry in ground.site.database["operations"].find({})] == ["x"]
