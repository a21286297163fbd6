"""On the real mongod: states made again from the facts beside those in use, compared, and swapped only where told to."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from shared.schemas.envelope import Event
from shared.service import rebuilding
from tests.component.service.recovering import SPOILT
from tests.component.service.recovery_build import BY, Office, paged
from tests.unit.ledger.small_domain import History, held, told

pytestmark = pytest.mark.stack
NAMES = ("r1", "r2", "r3")


async def lived(office: Office, *names: str) -> None:
    """Requests with a past: heard from two sources, told, and answered."""
    for name in names or NAMES:
        intake, documents = History(name), History(name, "documents")
        intake.say(data={"by": "p", "reason": "1", "keep": {"k": 1}})
        documents.say(after={"intake": 1})
        intake.say()
        office.others[name] = [*intake.events, *documents.events]
        for event in (intake.events[0], documents.events[0], intake.events[1]):
            await office.ledger.apply([held(event)])
        await office.ledger.apply([told(f"{name}-c1", name, keep={"c": 1})])


async def rebuilt(client: httpx.AsyncClient, **params: str) -> dict[str, Any]:
    """What all pages of a rebuild tell together; the checksum is the last page's."""
    pages = await paged(client, "POST", "/internal/rebuild", **BY, **params)
    counts = ("rebuilt", "agree", "differ", "swapped", "changed", "impossible", "unasked")
    sums = {name: sum(page[name] for page in pages) for name in counts if any(page[name] for page in pages)}
    return {**sums, "rows": [row for page in pages for row in page["rows"]], "checksum": pages[-1]["checksum"]}


async def spoil(office: Office, *names: str, **fields: Any) -> None:
    await office.database["requests"].update_many({"_id": {"$in": list(names)}}, {"$set": fields or SPOILT})


async def everything(office: Office) -> list[Any]:
    """All that the ledger holds, byte for byte."""
    return [stored async for stored in office.database["requests"].find({}).sort("_id", 1)]


async def test_a_sound_ledger_agrees_twice_with_equal_checksums_and_nothing_else_changes(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "REBUILT_AT_ONCE", 2)
    await lived(office)
    before, said = await everything(office), len(office.publisher.topic)
    assert (await client.get("/internal/rebuild")).json() == {"requests": 3}
    first, second = await rebuilt(client), await rebuilt(client, swap="true")
    assert first == second
    assert {**first, "checksum": ""} == {"rebuilt": 3, "agree": 3, "rows": [], "checksum": ""}
    assert await everything(office) == before
    assert len(office.publisher.topic) == said


async def test_a_spoilt_state_is_found_and_left_alone_until_it_is_swapped(office: Office, client: httpx.AsyncClient) -> None:
    await lived(office)
    sound = [stored["state"] for stored in await everything(office)]
    checksum = (await rebuilt(client))["checksum"]
    await spoil(office, "r2")
    before = await everything(office)
    found = await rebuilt(client)
    assert found["rows"] == [{"name": "r2", "end": "differs", "why": "it differs in: heard, kept"}]
    assert (found["agree"], found["differ"], found["checksum"]) == (2, 1, checksum)
    assert await everything(office) == before, "a rebuild without swap changes nothing in use"
    swapped = await rebuilt(client, swap="true")
    assert (swapped["agree"], swapped["swapped"]) == (2, 1)
    assert [stored["state"] for stored in await everything(office)] == sound
    assert (await rebuilt(client))["agree"] == 3


async def test_a_state_that_cannot_be_read_at_all_is_made_again(office: Office, client: httpx.AsyncClient) -> None:
    await lived(office)
    sound = [stored["state"] for stored in await everything(office)]
    await spoil(office, "r1", state={"heard": 7})
    await spoil(office, "r3", state="nonsense")
    assert [row["why"] for row in (await rebuilt(client))["rows"]] == ["what stands cannot be read"] * 2
    assert (await rebuilt(client, swap="true"))["swapped"] == 2
    assert [stored["state"] for stored in await everything(office)] == sound


async def test_the_shadow_holds_what_was_rebuilt_and_its_checksums(office: Office, client: httpx.AsyncClient) -> None:
    await lived(office, "r1")
    await spoil(office, "r1")
    await rebuilt(client)
    (kept,) = [stored async for stored in office.database["requests_rebuilt"].find({})]
    assert kept["state"]["heard"] == ["documents:1", "intake:1", "intake:2"]
    assert kept["checksum"] != kept["live"]
    assert len(kept["checksum"]) == 64


async def test_work_goes_on_after_a_swap_in_the_process_that_knew_the_old_state(
    office: Office, client: httpx.AsyncClient
) -> None:
    await lived(office, "r1")
    await spoil(office, "r1")
    await rebuilt(client, swap="true")
    await office.ledger.apply([told("c2", "r1", keep={"c2": 2})])
    assert (await office.diary("r1")).kept == {"k": 1, "c": 1, "c2": 2}
    assert (await rebuilt(client))["agree"] == 1


