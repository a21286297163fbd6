"""A line of a batch that brings a `key` is one command in whatever batch it comes."""

import json
from typing import Any

import pytest

from shared.schemas.model import Json
from tests.builders import a_body
from tests.component.intake.intake_site import TOKEN, Site

pytestmark = pytest.mark.stack


def a_line(reference: str = "R-1", *, key: Any = "k-1", action: str = "submit", **changes: Any) -> Json:
    body = a_body("tech.survey", source={"system": "crm", "reference": reference}, **changes)
    return {"action": action, "body": body} | ({} if key is None else {"key": key})


async def batch(site: Site, *sent: Json, **options: Any) -> list[Json]:
    content = b"\n".join(json.dumps(line).encode() for line in sent)
    answer = await site.ask("POST", "/v1/requests:batch", content=content, **options)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


@pytest.mark.parametrize(("key", "stands"), [("k-1", "urgent"), (None, "normal")])
async def test_sent_again_in_another_batch_it_undoes_no_amendment_made_meanwhile(site: Site, key: str | None, stands: str):
    """Without a key it is a correction in another batch: the control."""
    (first,) = await batch(site, a_line(key=key, priority="normal", requester=None))
    assert first["outcome"] == "returned"  # so that an amendment stands at once
    await site.ask("PATCH", f"/v1/requests/{first['id']}", json={"priority": "urgent"})
    _, again = await batch(site, a_line("R-2", key=None), a_line(key=key, priority="normal", requester=None))
    assert (again["id"], again["outcome"]) == (first["id"], "returned")
    found = await site.database["requests"].find_one({"_id": first["id"]})
    assert found is not None
    assert found["state"]["private"]["current"]["body"]["priority"] == stands


async def test_another_content_under_the_key_is_another_command(site: Site):
    (first,) = await batch(site, a_line(requester=None))
    (corrected,) = await batch(site, a_line())
    (other,) = await batch(site, a_line("R-2"))
    assert [first["outcome"], corrected["outcome"], other["outcome"]] == ["returned", "accepted", "accepted"]
    assert first["id"] == corrected["id"] != other["id"]


async def test_the_key_is_the_callers_own(site: Site):
    body = a_body("tech.survey", source={"system": "crm", "reference": "R-1"})
    line = {"action": "submit", "key": "k-1", "body": body}
    (ours,) = await batch(site, line)
    (theirs,) = await batch(site, line, by="dev-unit-islands")
    assert (ours["outcome"], theirs["outcome"]) == ("accepted", "refused")


async def test_spaces_and_the_order_of_names_do_not_make_it_another(site: Site):
    line = a_line(priority="normal")
    (first,) = await batch(site, line)
    turned = {name: line[name] for name in reversed(line)}
    content = json.dumps(turned, separators=(" ,", " : ")).encode()
    again = json.loads((await site.ask("POST", "/v1/requests:batch", content=content)).content)
    assert (again["id"], again["outcome"]) == (first["id"], "accepted")
    found = await site.database["requests"].find_one({"_id": first["id"]})
    assert found is not None
    assert found["head"] == 1


async def test_a_line_with_a_key_leaves_none_behind_and_its_batch_may_have_one(site: Site):
    await batch(site, a_line())
    assert await site.database["idempotency_keys"].count_documents({}) == 0
    headers = {"Idempotency-Key": "b-1"}
    first, again = [await batch(site, a_line(), a_line("R-2", key=None), headers=headers) for _ in range(2)]
    assert [line["outcome"] for line in (*first, *again)] == ["accepted"] * 4


@pytest.mark.parametrize("key", ["", " ", "k" * 201, "é", "a\nb", 7, ["k"], {}, True])
async def test_a_key_that_can_name_nothing_is_refused_and_its_line_kept(site: Site, key: Any):
    bad, good = await batch(site, a_line(key=key), a_line("R-2", key="k" * 200))
    assert (bad["outcome"], bad["problem"]["code"], good["outcome"]) == ("refused", "bad_line_key", "accepted")
    assert all("key" in sentence for sentence in bad["problem"]["message"].values())
    kept = (await site.ask("GET", "/v1/desk")).json()["entries"]
    assert [fault["code"] for entry in kept for fault in entry["why"]] == ["bad_line_key"]


async def test_what_one_of_our_services_is_refused_is_on_nobodys_desk(site: Site):
    line = a_line(key="é")
    (refused,) = await batch(site, line, by=TOKEN)
    assert refused["problem"]["code"] == "bad_line_key"
    assert await site.database["desk"].count_documents({}) == 0
    await batch(site, line)
    assert await site.database["desk"].count_documents({}) == 1, "the control: a unit's"
