"""Replay and reconciliation on the real mongod: page by page, bounded, nothing passed that was not said, and to an end."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from shared.ledger.document import BEGINNING
from shared.schemas.envelope import Event
from shared.service import recovery
from tests.component.service.recovery_build import BY, Office, paged
from tests.unit.ledger.small_domain import held, history

pytestmark = pytest.mark.stack


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