async def test_one_that_is_written_between_rebuild_and_swap_is_rebuilt_again(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(office, "r1")
    await spoil(office, "r1")
    keep, meanwhile = office.shadow.keep, [told("c2", "r1", keep={"c2": 2})]

    async def kept_late(rebuilt_: Any) -> None:
        await keep(rebuilt_)
        if meanwhile:
            await office.ledger.apply([meanwhile.pop()])

    monkeypatch.setattr(office.shadow, "keep", kept_late)
    assert (await rebuilt(client, swap="true"))["swapped"] == 1
    diary = await office.diary("r1")
    assert (diary.kept, len(diary.said)) == ({"k": 1, "c": 1, "c2": 2}, 5), "what was said meanwhile is in it"


async def test_a_swap_that_minds_no_revision_would_lose_what_was_said_meanwhile(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    await lived(office, "r1")
    await spoil(office, "r1")

    async def careless(rebuilt_: Any) -> bool:
        await office.ledger.apply([told("c2", "r1", keep={"c2": 2})])
        await office.database["requests"].update_one({"_id": "r1"}, {"$set": {"state": rebuilt_.state}})
        return True

    monkeypatch.setattr(office.shadow, "swap", careless)
    await rebuilt(client, swap="true")
    assert "c2" not in (await office.diary("r1")).kept
    monkeypatch.undo()
    assert (await rebuilt(client))["differ"] == 1, "and the next rebuild finds it"


async def test_one_that_others_never_stop_writing_is_told_and_keeps_its_state(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(office, "r1", "r2")
    await spoil(office, "r1", "r2")
    keep = office.shadow.keep

    async def kept_late(rebuilt_: Any) -> None:
        await keep(rebuilt_)
        await office.database["requests"].update_one({"_id": "r1"}, {"$inc": {"revision": 1}})

    monkeypatch.setattr(office.shadow, "keep", kept_late)
    found = await rebuilt(client, swap="true")
    assert [(row["name"], row["end"]) for row in found["rows"]] == [("r1", "changed"), ("r2", "swapped")]
    assert (await office.diary("r1")).kept == {"of": "nobody"}


async def test_what_cannot_be_rebuilt_is_told_with_why_and_holds_nobody_up(office: Office, client: httpx.AsyncClient) -> None:
    await lived(office)
    await spoil(office, *NAMES)
    office.others["r1"].pop(0)
    del office.others["r2"]
    found = await rebuilt(client, swap="true")
    assert {row["name"]: row["end"] for row in found["rows"]} == {"r1": "impossible", "r2": "unasked", "r3": "swapped"}
    assert "of intake there are 1 events and should be 2" in found["rows"][0]["why"]
    assert "could not be asked (KeyError)" in found["rows"][1]["why"]


async def test_when_no_source_answers_the_same_page_is_next(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "REBUILT_AT_ONCE", 2)
    await lived(office)
    others, office.others = office.others, {}
    page = (await client.post("/internal/rebuild", params=BY)).json()
    assert page["unasked"] == 2
    office.others = others
    again = (await client.post("/internal/rebuild", params={**BY, "cursor": page["next"]})).json()
    assert (again["agree"], again["unasked"]) == (2, 0)


async def test_one_request_alone_is_rebuilt_or_known_to_be_unknown(office: Office, client: httpx.AsyncClient) -> None:
    await lived(office)
    await spoil(office, *NAMES)
    assert (await rebuilt(client, request="r2", swap="true"))["swapped"] == 1
    assert (await rebuilt(client))["differ"] == 2
    answer = await client.post("/internal/rebuild", params={**BY, "request": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_request")


async def test_each_page_is_written_down_before_it_is_done(office: Office, client: httpx.AsyncClient) -> None:
    await lived(office, "r1")
    await rebuilt(client, swap="true")
    (entry,) = await office.operations()
    assert (entry["action"], entry["by"], entry["about"]["swap"]) == ("rebuild", "工号001", True)
    assert entry["outcome"]["agree"] == 1


async def test_a_rebuild_under_traffic_disturbs_nobody_and_agrees_with_everybody(
    office: Office, client: httpx.AsyncClient
) -> None:
    names = [f"r{number}" for number in range(8)]
    await lived(office, *names)

    async def traffic() -> None:
        for number in range(30):
            await office.ledger.apply([told(f"t{number}-{name}", name) for name in names])

    _, found = await asyncio.gather(traffic(), rebuilt(client, swap="true"))
    assert (found["rebuilt"], found["agree"]) == (8, 8)
    assert all([len((await office.diary(name)).said) == 34 for name in names])


async def test_history_that_moved_out_of_the_document_is_part_of_the_facts(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(office, "r1")
    await office.database["requests"].update_one({"_id": "r1"}, {"$set": {"events_bytes": 10**6}})
    assert await office.store.trim() == 4
    assert (await rebuilt(client))["agree"] == 1


async def test_nothing_is_published_planned_or_leased_by_a_rebuild(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.setting.without_items = False
    await lived(office)
    await spoil(office, *NAMES)

    async def said(_events: Sequence[Event]) -> list[bool]:
        raise AssertionError("a rebuild says nothing")

    monkeypatch.setattr(office.publisher, "publish", said)
    items = [stored["items"] for stored in await everything(office)]
    assert all(items)
    assert (await rebuilt(client, swap="true"))["swapped"] == 3
    assert [stored["items"] for stored in await everything(office)] == items
