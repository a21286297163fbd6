"""The operators' addresses on the real mongod: what was set aside in pages, tried again with an audit, and repeats that change nothing."""

from typing import Any

import httpx
import pytest

from tests.component.service.recovery_build import BY, Office, paged
from tests.unit.ledger.small_domain import MONDAY, held, history

pytestmark = pytest.mark.stack


async def redriven(client: httpx.AsyncClient, what: str, *names: str) -> dict[str, Any]:
    answer = await client.post(f"/internal/{what}:redrive", params=BY, json={"names": names})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_parked_requests_come_in_pages_with_their_number_and_by_reason(office: Office, client: httpx.AsyncClient) -> None:
    await office.park("r1", "r2", "r3")
    await office.ledger.apply([held(event) for event in history("well", 1, "documents")])
    pages = await paged(client, "GET", "/internal/parked", limit="2")
    assert [[row["name"] for row in page["rows"]] for page in pages] == [["r1", "r2"], ["r3"]]
    assert pages[0]["total"] == 3
    assert (await client.get("/internal/parked", params={"reason": "ArithmeticError"})).json()["total"] == 3
    assert (await client.get("/internal/parked", params={"reason": "Arith.*"})).json()["rows"] == []


async def test_whatever_ledger_set_something_aside_it_is_listed_shown_and_tried_again(
    office: Office, client: httpx.AsyncClient
) -> None:
    await office.park("r1", "r2")
    await office.seasons.apply([held(event) for event in history("seasons", 2)])
    whole = (await client.get("/internal/parked")).json()
    assert [(row["ledger"], row["name"]) for row in whole["rows"]] == [
        ("requests", "r1"),
        ("requests", "r2"),
        ("seasons", "seasons"),
    ]
    pages = await paged(client, "GET", "/internal/parked", limit="2")
    assert [[row["name"] for row in page["rows"]] for page in pages] == [["r1", "r2"], ["seasons"]]
    assert [page["total"] for page in pages] == [3, 3]
    shown = (await client.get("/internal/parked/seasons")).json()
    assert (shown["ledger"], len(shown["held"])) == ("seasons", 2)
    assert [row["name"] for row in (await redriven(client, "parked", "seasons"))["left"]] == ["seasons"]
    office.setting.failing.clear()
    assert await redriven(client, "parked", "seasons", "r1") == {"done": ["r1", "seasons"], "left": [], "unknown": []}
    assert [row["name"] for row in (await client.get("/internal/parked")).json()["rows"]] == ["r2"]
    bad = await client.get("/internal/parked", params={"cursor": '{"ledger": "nowhere"}'})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_cursor")


async def test_a_parked_request_is_shown_with_what_is_held_and_without_its_content(
    office: Office, client: httpx.AsyncClient
) -> None:
    await office.park("r/1?x")
    shown = (await client.get("/internal/parked/r%2F1%3Fx")).json()
    assert [(one["source"], one["sequence"], one["bytes"] > 0) for one in shown["held"]] == [
        ("intake", 1, True),
        ("intake", 2, True),
    ]
    assert "record" not in shown["held"][0]
    assert (await client.get("/internal/parked/nobody")).status_code == 404


async def test_a_redrive_tells_apart_what_goes_on_what_is_left_and_what_nobody_knows(
    office: Office, client: httpx.AsyncClient
) -> None:
    await office.park("r1", "r2")
    told = await redriven(client, "parked", "r1", "nobody")
    assert told["unknown"] == ["nobody"]
    assert [(row["name"], "ArithmeticError" in row["why"]) for row in told["left"]] == [("r1", True)]
    office.setting.failing.clear()
    assert await redriven(client, "parked", "r1", "r2") == {"done": ["r1", "r2"], "left": [], "unknown": []}
    assert (await office.diary("r1")).heard == ("intake:1", "intake:2")
    assert await office.store.load(["nobody"]) == {}, "asking about a request does not make one"


async def test_a_repeated_redrive_answers_the_same_and_changes_nothing(office: Office, client: httpx.AsyncClient) -> None:
    await office.park("r1")
    office.setting.failing.clear()
    first = await redriven(client, "parked", "r1")
    before = await office.database["requests"].find_one({"_id": "r1"})
    assert await redriven(client, "parked", "r1") == first
    assert await office.database["requests"].find_one({"_id": "r1"}) == before


