"""The operators' addresses on the real mongod: bounded pages, an audit, and repeats that change nothing."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared.ledger.document import BEGINNING
from shared.schemas.envelope import Event
from shared.service import recovery
from shared.storage import Database
from tests.component.service.recovery_build import TOKEN, Office
from tests.unit.ledger.small_domain import MONDAY, held, history

pytestmark = pytest.mark.stack
BY = {"by": "工号001"}


@pytest_asyncio.fixture(loop_scope="session")
async def office(mongo_database: Database) -> Office:
    office = Office(mongo_database)
    await office.prepare()
    return office


@pytest_asyncio.fixture(loop_scope="session")
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(app=office.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://routing", headers=headers) as opened:
        yield opened


async def paged(client: httpx.AsyncClient, method: str, path: str, **params: str) -> list[dict[str, Any]]:
    """Every page at `path`."""
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["next"]:
        cursor = pages[-1]["next"] if pages else ""
        answer = await client.request(method, path, params={**params, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
    return pages


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


async def test_a_replay_goes_page_by_page_through_everything_that_was_said(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "SUBJECTS_AT_ONCE", 2)
    for number in range(5):
        await office.ledger.apply([held(event) for event in history(f"r{number}", 2)])
    assert (await client.get("/internal/replay")).json() == {"requests": 5}
    office.publisher.topic.clear()
    pages = await paged(client, "POST", "/internal/replay", **BY)
    assert [(page["subjects"], page["events"], page["unsaid"]) for page in pages] == [(2, 4, 0), (2, 4, 0), (1, 2, 0)]
    assert len(office.publisher.topic) == 10


async def test_a_replay_since_a_moment_leaves_out_who_was_silent_since(office: Office, client: httpx.AsyncClient) -> None:
    await office.ledger.apply([held(event) for event in history("old", 1)])
    office.clock.forward(3600)
    await office.ledger.apply([held(event) for event in history("new", 1)])
    office.publisher.topic.clear()
    await paged(client, "POST", "/internal/replay", **BY, since=office.clock.now().isoformat())
    assert [event.subject for event in office.publisher.topic] == ["new"]


async def test_a_replay_of_one_request_says_that_one_and_tells_when_there_is_none(
    office: Office, client: httpx.AsyncClient
) -> None:
    for subject in ("r1", "r2"):
        await office.ledger.apply([held(event) for event in history(subject, 1)])
    office.publisher.topic.clear()
    (page,) = await paged(client, "POST", "/internal/replay", **BY, request="r2")
    assert (page["subjects"], [event.subject for event in office.publisher.topic]) == (1, ["r2"])
    (page,) = await paged(client, "POST", "/internal/replay", **BY, request="nobody")
    assert page["subjects"] == 0


async def replayed(client: httpx.AsyncClient, cursor: str = "") -> dict[str, Any]:
    """One page of a replay."""
    answer = await client.post("/internal/replay", params={**BY, "cursor": cursor})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def test_a_page_that_the_broker_did_not_take_is_told_and_is_the_next_page_still(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "SUBJECTS_AT_ONCE", 1)
    for subject in ("r1", "r2"):
        await office.ledger.apply([held(event) for event in history(subject, 2)])
    office.publisher.topic.clear()
    office.faults.unpublished = 1.0
    refused = await replayed(client)
    assert (refused["events"], refused["unsaid"]) == (0, 2)
    office.faults.quiet()
    office.publisher.topic.clear()
    first = await replayed(client, refused["next"])
    second = await replayed(client, first["next"])
    assert [event.subject for event in office.publisher.topic] == ["r1", "r1", "r2", "r2"]
    assert [(page["events"], page["unsaid"]) for page in (first, second)] == [(2, 0), (2, 0)]


async def test_a_page_of_a_replay_is_bounded_by_its_events_too(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "EVENTS_AT_ONCE", 5)
    for number, events in enumerate([2, 3, 9, 1]):
        await office.ledger.apply([held(event) for event in history(f"r{number}", events)])
        office.clock.forward(1)
    pages = await paged(client, "POST", "/internal/replay", **BY)
    assert [(page["subjects"], page["events"]) for page in pages] == [(2, 5), (1, 9), (1, 1)]


async def test_a_replay_under_steady_traffic_comes_to_its_end(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "SUBJECTS_AT_ONCE", 1)
    await office.ledger.apply([held(event) for event in history("r0", 1)])
    page, said = await replayed(client), 1
    while page["next"]:
        office.clock.forward(1)
        await office.ledger.apply([held(event) for event in history(f"r{said}", 1)])
        assert said < 5, "it is chasing what is said meanwhile"
        page, said = await replayed(client, page["next"]), said + 1
    assert page["subjects"] == 0


async def test_an_event_said_during_a_replay_hides_none_that_was_not_taken(
    office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.ledger.apply([held(event) for event in history("r1", 1)])
    heads = office.store.heads

    async def meanwhile(*asked: Any) -> Any:
        found = await heads(*asked)
        await office.ledger.apply([held(event) for event in history("r1", 2)])
        return found

    async def first_alone(events: Sequence[Event]) -> list[bool]:
        return [number == 0 for number, _ in enumerate(events)]

    monkeypatch.setattr(office.store, "heads", meanwhile)
    monkeypatch.setattr(office.publisher, "publish", first_alone)
    page = await replayed(client)
    assert (page["events"], page["unsaid"]) == (1, 1)


async def test_reconciliation_goes_page_by_page_and_asks_for_what_is_missing(office: Office, client: httpx.AsyncClient) -> None:
    office.others = {f"r{number}": history(f"r{number}", 2) for number in range(3)}
    await office.ledger.apply([held(event) for event in office.others["r1"]])
    pages = await paged(client, "POST", "/internal/reconcile", **BY)
    by_source = [(page["source"], page["compared"], page["lacking"]) for page in pages]
    assert by_source == [("documents", 0, 0), ("intake", 2, 1), ("intake", 1, 1), ("intake", 0, 0)]
    assert [(await office.diary(f"r{number}")).heard for number in range(3)] == [("intake:1", "intake:2")] * 3
    again = await paged(client, "POST", "/internal/reconcile", **BY)
    assert sum(page["lacking"] for page in again) == 0


@pytest.mark.parametrize("path", ["/internal/replay", "/internal/reconcile"])
async def test_a_cursor_of_somebody_elses_is_refused(client: httpx.AsyncClient, path: str) -> None:
    ours = {"ledger": "orders", "first": BEGINNING.isoformat(), "since": BEGINNING.isoformat()}
    for cursor in ("nonsense", str(ours).replace("'", '"')):
        answer = await client.post(path, params={**BY, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
