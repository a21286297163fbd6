"""A unit sets its callbacks over HTTP: whose they are, what is refused and why, and when the secret is shown."""

from typing import Any

import pytest

from shared.callbacks.secrets import key_of, shown
from tests.component.intake.intake_site import MASTER, TOKEN, Site

pytestmark = pytest.mark.stack
PUBLIC = "93.184.215.14"
WISH: dict[str, Any] = {
    "url": "https://hooks.harbour.example/backline?tenant=7",
    "events": ["request.accepted", "request.completed"],
}


@pytest.fixture
def known(site: Site) -> Site:
    site.hosts["hooks.harbour.example"] = [PUBLIC]
    return site


async def listed(site: Site, by: str = "dev-unit-harbour", **params: str) -> list[dict[str, Any]]:
    answer = await site.ask("GET", "/v1/callbacks", by=by, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["callbacks"]
    return found


async def test_the_secret_is_shown_when_a_callback_is_made_and_never_again(known: Site):
    made = await known.ask("PUT", "/v1/callbacks/crm", json=WISH)
    assert (made.status_code, made.json()["secret"]) == (201, shown(key_of(MASTER, "harbour", "crm", 1)))
    again = await known.ask("PUT", "/v1/callbacks/crm", json=WISH)
    assert (again.status_code, again.json()["secret"]) == (200, None)
    assert [row["secret"] for row in await listed(known)] == [None]


async def test_what_is_said_of_it_holds_no_secret(known: Site):
    secret = (await known.ask("PUT", "/v1/callbacks/crm", json=WISH)).json()["secret"]
    stored = [document async for document in known.database["people_ledger"].find({})]
    assert "callback:harbour:crm" in {document["_id"] for document in stored}
    for text in (secret, MASTER.decode(), "whsec_"):
        assert text not in str(stored)


async def test_a_turned_secret_is_another_and_a_removed_callback_never_has_one_again_that_it_had(known: Site):
    secrets = [(await known.ask("PUT", "/v1/callbacks/crm", json=WISH)).json()["secret"]]
    secrets.append((await known.ask("POST", "/v1/callbacks/crm/rotate")).json()["secret"])
    assert (await known.ask("DELETE", "/v1/callbacks/crm")).status_code == 204
    assert await listed(known) == []
    assert (await known.ask("POST", "/v1/callbacks/crm/rotate")).status_code == 404
    secrets.append((await known.ask("PUT", "/v1/callbacks/crm", json=WISH)).json()["secret"])
    assert len(set(secrets)) == 3


async def test_a_unit_sees_and_sets_its_own_alone_and_an_operator_anybodys(known: Site):
    await known.ask("PUT", "/v1/callbacks/crm", json=WISH)
    assert await listed(known, by="dev-unit-delta") == []
    for by, params in (("dev-unit-delta", {"unit": "harbour"}), ("dev-person-PE1", {}), (TOKEN, {})):
        for method, path in (("GET", ""), ("PUT", "/crm"), ("DELETE", "/crm"), ("POST", "/crm/rotate")):
            options = {"json": WISH} if method == "PUT" else {}
            answer = await known.ask(method, f"/v1/callbacks{path}", by=by, params=params, **options)
            assert (answer.status_code, answer.json()["code"]) == (403, "units_only")
    assert len(await listed(known, by=TOKEN, unit="harbour")) == 1


@pytest.mark.parametrize(
    ("wish", "pointer", "code"),
    [
        ({"url": "http://hooks.harbour.example/"}, "/url", "url_http"),
        ({"url": "https://user:pw@hooks.harbour.example/"}, "/url", "url_credentials"),
        ({"url": "https://hooks.harbour.example:22/"}, "/url", "url_port"),
        ({"url": "https://0x7f.1/"}, "/url", "url_host"),
        ({"url": "https://nowhere.example/"}, "/url", "url_unknown_host"),
        ({"url": "https://inside.harbour.example/"}, "/url", "url_not_public"),
        ({"url": "https://169.254.169.254/latest"}, "/url", "url_not_public"),
        ({"contact": "nobody"}, "/contact", "unknown_person"),
    ],
)
async def test_what_cannot_be_is_refused_by_field_in_both_languages(known: Site, wish: dict[str, Any], pointer: str, code: str):
    known.hosts["inside.harbour.example"] = [PUBLIC, "10.0.0.7"]
    answer = await known.ask("PUT", "/v1/callbacks/crm", json={**WISH, **wish}, headers={"Accept-Language": "en"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["code"]) == (422, pointer, code)
    assert error["detail"] == error["message"]["en"] != error["message"]["zh"]
    assert "10.0.0.7" not in answer.text
    assert await listed(known) == []


@pytest.mark.parametrize("wish", [{"events": []}, {"events": ["request.eaten"]}, {"url": ""}, {"url": "https://x/" + "a" * 2000}])
async def test_a_wish_of_another_shape_is_refused(known: Site, wish: dict[str, Any]):
    assert (await known.ask("PUT", "/v1/callbacks/crm", json={**WISH, **wish})).status_code == 422
    assert (await known.ask("PUT", "/v1/callbacks/CRM", json=WISH)).status_code == 422


async def test_a_unit_has_ten_at_most(known: Site):
    statuses = [(await known.ask("PUT", f"/v1/callbacks/c{number}", json=WISH)).status_code for number in range(11)]
    assert statuses == [201] * 10 + [409]


async def test_an_address_that_is_gone_ends_the_callback_unless_the_unit_has_changed_it(known: Site):
    await known.ask("PUT", "/v1/callbacks/crm", json=WISH)
    told = {"what": "gone", "url": "https://old.harbour.example/", "delivery": "d-1"}
    path, params = "/internal/callbacks/crm", {"unit": "harbour"}
    assert (await known.ask("POST", path, by="dev-unit-harbour", params=params, json=told)).status_code == 403
    assert (await known.ask("POST", path, by=TOKEN, params=params, json=told)).status_code == 200
    assert [(row["active"], row["ended"]) for row in await listed(known)] == [(True, "")]
    await known.ask("POST", path, by=TOKEN, params=params, json={**told, "url": WISH["url"]})
    assert [(row["active"], row["ended"]) for row in await listed(known)] == [(False, "gone")]
    await known.ask("PUT", "/v1/callbacks/crm", json=WISH)
    assert [(row["active"], row["version"]) for row in await listed(known)] == [(True, 1)]


async def test_only_the_first_delivery_that_finds_it_failing_is_answered_so_and_however_often_it_asks(known: Site):
    await known.ask("PUT", "/v1/callbacks/crm", json=WISH)

    async def tell(what: str, delivery: str) -> bool:
        told = {"what": what, "url": WISH["url"], "delivery": delivery}
        answer = await known.ask("POST", "/internal/callbacks/crm", by=TOKEN, params={"unit": "harbour"}, json=told)
        return bool(answer.json()["first"])

    assert [await tell("failing", one) for one in ("d-1", "d-2", "d-1")] == [True, False, True]
    assert (await listed(known))[0]["failing"]
    assert not await tell("works", "d-3")
    assert not (await listed(known))[0]["failing"]
    assert await tell("failing", "d-4")
