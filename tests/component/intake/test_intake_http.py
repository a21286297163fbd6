"""What intake answers over HTTP: what is decided and what is pending, and which message or parameter is wrong and how."""

import hashlib
import json
from typing import Any

import httpx
import pytest

from shared.schemas.requests import number_of
from tests.builders import a_body
from tests.component.intake.intake_site import Site
from tests.unit.intake.desk import ASSIGNED, COMPLETED, COORDINATED, NOT_WITHDRAWN, WITHDRAWN, WORKING

pytestmark = pytest.mark.stack
REASON = {"reason": "客户推迟"}


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_an_accepted_request_has_nothing_pending_and_carries_its_number(site: Site):
    answer = await site.submitted("R-1")
    assert (answer["outcome"], answer["pending"], answer["number"]) == ("accepted", [], number_of(answer["id"]))
    shown = (await site.ask("GET", f"/v1/requests/{answer['id']}")).json()
    assert shown["number"] == answer["number"]


async def test_an_amendment_and_a_withdrawal_are_pending_until_routing_has_decided(site: Site):
    request = (await site.submitted("R-1"))["id"]
    amended = (await site.ask("PATCH", f"/v1/requests/{request}", json={"priority": "urgent"})).json()
    assert (amended["outcome"], amended["amended"], amended["pending"]) == ("accepted", True, ["amendment"])
    withdrawn = (await site.ask("POST", f"/v1/requests/{request}/withdraw", json=REASON)).json()
    assert (withdrawn["outcome"], withdrawn["status"]) == ("withdrawn", "submitted")
    assert withdrawn["pending"] == ["amendment", "withdrawal"]


async def test_what_intake_decides_itself_is_not_pending(site: Site):
    request = (await site.submitted("R-1", details={}))["id"]
    answer = (await site.ask("POST", f"/v1/requests/{request}/withdraw", json=REASON)).json()
    assert (answer["outcome"], answer["status"], answer["pending"]) == ("withdrawn", "dropped", [])


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_withdrawal_sent_again_is_answered_with_what_routing_decided(site: Site, keyed: bool):
    refused, stands = [(await site.submitted(reference))["id"] for reference in ("R-1", "R-2")]
    headers = {request: {"Idempotency-Key": f"withdraw-{request}"} if keyed else {} for request in (refused, stands)}
    for request in (refused, stands):
        await site.ask("POST", f"/v1/requests/{request}/withdraw", json=REASON, headers=headers[request])
    await site.hear(refused, COORDINATED, ASSIGNED, WORKING, COMPLETED, NOT_WITHDRAWN)
    await site.hear(stands, WITHDRAWN)
    again = await site.ask("POST", f"/v1/requests/{refused}/withdraw", json=REASON, headers=headers[refused])
    assert (again.status_code, again.json()["code"]) == (409, "closed")
    final = (await site.ask("POST", f"/v1/requests/{stands}/withdraw", json=REASON, headers=headers[stands])).json()
    assert (final["outcome"], final["status"], final["pending"]) == ("withdrawn", "withdrawn", [])


@pytest.mark.parametrize("content", [b"", b"{}", b'{"reason": " "}'])
async def test_a_withdrawal_without_a_reason_is_refused(site: Site, content: bytes):
    request = (await site.submitted("R-1"))["id"]
    answer = await site.ask("POST", f"/v1/requests/{request}/withdraw", content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, "reason_missing")
    assert (await site.ask("GET", f"/v1/requests/{request}")).json()["withdrawing"] is False


async def test_a_batch_line_with_an_unknown_action_names_it_and_those_there_are(site: Site):
    body = a_body("tech.survey")
    sent = [{"action": "cancel", "body": body}, {"action": "amend", "body": [1]}, {"action": "withdraw", "body": body}, body]
    content = "\n".join(json.dumps(line) for line in sent).encode()
    unknown, no_object, no_reason, accepted = lines(await site.ask("POST", "/v1/requests:batch", content=content))
    assert unknown["problem"]["code"] == "unknown_action"
    for sentence in unknown["problem"]["message"].values():
        assert all(word in sentence for word in ("cancel", "submit", "amend", "withdraw"))
    assert (no_object["action"], no_object["problem"]["code"]) == ("amend", "not_an_object")
    assert no_reason["problem"]["code"] == "reason_missing"
    assert accepted["outcome"] == "accepted"


