"""Keys of units' systems over HTTP: shown once, kept without anything that opens, pinned, scoped, two at a time, revoked."""

import asyncio
from typing import Any

import httpx
import pytest
import structlog

from shared.schemas.model import Json
from shared.storage import Database
from tests.builders import a_body
from tests.component.intake.intake_site import TOKEN, Site

KEYS = "/v1/access/keys"
ALL = ["requests:read", "requests:write", "attachments:write", "people:read"]
LEADER = "dev-person-CL1"


async def asked(site: Site, by: str = TOKEN, **wanted: Any) -> httpx.Response:
    body = {"business_unit": "harbour", "system": "crm", "scopes": ALL, **wanted}
    return await site.ask("POST", KEYS, by=by, json=body)


async def issued(site: Site, **wanted: Any) -> tuple[Json, str]:
    answer = await asked(site, **wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()["key"], answer.json()["token"]


async def revoked(site: Site, key: str, **options: Any) -> httpx.Response:
    return await site.ask("POST", f"{KEYS}/{key}/revoke", **{"by": TOKEN, "json": {"reason": "laptop lost"}, **options})


def a_request(reference: str, unit: str = "harbour", system: str = "crm") -> Json:
    return a_body("tech.survey", business_unit=unit, source={"system": system, "reference": reference})


async def test_a_key_opens_what_its_scopes_name_until_it_is_revoked(site: Site):
    key, token = await issued(site)
    submitted = await site.ask("POST", "/v1/requests", by=token, json=a_request("R-1"))
    assert submitted.status_code == 202
    assert (await site.ask("GET", f"/v1/requests/{submitted.json()['id']}", by=token)).status_code == 200
    assert (await revoked(site, key["id"])).json()["alive"] is False
    for method, path in (("GET", "/v1/requests"), ("POST", "/v1/requests"), ("GET", "/v1/catalogue")):
        assert (await site.ask(method, path, by=token)).status_code == 401


async def test_the_list_says_which_key_is_in_use(site: Site):
    _, token = await issued(site)
    await issued(site)
    await site.ask("GET", "/v1/catalogue", by=token)
    first, second = (await site.ask("GET", KEYS, by=TOKEN, params={"business_unit": "harbour"})).json()["keys"]
    assert (first["last_used"] is not None, second["last_used"]) == (True, None)
    assert (await site.ask("GET", KEYS, by=TOKEN, params={"business_unit": "islands"})).json()["keys"] == []


async def test_a_key_expires(site: Site):
    _, token = await issued(site, days=1)
    site.clock.forward(86_000)
    assert (await site.ask("GET", "/v1/requests", by=token)).status_code == 200
    site.clock.forward(400)
    assert (await site.ask("GET", "/v1/requests", by=token)).status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("requests:write", "POST", "/v1/requests"),
        ("requests:write", "POST", "/v1/requests:batch"),
        ("requests:write", "PATCH", "/v1/requests/some"),
        ("requests:write", "POST", "/v1/requests/some/withdraw"),
        ("requests:write", "POST", "/v1/desk/d-some/resend"),
        ("requests:read", "GET", "/v1/desk"),
        ("requests:read", "GET", "/v1/desk/d-some"),
        ("requests:read", "GET", "/v1/requests"),
        ("requests:read", "GET", "/v1/requests/some"),
        ("people:read", "GET", "/v1/people"),
        ("attachments:write", "PUT", "/v1/attachments/" + "0" * 64),
    ],
)
async def test_an_address_whose_scope_a_key_lacks_names_it(site: Site, scope: str, method: str, path: str):
    _, token = await issued(site, scopes=[one for one in ALL if one != scope])
    answer = await site.ask(method, path, by=token)
    assert (answer.status_code, answer.json()["code"], answer.json()["needs"]) == (403, "scope_missing", scope)
    assert scope in answer.json()["message"]["zh"]
    assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'


async def test_two_keys_are_alive_at_a_time_so_that_one_can_replace_the_other(site: Site):
    first, _ = await issued(site)
    await issued(site)
    third = await asked(site)
    assert (third.status_code, third.json()["code"]) == (409, "two_keys_alive")
    assert (await asked(site, system="oa")).status_code == 201
    await revoked(site, first["id"])
    assert (await asked(site)).status_code == 201