async def test_dead_letters_come_oldest_first_in_pages_without_their_content(office: Office, client: httpx.AsyncClient) -> None:
    names = await office.bury("r1", "r2", "r3")
    pages = await paged(client, "GET", "/internal/dead-letters", limit="2")
    assert [[row["name"] for row in page["rows"]] for page in pages] == [names[:2], names[2:]]
    assert "record" not in pages[0]["rows"][0]
    shown = (await client.get(f"/internal/dead-letters/{names[0]}")).json()
    assert (shown["why"], shown["topic"], bool(shown["record"]["value"])) == (
        "This release cannot read it.",
        "backline.requests.v1",
        True,
    )


async def test_a_letter_that_cannot_be_applied_still_is_left_and_nothing_else_happens(
    office: Office, client: httpx.AsyncClient
) -> None:
    (name,) = await office.bury("r1")
    copies = len(office.copies)
    told = await redriven(client, "dead-letters", name, "no-such")
    assert told == {"done": [], "left": [{"name": name, "why": "This release cannot read it."}], "unknown": ["no-such"]}
    assert len(office.copies) == copies, "it is on the dead-letter topic already"
    office.release.failing = True
    (row,) = (await redriven(client, "dead-letters", name))["left"]
    assert "ArithmeticError" in row["why"]


async def test_a_letter_that_is_taken_is_marked_once_and_never_deleted(office: Office, client: httpx.AsyncClient) -> None:
    (name,) = await office.bury("r1")
    office.release.mended = True
    assert (await redriven(client, "dead-letters", name))["done"] == [name]
    marked = await office.letters.found(name)
    assert marked is not None
    assert (marked["redriven_by"], marked["redriven_at"]) == ("工号001", office.clock.now())
    office.clock.forward(60)
    assert (await redriven(client, "dead-letters", name))["done"] == [name]
    assert await office.letters.found(name) == marked
    assert office.release.given == ["r1"], "what is marked is not handed again"
    assert (await client.get("/internal/dead-letters")).json()["rows"] == []
    assert [row["name"] for row in (await client.get("/internal/dead-letters?redriven=true")).json()["rows"]] == [name]


async def test_a_letter_that_parks_its_request_is_taken_and_found_with_the_parked_from_then_on(
    office: Office, client: httpx.AsyncClient
) -> None:
    (name,) = await office.bury("r1")
    office.release.mended = True
    office.setting.failing.add("intake:1")
    assert (await redriven(client, "dead-letters", name))["done"] == [name]
    assert (await client.get("/internal/dead-letters")).json()["rows"] == []
    letter = (await client.get(f"/internal/dead-letters/{name}")).json()
    (held_there,) = (await client.get("/internal/parked/r1")).json()["held"]
    assert held_there["sha256"] == letter["sha256"], "nothing of it is lost from sight"
    office.setting.failing.clear()
    assert (await redriven(client, "parked", "r1"))["done"] == ["r1"]
    assert (await office.diary("r1")).heard == ("intake:1",)


async def test_a_redrive_that_is_cut_off_between_applying_and_marking_ends_the_same_when_repeated(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = await office.bury("r1", "r2")
    office.release.mended = True

    async def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(office.letters, "mark_redriven", cut_off)
        with pytest.raises(KeyboardInterrupt):
            await redriven(client, "dead-letters", *names)
    assert (await office.diary("r1")).heard == ("intake:1",)
    assert (await redriven(client, "dead-letters", *names))["done"] == names
    assert [(await office.diary(subject)).heard for subject in ("r1", "r2")] == [("intake:1",), ("intake:1",)]
    cut, whole = await office.operations()
    assert ("ended_at" in cut, whole["outcome"]["done"]) == (False, names)


async def test_every_deed_is_written_down_with_who_when_and_what_before_it_is_done(
    office: Office, client: httpx.AsyncClient
) -> None:
    await office.park("$set.r1")
    await redriven(client, "parked", "$set.r1")
    (entry,) = await office.operations()
    assert (entry["action"], entry["by"], entry["about"]) == ("redrive", "工号001", {"requests": ["$set.r1"]})
    assert (entry["at"], entry["ended_at"]) == (MONDAY, MONDAY)
    assert [row["name"] for row in entry["outcome"]["left"]] == ["$set.r1"]
    assert (await client.post("/internal/parked:redrive", json={"names": ["r1"]})).status_code == 422, "somebody must act"
