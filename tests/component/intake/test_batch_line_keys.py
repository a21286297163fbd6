"""A line of a batch that one of our services names by a `key` is one command in whatever batch it comes."""

import json

import pytest

from shared.schemas.model import Json
from tests.builders import a_body
from tests.component.intake.intake_site import TOKEN, Site

pytestmark = pytest.mark.stack
UNIT = "dev-unit-harbour"


def a_line(reference: str = "R-1", *, key: str | None = "k-1", **changes: object) -> Json:
    body = a_body("tech.survey", source={"system": "crm", "reference": reference}, **changes)
    return {"action": "submit", "body": body} | ({} if key is None else {"key": key})


async def batch(site: Site, *sent: Json, by: str = TOKEN, **options: object) -> list[Json]:
    content = b"\n".join(json.dumps(line).encode() for line in sent)
    answer = await site.ask("POST", "/v1/requests:batch", by=by, content=content, **options)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


async def stored(site: Site, request: str) -> Json:
    found = await site.database["requests"].find_one({"_id": request})
    assert found is not None
    return dict(found)


@pytest.mark.parametrize(("key", "by", "stands"), [("k-1", TOKEN, "urgent"), (None, TOKEN, "normal"), ("k-1", UNIT, "normal")])
async def test_sent_again_in_another_batch_it_undoes_no_amendment_made_meanwhile(
    site: Site, key: str | None, by: str, stands: str
):
    """Without a key, or for others, it is a correction in another batch: the controls."""
    line = a_line(key=key, priority="normal", requester=None)
    (first,) = await batch(site, line, by=by)
    assert first["outcome"] == "returned"  # so that an amendment stands at once
    await site.ask("PATCH", f"/v1/requests/{first['id']}", json={"priority": "urgent"})
    _, again = await batch(site, a_line("R-2", key=None), line, by=by)
    assert (again["id"], again["outcome"]) == (first["id"], "returned")
    assert (await stored(site, first["id"]))["state"]["private"]["current"]["body"]["priority"] == stands


async def test_it_is_the_same_command_as_under_that_key_in_the_header(site: Site):
    line = a_line(priority="normal", requester=None)
    headers = {"Idempotency-Key": "k-1"}
    first = (await site.ask("POST", "/v1/requests", by=TOKEN, json=line["body"], headers=headers)).json()
    await site.ask("PATCH", f"/v1/requests/{first['id']}", json={"priority": "urgent"})
    await batch(site, line)
    assert (await stored(site, first["id"]))["state"]["private"]["current"]["body"]["priority"] == "urgent"


async def test_each_key_names_its_own_command_and_none_is_kept(site: Site):
    sent = [a_line(f"R-{number}", key=f"k-{number}") for number in range(3)]
    first, again = [await batch(site, *sent) for _ in range(2)]
    assert [line["outcome"] for line in (*first, *again)] == ["accepted"] * 6
    assert len({line["id"] for line in first}) == 3
    assert [(await stored(site, line["id"]))["head"] for line in first] == [1, 1, 1]
    assert await site.database["idempotency_keys"].count_documents({}) == 0


async def test_what_one_of_our_services_is_refused_is_on_nobodys_desk(site: Site):
    line = a_line() | {"action": "smile"}
    (refused,) = await batch(site, line)
    assert refused["problem"]["code"] == "unknown_action"
    assert await site.database["desk"].count_documents({}) == 0
    await batch(site, line, by=UNIT)
    assert await site.database["desk"].count_documents({}) == 1, "the control: a unit's"