async def test_of_many_asked_for_at_once_two_are_issued(site: Site):
    answers = await asyncio.gather(*(asked(site) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 6
    listed = (await site.ask("GET", KEYS, by=TOKEN)).json()["keys"]
    assert {key["id"] for key in listed} == {answer.json()["key"]["id"] for answer in answers if answer.status_code == 201}


async def test_a_revocation_says_who_when_and_why_and_repeating_it_changes_nothing(site: Site):
    key, _ = await issued(site)
    first = (await revoked(site, key["id"])).json()
    again = (await revoked(site, key["id"], json={"reason": "another"})).json()
    assert first == again
    assert (first["revoked_by"], first["reason"]) == ("service:service", "laptop lost")
    unknown = await revoked(site, "0" * 12)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_key")


async def test_the_secret_is_in_no_collection_no_log_and_no_later_answer(site: Site, mongo_database: Database):
    with structlog.testing.capture_logs() as logs:
        key, token = await issued(site)
        await site.ask("POST", "/v1/requests", by=token, json=a_request("R-1"))
        await revoked(site, key["id"])
    secret = token[len("bl_") + len(key["id"]) + 1 :]
    listed = (await site.ask("GET", KEYS, by=TOKEN)).text
    stored = [
        repr(document)
        for name in await mongo_database.list_collection_names()
        async for document in mongo_database[name].find({})
    ]
    assert any(key["id"] in text for text in stored)
    assert not [text for text in (*stored, repr(logs), listed) if secret in text]
    assert "mac" not in listed


async def test_a_key_files_for_its_own_unit_alone(site: Site):
    _, token = await issued(site)
    other = await site.ask("POST", "/v1/requests", by=token, json=a_request("R-1", unit="islands"))
    assert (other.status_code, other.json()["code"]) == (403, "key_is_pinned")
    assert "harbour" in other.json()["detail"]
    lines = await site.ask("POST", "/v1/requests:batch", by=token, json=a_request("R-1", unit="islands"))
    assert '"key_is_pinned"' in lines.text
    assert (await site.ask("GET", "/v1/requests", by=TOKEN)).json()["requests"] == []


async def test_a_key_for_any_unit_files_for_another(site: Site):
    _, token = await issued(site, files_for="any")
    assert (await site.ask("POST", "/v1/requests", by=token, json=a_request("R-1", unit="islands"))).status_code == 202


async def test_a_key_pinned_to_a_system_touches_no_other_systems_requests(site: Site):
    _, token = await issued(site, files_for="system")
    _, wide = await issued(site)
    others = (await site.ask("POST", "/v1/requests", by=wide, json=a_request("R-1", system="oa"))).json()["id"]
    own = (await site.ask("POST", "/v1/requests", by=token, json=a_request("R-2"))).json()["id"]
    assert (await site.ask("POST", "/v1/requests", by=token, json=a_request("R-3", system="oa"))).status_code == 403
    for path, method, body in ((f"/{others}", "PATCH", {"summary": "x"}), (f"/{others}/withdraw", "POST", {"reason": "x"})):
        assert (await site.ask(method, f"/v1/requests{path}", by=token, json=body)).json()["code"] == "unknown_request"
    assert (await site.ask("POST", f"/v1/requests/{own}/withdraw", by=token, json={"reason": "x"})).status_code == 202


@pytest.mark.parametrize("by", ["dev-unit-harbour", "dev-person-A1"])
async def test_only_operators_and_the_role_that_is_named_manage_keys(site: Site, by: str):
    key, token = await issued(site)
    for answer in (
        await asked(site, by=by),
        await site.ask("GET", KEYS, by=by),
        await revoked(site, key["id"], by=by),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "administrators_only")
    assert (await site.ask("GET", KEYS, by=token)).json()["code"] == "scope_missing"


async def test_whoever_holds_the_role_issues_and_revokes(site: Site):
    answer = await asked(site, by=LEADER)
    assert answer.status_code == 201
    assert answer.json()["key"]["issued_by"] == "person:CL1"
    assert (await revoked(site, answer.json()["key"]["id"], by=LEADER)).json()["revoked_by"] == "person:CL1"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scopes": ["everything"]}, "/body/scopes/0"),
        ({"scopes": []}, "/body/scopes"),
        ({"scopes": ["access:manage"]}, "/body/scopes/0"),
        ({"system": " "}, "/body/system"),
        ({"system": "a\u0000b"}, "/body/system"),
        ({"days": 0}, "/body/days"),
        ({"days": 10_000}, "/body/days"),
        ({"files_for": "all"}, "/body/files_for"),
        ({"secret": "mine"}, "/body/secret"),
    ],
)
async def test_a_wrong_wish_names_its_field(site: Site, wrong: Json, field: str):
    answer = await asked(site, **wrong)
    assert answer.status_code == 422
    assert field.removeprefix("/body") in {error["pointer"].removeprefix("/body") for error in answer.json()["errors"]}


async def test_a_unit_that_the_directory_does_not_know_gets_no_key(site: Site):
    answer = await asked(site, business_unit="nowhere")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_unit")


async def test_every_issue_and_revocation_is_in_the_audit(site: Site, mongo_database: Database):
    key, _ = await issued(site)
    await site.ask("POST", f"{KEYS}/{key['id']}/revoke", by=TOKEN, params={"by": "wang"}, json={"reason": "over"})
    entries = [entry async for entry in mongo_database["operations"].find({}).sort("at", 1)]
    assert [(entry["action"], entry["by"], entry["about"]["key"]) for entry in entries] == [
        ("issue_key", "service:service", key["id"]),
        ("revoke_key", "service:wang", key["id"]),
    ]
    assert [entry["outcome"] for entry in entries] == [{"issued": True}, {"revoked": True}]
