"""The effect of a planned document: it exists when the file is stored, and every end says what happened."""

import hashlib
import io
from datetime import datetime
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from services.documents.effects import Rendering
from services.documents.rendering.children import RenderingFailedError
from services.documents.rendering.given import Job, Rendered
from services.documents.rendering.job import render
from shared.ledger.effects import Done, Retry, Terminal
from shared.ledger.items import MAX_TRIES
from shared.ledger.messages import Item
from shared.schemas.documents import DocumentRendered
from tests.builders import a_body, a_directory
from tests.unit.documents.renderings import IDENTITY, WORD, a_job, text_of
from tests.unit.documents.test_documents_contract import a_draft


def refused(status: int) -> httpx.HTTPStatusError:
    answer = httpx.Response(status, request=httpx.Request("GET", "http://intake.example"))
    return httpx.HTTPStatusError("no", request=answer.request, response=answer)


class Intake:
    """Intake's answers: personal values, and files by their hash."""

    def __init__(self, job: Job, files: dict[str, bytes] | None = None, status: int = 404, lost: int = 0) -> None:
        """`lost`: the status with which it answers who asks for personal values, if not with them."""
        self._personal, self._files, self._status, self._lost = job.personal, files or {}, status, lost

    async def personal(self, request: str) -> dict[str, Any]:
        assert request == IDENTITY
        if self._lost:
            raise refused(self._lost)
        return dict(self._personal)

    async def attachment(self, sha256: str, request: str) -> tuple[str, bytes]:
        if sha256 in self._files:
            return WORD, self._files[sha256]
        raise refused(self._status)


