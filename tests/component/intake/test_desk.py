"""A unit's rejection desk: everything that came to nothing, why, and its way back under the same identity; nobody else's."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from services.intake.desk.entries import Claim, Entry
from services.intake.reception import refused, unknown_action
from shared.messaging.wire import Record
from shared.schemas.model import Json
from tests.builders import a_body, with_details
from tests.component.intake.intake_site import MOST_OPEN, Site
from tests.unit.intake.desk import COORDINATED

pytestmark = pytest.mark.stack
BATCH = {"Content-Type": "application/jsonl"}
OTHER = "dev-unit-islands"
ELSEWHERE = "dev-person-MK2"


def body(reference: str, **changes: Any) -> Json:
    return a_body("tech.survey", source={"system": "crm", "reference": reference}, **changes)


def lacking(reference: str) -> Json:
    return with_details(body(reference), purpose=None)


async def batch(site: Site, *lines: Any, by: str = "dev-unit-harbour") -> list[Json]:
    content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    answer = await site.ask("POST", "/v1/requests:batch", by=by, content=content, headers=BATCH)
    return [json.loads(line) for line in answer.text.splitlines()]


async def desk(site: Site, by: str = "dev-unit-harbour", **query: Any) -> Json:
    answer = await site.ask("GET", "/v1/desk", by=by, params=query)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


async def resend(site: Site, entry: str, correction: Json, by: str = "dev-unit-harbour") -> httpx.Response:
    return await site.ask("POST", f"/v1/desk/{entry}/resend", by=by, json=correction)


class TestWhatLiesThere:
    async def test_returned_rejected_and_refused_lie_there_newest_first_with_why(self, site: Site):
        await site.ask("POST", "/v1/requests", json=lacking("R-1"))
        await site.ask("POST", "/v1/requests", json=body("R-2", requester={"id": "BL1", "role": "bu_leader"}))
        await batch(site, b'{"type": ', {"type": "tech.survey"}, {"action": "smile", "body": body("R-3")})
        page = await desk(site)
        assert [line["outcome"] for line in page["entries"]][3:] == ["rejected", "returned"]
        assert [line["outcome"] for line in page["entries"]][:3] == ["refused"] * 3
        codes = {fault["code"] for line in page["entries"] for fault in line["why"]}
        assert {"role_may_not_submit", "no_identity", "unknown_action"} <= codes
        assert all(fault["message"][language] for line in page["entries"] for fault in line["why"] for language in ("zh", "en"))
        assert page["counts"] == {"returned": 1, "rejected": 1, "refused": 3, "settled": 0}
        returned = page["entries"][4]
        assert [fault["field"] for fault in returned["why"]] == ["details.purpose"]

    async def test_what_cannot_be_read_is_shown_as_it_came(self, site: Site):
        await batch(site, b'{"type": \xff\x00')
        (line,) = (await desk(site))["entries"]
        entry = (await site.ask("GET", f"/v1/desk/{line['entry']}")).json()
        assert (entry["body"], entry["raw"].startswith('{"type": ')) == (None, True)

    async def test_pages_follow_each_other_without_gap_or_repetition(self, site: Site):
        for number in range(5):
            await site.ask("POST", "/v1/requests", json=lacking(f"R-{number}"))
            await batch(site, {"n": number})
        seen, after = [], {}
        while True:
            page = await desk(site, limit=3, **after)
            seen += [line["entry"] for line in page["entries"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert len(seen) == len(set(seen)) == 10

    async def test_filters(self, site: Site):
        await site.ask("POST", "/v1/requests", json=lacking("R-1"))
        await batch(site, lacking("R-2"), {"n": 1})
        found = {
            name: len((await desk(site, **query))["entries"])
            for name, query in {
                "returned": {"outcome": "returned"},
                "refused": {"outcome": "refused"},
                "batch": {"channel": "batch"},
                "http": {"channel": "http"},
                "settled": {"state": "settled"},
                "all": {"state": "all"},
            }.items()
        }
        assert found == {"returned": 2, "refused": 1, "batch": 2, "http": 1, "settled": 0, "all": 3}

    async def test_the_same_file_again_lies_there_once(self, site: Site):
        for _ in range(2):
            await batch(site, {"n": 1}, {"n": 2})
        assert (await desk(site))["counts"]["refused"] == 2

    async def test_a_desk_is_bounded_and_what_lies_there_stays(self, site: Site):
        first = [{"n": number} for number in range(MOST_OPEN)]
        await batch(site, *first)
        lines = await batch(site, *[{"more": number} for number in range(4)])
        assert [line["outcome"] for line in lines] == ["refused"] * 4
        page = await desk(site)
        assert page["counts"]["refused"] == MOST_OPEN
        assert {json.dumps(first[0])} <= {json.dumps((await shown(site, line["entry"]))["body"]) for line in page["entries"]}

    async def test_a_record_of_the_topic_lies_on_the_desk_of_the_unit_that_it_names(self, site: Site):
        record = Record(topic="backline.inbound.v1", partition=0, offset=7, key=b"harbour|crm|R-1", headers=(), value=b"{oops")
        answer = refused(None, "submit", unknown_action("smile"))
        await site.refusals.record(record, answer, "c1", "harbour")
        await site.refusals.record(record, answer, "c2", None)
        (line,) = (await desk(site))["entries"]
        assert (line["kind"], line["channel"], line["place"]) == ("record", "topic", "backline.inbound.v1/0/7")


async def shown(site: Site, entry: str, by: str = "dev-unit-harbour") -> Json:
    found: Json = (await site.ask("GET", f"/v1/desk/{entry}", by=by)).json()
    return found


class TestResend:
    async def test_a_returned_request_is_corrected_under_its_own_id_and_leaves_the_desk(self, site: Site):
        request = (await site.ask("POST", "/v1/requests", json=lacking("R-1"))).json()["id"]
        correction = {"patch": {"details": {"purpose": "补上"}}, "seen": (await shown(site, request))["seen"]}
        answer = (await resend(site, request, correction)).json()
        assert (answer["id"], answer["outcome"], answer["amended"]) == (request, "accepted", True)
        again = (await resend(site, request, correction)).json()
        assert {**again, "duplicate": False} == answer
        anew = (await resend(site, request, {"patch": correction["patch"]})).json()
        assert (anew["outcome"], anew["duplicate"], anew["amended"]) == ("accepted", True, False)
        assert (await desk(site))["entries"] == []

    async def test_a_correction_keeps_its_identity(self, site: Site):
        request = (await site.ask("POST", "/v1/requests", json=lacking("R-1"))).json()["id"]
        answer = await resend(site, request, {"body": body("R-2")})
        assert (answer.status_code, answer.json()["code"]) == (422, "identity_fixed")

    async def test_two_people_at_once_make_one_request_with_one_verdict(self, site: Site):
        request = (await site.ask("POST", "/v1/requests", json=lacking("R-1"))).json()["id"]
        seen = (await shown(site, request))["seen"]
        corrections = [{"body": with_details(body("R-1"), purpose=f"目的{n}"), "seen": seen} for n in range(4)]
        answers = await asyncio.gather(*(resend(site, request, correction) for correction in corrections))
        assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
        timeline = (await site.ask("GET", f"/v1/requests/{request}")).json()["timeline"]
        assert [moment["type"].split(".")[-1] for moment in timeline] == ["returned", "submitted"]

    async def test_a_refused_line_is_corrected_and_settled(self, site: Site):
        await batch(site, {"type": "tech.survey"})
        (line,) = (await desk(site))["entries"]
        answer = (await resend(site, line["entry"], {"body": body("R-1")})).json()
        assert answer["outcome"] == "accepted"
        assert (await desk(site))["entries"] == []
        (settled,) = (await desk(site, state="settled"))["entries"]
        assert (settled["settled"]["request"], settled["settled"]["by"]) == (answer["id"], "unit:harbour")
        again = await resend(site, line["entry"], {"body": body("R-1")})
        assert (again.status_code, again.json()["id"]) == (202, answer["id"])
        other = await resend(site, line["entry"], {"body": body("R-9")})
        assert (other.status_code, other.json()["code"]) == (409, "settled")

    async def test_two_corrections_of_a_line_at_once_make_one_request(self, site: Site):
        await batch(site, {"type": "tech.survey"})
        (line,) = (await desk(site))["entries"]
        corrections = [{"body": body(f"R-{n}")} for n in range(5)]
        answers = await asyncio.gather(*(resend(site, line["entry"], correction) for correction in corrections))
        assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409]
        assert len((await site.ask("GET", "/v1/requests")).json()["requests"]) == 1

    async def test_a_correction_that_was_written_down_before_a_stop_is_carried_to_its_end_by_the_next(self, site: Site):
        await batch(site, {"type": "tech.survey"})
        (line,) = (await desk(site))["entries"]
        claim = Claim(command="c", action="submit", body=body("R-1"), by="unit:harbour", filed_by="harbour")
        assert await site.shelf.claim(line["entry"], claim)
        answer = await resend(site, line["entry"], {"body": body("R-2")})
        assert (answer.status_code, answer.json()["code"]) == (409, "settled")
        listed = (await site.ask("GET", "/v1/requests")).json()["requests"]
        assert [one["source"]["reference"] for one in listed] == ["R-1"]

    async def test_one_that_came_to_nothing_frees_the_entry_for_the_next(self, site: Site):
        await batch(site, {"type": "tech.survey"})
        (line,) = (await desk(site))["entries"]
        assert (await resend(site, line["entry"], {"action": "withdraw", "body": body("R-1")})).status_code == 422
        assert (await resend(site, line["entry"], {"body": body("R-1")})).status_code == 202

    async def test_a_conflict_is_sent_again_as_an_amendment(self, site: Site):
        await site.ask("POST", "/v1/requests", json=body("R-1"))
        (answer,) = await batch(site, with_details(body("R-1"), purpose="另一个目的"))
        assert answer["problem"]["code"] == "conflict"
        (line,) = (await desk(site))["entries"]
        again = (await resend(site, line["entry"], {"action": "amend"})).json()
        assert (again["outcome"], again["amended"]) == ("accepted", True)
        assert (await desk(site))["entries"] == []

    async def test_what_cannot_be_read_is_not_patched(self, site: Site):
        await batch(site, b"{oops")
        (line,) = (await desk(site))["entries"]
        answer = await resend(site, line["entry"], {"patch": {"priority": "low"}})
        assert (answer.status_code, answer.json()["code"]) == (422, "body_missing")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{oops", 400),
        (b"[" * 1500, 400),
        (b"[]", 422),
        (b'{"body": 7}', 422),
        (b'{"action": "waive"}', 422),
        (b'{"typo": {}}', 422),
    ],
)
async def test_a_correction_that_is_none_is_refused_and_changes_nothing(site: Site, content: bytes, status: int):
    await batch(site, {"type": "tech.survey"})
    (line,) = (await desk(site))["entries"]
    answer = await site.ask("POST", f"/v1/desk/{line['entry']}/resend", content=content)
    assert answer.status_code == status, answer.text
    assert (await desk(site))["counts"]["refused"] == 1


class TestCorrectedElsewhere:
    async def test_a_conflict_is_settled_by_an_amendment_over_another_channel(self, site: Site):
        request = (await site.submitted("R-1"))["id"]
        await batch(site, with_details(body("R-1"), purpose="另一个目的"))
        assert len((await desk(site))["entries"]) == 1
        await site.ask("PATCH", f"/v1/requests/{request}", json={"details": {"purpose": "另一个目的"}})
        assert (await desk(site))["entries"] == []
        assert (await desk(site, state="settled"))["entries"][0]["settled"] == {
            "at": (await desk(site, state="settled"))["entries"][0]["settled"]["at"],
            "by": "",
            "command": "",
            "request": request,
        }

    async def test_what_others_say_of_the_request_settles_nothing(self, site: Site):
        request = (await site.submitted("R-1"))["id"]
        await batch(site, with_details(body("R-1"), purpose="另一个目的"))
        await site.hear(request, COORDINATED)
        assert len((await desk(site))["entries"]) == 1

    async def test_an_early_amendment_that_ran_out_is_not_settled_by_the_submission_alone(self, site: Site):
        request = (await site.submitted("R-1"))["id"]
        early = Entry(
            id="d-early",
            unit="harbour",
            kind="early",
            channel="topic",
            action="amend",
            at="2027-03-01T00:00:00.000Z",
            problem={"code": "submission_missing", "status": 404, "message": {"zh": "早", "en": "early"}},
            subject=request,
            content=json.dumps({"priority": "urgent"}),
        )
        await site.shelf.put(early)
        assert [line["entry"] for line in (await desk(site))["entries"]] == ["d-early"]
        assert (await resend(site, "d-early", {})).json()["amended"]
        assert (await desk(site))["entries"] == []


async def test_what_names_a_request_or_became_it_is_forgotten_with_it(site: Site):
    await batch(site, body("R-1"), by=OTHER)
    await batch(site, {"action": "smile", "body": body("R-1")}, b"{oops")
    (oops,) = [
        line for line in (await desk(site))["entries"] if not line["number"] and line["why"][0]["code"] != "unknown_action"
    ]
    request = (await resend(site, oops["entry"], {"body": body("R-1")})).json()["id"]
    await batch(site, {"type": "tech.survey"})
    assert await site.shelf.forget(request) == 3
    left = [await shown(site, line["entry"]) for line in (await desk(site, state="all"))["entries"]]
    assert [one["body"] for one in left] == [{"type": "tech.survey"}]


@pytest.mark.parametrize("hostile", [{"a\x00b": 1}, {"$set": {"x": 1}}, {"a.b": 2**80}, {"x": "\ud800"}, {"y": "=cmd()"}])
async def test_whatever_was_sent_can_be_kept_and_shown(site: Site, hostile: Json):
    await batch(site, hostile)
    (line,) = (await desk(site))["entries"]
    answer = await site.ask("GET", f"/v1/desk/{line['entry']}")
    assert answer.status_code == 200