@pytest.mark.parametrize(
    "rest", [{}, {"body": None}, {**a_body("tech.survey"), "reason": "丢单"}], ids=["bare", "null", "beside it"]
)
async def test_a_batch_line_with_an_action_and_no_body_is_told_what_is_missing(site: Site, rest: dict[str, Any]):
    (answer,) = lines(await site.ask("POST", "/v1/requests:batch", content=json.dumps({"action": "withdraw", **rest}).encode()))
    assert (answer["action"], answer["outcome"], answer["problem"]["code"]) == ("withdraw", "refused", "body_missing")
    assert all("body" in sentence for sentence in answer["problem"]["message"].values())
    assert (await site.ask("GET", "/v1/requests")).json()["requests"] == []


async def test_requests_are_listed_newest_first_and_found_by_number(site: Site):
    made = [await site.submitted(f"R-{turn}") for turn in range(5)]
    listed = (await site.ask("GET", "/v1/requests")).json()
    assert [row["id"] for row in listed["requests"]] == [answer["id"] for answer in reversed(made)]
    for given in (made[2]["number"], made[2]["number"].lower()):
        found = (await site.ask("GET", "/v1/requests", params={"number": given})).json()
        assert [(row["id"], row["number"]) for row in found["requests"]] == [(made[2]["id"], made[2]["number"])]
    hidden = await site.ask("GET", "/v1/requests", by="dev-unit-islands", params={"number": made[2]["number"]})
    assert hidden.json()["requests"] == []


async def test_whoever_has_a_part_in_another_units_request_finds_it_by_its_number(site: Site):
    body = a_body("tech.survey", business_unit="islands", requester={"id": "A3", "role": "account_manager"})
    answer = (await site.ask("POST", "/v1/requests", by="dev-unit-islands", json=body)).json()
    found: list[int] = []
    for fact in (None, COORDINATED):
        if fact is not None:
            await site.hear(answer["id"], fact)
        listed = await site.ask("GET", "/v1/requests", by="dev-person-PE1", params={"number": answer["number"]})
        found.append(len(listed.json()["requests"]))
    assert found == [0, 1]


async def test_pages_follow_each_other_by_next(site: Site):
    made = [(await site.submitted(f"R-{turn}"))["id"] for turn in range(5)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await site.ask("GET", "/v1/requests", params=query)).json()
        seen += [row["id"] for row in page["requests"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("status=foo", "status"),
        ("after=zzz", "after"),
        ("number=28492763", "number"),
        ("limit=0", "limit"),
        ("stauts=submitted", "stauts"),
        ("status=submitted&page=2", "page"),
        ("status=submitted&status=returned", "status"),
    ],
)
async def test_a_wrong_or_unknown_parameter_is_refused_by_name(site: Site, query: str, named: str):
    answer = await site.ask("GET", f"/v1/requests?{query}", headers={"Accept-Language": "en"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_parameters")
    (fault,) = problem["errors"]
    assert fault["pointer"] == f"/query/{named}"
    assert named in fault["detail"]
    assert "/openapi.json" not in fault["detail"]


async def test_every_other_answer_is_what_the_contract_says(site: Site):
    """The site's client holds each answer against the OpenAPI document."""
    for path in ("/v1/catalogue", "/v1/catalogue/tech.survey", "/v1/people", "/v1/requests"):
        assert (await site.ask("GET", path)).status_code == 200
    for path in ("/v1/catalogue/tech.nothing", "/v1/requests/nothing"):
        assert (await site.ask("GET", path)).status_code == 404
    assert (await site.ask("GET", "/v1/people", by="nobody")).status_code == 401
    content = b"a file"
    stored = await site.ask("PUT", f"/v1/attachments/{hashlib.sha256(content).hexdigest().upper()}", content=content)
    assert (stored.json()["sha256"], stored.json()["size"]) == (hashlib.sha256(content).hexdigest(), 6)


async def test_a_request_of_every_outcome_is_shown_as_the_contract_says(site: Site):
    lacking = await site.submitted("R-1", details={})
    rejected = await site.submitted("R-2", requester={"id": "BL1", "role": "bu_leader"})
    working = await site.submitted("R-3", "business.contract", attachments=[await site.uploaded("草案.docx", "草案".encode())])
    await site.hear(working["id"], COORDINATED, ASSIGNED, WORKING)
    for answer in (lacking, rejected, working):
        assert (await site.ask("GET", f"/v1/requests/{answer['id']}")).json()["verdict"] == answer["verdict"]