class Files:
    """A store that keeps what it was given."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, data: bytes, *, name: str, media_type: str, owner: str | None = None) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.kept[sha256] = data
        return sha256

    async def discard(self, sha256: str, _before: datetime) -> bool:
        return self.kept.pop(sha256, None) is not None


class Here:
    """Renders in this very process."""

    async def render(self, job: Job) -> Rendered:
        return render(job)


class Broken:
    async def render(self, job: Job) -> Rendered:
        raise RenderingFailedError("the child died")


class Talkative:
    """Fails with a message that quotes its input."""

    async def render(self, job: Job) -> Rendered:
        raise ValueError(f"cannot read {job.personal}")


async def never() -> None:
    raise AssertionError("rendering has no point of no return")


def an_item(job: Job, attempt: int = 1) -> Item:
    return Item(id="D-1", kind="render", data=job.data, subject=IDENTITY, attempt=attempt, tries=attempt)


def an_effect(intake: Intake, files: Files, renderer: Any = None) -> Rendering:
    return Rendering(intake=intake, files=files, renderer=renderer or Here(), directory=a_directory, policy_root=None)


async def test_done_describes_the_file_that_was_stored():
    job, files = a_job(a_body("tech.survey")), Files()
    end = await an_effect(Intake(job), files).perform(an_item(job), never)
    assert isinstance(end, Done)
    said = DocumentRendered.model_validate(end.data)
    data = files.kept[said.sha256]
    assert (said.document, said.kind, said.version, said.language, said.size) == ("D-1", "tech.survey", 1, "zh", len(data))
    assert said.name == "调研纪要-云汀港务集团-BL-AB12CD34-v1.pdf"
    assert said.manifest["event"] == "e1"
    assert said.together == ("D-1", "D-2")
    assert (said.manifest["audience"], said.manifest["sheet"]) == ("internal", None)
    assert said.manifest["template"].startswith("document.typ:")
    assert said.manifest["policy"] == job.data["policy"]
    assert said.manifest["fonts"].startswith("noto-cjk-sans-otc ")
    assert said.manifest["sha256"] == said.sha256
    assert said.manifest["pages"] == len(PdfReader(io.BytesIO(data)).pages)
    assert len(said.manifest["inputs"]) == 64
    assert "宁主任" in text_of(data)
    assert "港湾事业部" in text_of(data)


async def test_what_is_said_holds_nothing_personal():
    job, files = a_job(a_body("tech.survey")), Files()
    end = await an_effect(Intake(job), files).perform(an_item(job), never)
    assert "宁主任" not in str(end)


async def test_a_customers_file_is_stored_with_its_internal_sheet_and_neither_is_told_personal_values():
    job, files = a_job(a_body("tech.bid")), Files()
    end = await an_effect(Intake(job), files).perform(an_item(job), never)
    assert isinstance(end, Done)
    said = DocumentRendered.model_validate(end.data)
    sheet = said.manifest["sheet"]
    data = files.kept[sheet["sha256"]]
    assert said.manifest["audience"] == "customer"
    assert (sheet["name"], sheet["size"]) == ("内部资料页-云汀港务集团-BL-AB12CD34-v1.pdf", len(data))
    assert "郗评审" in text_of(data)
    assert "郗评审" not in text_of(files.kept[said.sha256])
    assert "郗评审" not in str(end)


class AskedAgain(Intake):
    """`then` is what it answers when it is asked again; None: it does not answer."""

    asked = 0
    then: dict[str, Any] | None = None

    async def personal(self, request: str) -> dict[str, Any]:
        self.asked += 1
        if self.asked == 1:
            return await super().personal(request)
        if self.then is None:
            raise httpx.ConnectError("away")
        return self.then


async def test_a_file_whose_values_were_erased_while_it_was_rendered_is_not_kept():
    job, files = a_job(a_body("tech.bid")), Files()
    intake = AskedAgain(job)
    intake.then = {}
    assert isinstance(await an_effect(intake, files).perform(an_item(job), never), Retry)
    assert files.kept == {}


async def test_who_cannot_ask_again_deletes_no_file_that_another_process_may_have_named():
    """A process that was frozen goes on when its lease is long over: meanwhile another has made the same file, and said so."""
    job, files = a_job(a_body("tech.bid")), Files()
    end = await an_effect(Intake(job), files).perform(an_item(job, 2), never)
    assert isinstance(end, Done)
    with pytest.raises(httpx.ConnectError):
        await an_effect(AskedAgain(job), files).perform(an_item(job), never)
    assert end.data["sha256"] in files.kept


async def test_made_twice_it_is_the_same_file():
    job, files = a_job(a_body("tech.survey")), Files()
    effect = an_effect(Intake(job), files)
    assert await effect.perform(an_item(job), never) == await effect.perform(an_item(job, 2), never)
    assert len(files.kept) == 1


async def test_a_packet_names_the_draft_it_took_in():
    job, draft, files = a_job(a_body("business.contract")), a_draft(), Files()
    end = await an_effect(Intake(job, {"c0" * 32: draft}), files).perform(an_item(job), never)
    assert isinstance(end, Done)
    assert end.data["manifest"]["attachments"] == {"草案.docx": hashlib.sha256(draft).hexdigest()}
    assert "万分之三" in text_of(files.kept[end.data["sha256"]])


@pytest.mark.parametrize(("attempt", "end"), [(1, Retry), (2, Terminal)])
async def test_a_draft_that_was_never_uploaded_is_asked_for_once_more_then_given_up(attempt: int, end: type):
    job, files = a_job(a_body("business.contract")), Files()
    ended = await an_effect(Intake(job), files).perform(an_item(job, attempt), never)
    assert isinstance(ended, end)
    assert "草案.docx" in ended.problem
    assert ended.data == {"cause": "draft_missing"}
    assert files.kept == {}


async def test_intake_being_unwell_is_not_taken_for_a_missing_draft():
    job = a_job(a_body("business.contract"))
    with pytest.raises(httpx.HTTPStatusError):
        await an_effect(Intake(job, status=503), Files()).perform(an_item(job, 5), never)


async def test_personal_values_that_are_lost_are_waited_for_while_people_can_send_them_again():
    job, files = a_job(a_body("tech.survey")), Files()
    effect = an_effect(Intake(job, lost=404), files)
    ends = [await effect.perform(an_item(job, attempt), never) for attempt in range(1, MAX_TRIES)]
    waits = [end.seconds or 0 for end in ends if isinstance(end, Retry)]
    assert len(waits) == MAX_TRIES - 1
    assert (waits[0], max(waits)) == (600, 86400)
    assert 4 * 86400 < sum(waits) < 6 * 86400
    assert all(later <= sum(waits[:place]) + 600 for place, later in enumerate(waits)), (
        "it never sleeps for longer than it waited"
    )
    assert files.kept == {}


async def test_intake_being_unwell_is_not_taken_for_lost_personal_values():
    job = a_job(a_body("tech.survey"))
    with pytest.raises(httpx.HTTPStatusError):
        await an_effect(Intake(job, lost=503), Files()).perform(an_item(job), never)


async def test_a_child_that_died_is_tried_again():
    job, files = a_job(a_body("tech.survey")), Files()
    ended = await an_effect(Intake(job), files, Broken()).perform(an_item(job, 7), never)
    assert ended == Retry(problem="the child died", data={"cause": "renderer"})
    assert files.kept == {}


async def test_why_a_rendering_failed_never_quotes_what_is_personal():
    job, files = a_job(a_body("tech.survey")), Files()
    ended = await an_effect(Intake(job), files, Talkative()).perform(an_item(job), never)
    assert isinstance(ended, Retry)
    assert "ValueError" in ended.problem
    assert ended.data == {"cause": "template"}
    assert "宁主任" not in ended.problem


def a_contract_with(*others: str, size: int = 321) -> Job:
    """A contract review with more attachments than the draft, each with its own content address, named before the draft.

    They have `size` bytes, also more than is taken now: requests of earlier releases may.
    """
    body = a_body("business.contract")
    more = [{**body["attachments"][0], "name": name, "sha256": f"{place:02d}" * 32} for place, name in enumerate(others)]
    job = a_job({**body, "attachments": [*more, *body["attachments"]]})
    for attachment in job.data["request"]["attachments"][: len(others)]:
        attachment["size"] = size
    return job


async def test_a_packet_takes_in_the_other_attachments_too_and_says_which_are_missing():
    job, files = a_contract_with("报价.xlsx", "授权书.png"), Files()
    held = {"c0" * 32: a_draft(), "00" * 32: b"a sheet"}
    end = await an_effect(Intake(job, held), files).perform(an_item(job), never)
    assert isinstance(end, Done)
    assert set(end.data["manifest"]["attachments"]) == {"草案.docx", "报价.xlsx"}
    assert end.data["manifest"]["notes"] == ["授权书.png: 内容未上传"]
    assert "授权书.png" in text_of(files.kept[end.data["sha256"]])


async def test_a_packet_leaves_out_what_would_make_it_too_large_but_never_the_draft():
    job, files = a_contract_with("录像.mp4", size=61 * 1024 * 1024), Files()
    end = await an_effect(Intake(job, {"c0" * 32: a_draft()}), files).perform(an_item(job), never)
    assert isinstance(end, Done)
    assert end.data["manifest"]["notes"] == ["录像.mp4: 过大，未收入本材料"]
    assert set(end.data["manifest"]["attachments"]) == {"草案.docx"}
