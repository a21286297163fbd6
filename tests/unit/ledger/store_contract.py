"""The promises of a LedgerStore, asked of every implementation: a subclass names the store in the fixture `store`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.ledger.document import BEGINNING, Change, Document, LedgerStore, Mark, Refused, StoredItem
from shared.schemas.envelope import Event
from tests.unit.ledger.small_domain import MONDAY, held, history

LATER = MONDAY + timedelta(seconds=5)


def nested(depth: int) -> dict[str, Any]:
    """A value `depth` objects deep."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def said(subject: str, count: int, data: dict[str, Any] | None = None) -> list[Event]:
    """Own events, as a ledger says them, a second apart."""

    def own(event: Event) -> Event:
        at = MONDAY + timedelta(seconds=event.sequence)
        return event.model_copy(update={"causationid": f"c{event.sequence}", "data": data or {}, "time": at})

    return [own(event) for event in history(subject, count)]


def document(subject: str = "r1", **values: Any) -> Document:
    """A document as a draft hands it over."""
    return Document(**{"subject": subject, "state": {}, **values})


def change(subject: str = "r1", *, events: list[Event] | None = None, **values: Any) -> Change:
    """A write of `document`, with `events` newly said."""
    return Change(document=document(subject, **values), said=events or [])


Alteration = tuple[str, Callable[[Document, Event], object]]
CHANGES: list[Alteration] = [
    ("nothing", lambda document, event: None),
    ("heard in place", lambda document, event: document.heard.update(documents=3)),
    ("heard ids in place", lambda document, event: document.heard_ids.update(intake=["1:abc"])),
    ("applied in place", lambda document, event: document.applied.append("c9")),
    ("early", lambda document, event: document.early.append(held(event))),
    ("early emptied", lambda document, event: document.early.clear()),
    ("aside", lambda document, event: document.aside.append(held(event))),
    ("a part of the state", lambda document, event: setattr(document, "state", {"a": {"b": [2]}, "c": "d"})),
    ("a new part of the state", lambda document, event: setattr(document, "state", {"a": {"b": [1]}, "c": "d", "e": 1})),
    ("another state", lambda document, event: setattr(document, "state", {"z": None})),
    ("one item", lambda document, event: setattr(document.items[1], "status", "leased")),
    ("every item", lambda document, event: [setattr(item, "problem", "p") for item in document.items]),
    ("an item more", lambda document, event: document.items.append(StoredItem(id=f"d{len(document.items)}", kind="k", data={}))),
    ("an item less", lambda document, event: document.items.pop(0)),
    ("no item", lambda document, event: document.items.clear()),
    ("parked", lambda document, event: setattr(document, "parked", "why")),
    ("wake-up", lambda document, event: setattr(document, "wake_at", LATER)),
]


class LedgerStoreContract:
    """Inherit and give a `store`."""

    async def test_what_was_never_written_is_not_loaded(self, store: LedgerStore) -> None:
        assert await store.load(["r1"]) == {}

    async def test_a_document_is_loaded_as_it_was_written(self, store: LedgerStore) -> None:
        event = history("r1", 1)[0]
        whole = document(
            unit="east",
            heard={"intake": 1},
            heard_ids={"intake": [f"1:{event.id[:12]}"]},
            applied=["c1"],
            early=[held(event)],
            aside=[held(event)],
            state={"a": [1, 2.5, None, "文"]},
            head=2,
            head_id="abc",
            items=[StoredItem(id="i", kind="k", data={"n": 1}, status="leased", attempt=2, due=MONDAY, owner="o", until=LATER)],
            parked="why",
            wake_at=LATER,
        )
        assert await store.write([Change(document=whole, said=said("r1", 2))]) == ["written"]
        (loaded,) = (await store.load(["r1", "r2"])).values()
        assert loaded == replace(whole, revision=1, events=said("r1", 2))

    @pytest.mark.parametrize("change_it", CHANGES, ids=[name for name, _ in CHANGES])
    async def test_whatever_is_changed_is_what_is_loaded_next(self, store: LedgerStore, change_it: Alteration) -> None:
        one, two = history("r1", 2)
        items = [StoredItem(id=name, kind="k", data={"n": 1}, due=MONDAY) for name in "abc"]
        state = {"a": {"b": [1]}, "c": "d"}
        await store.write([change(heard={"intake": 1}, early=[held(one)], state=state, items=items, applied=["c1"])])
        for _ in range(2):
            loaded = (await store.load(["r1"]))["r1"]
            change_it[1](loaded, two)
            expected = replace(loaded.copy(), items=[replace(item) for item in loaded.items], revision=loaded.revision + 1)
            assert await store.write([Change(document=loaded, said=[])]) == ["written"]
            assert (await store.load(["r1"]))["r1"] == expected

    async def test_times_are_kept_to_the_millisecond(self, store: LedgerStore) -> None:
        await store.write([change(wake_at=datetime(2027, 3, 1, 1, 0, 0, 123456, tzinfo=UTC))])
        assert (await store.load(["r1"]))["r1"].wake_at == datetime(2027, 3, 1, 1, 0, 0, 123000, tzinfo=UTC)

    async def test_a_loaded_document_is_a_copy(self, store: LedgerStore) -> None:
        await store.write([change(items=[StoredItem(id="i", kind="k", data={})])])
        copy = (await store.load(["r1"]))["r1"]
        copy.applied.append("c")
        copy.items[0].status = "done"
        assert (await store.load(["r1"]))["r1"].items[0].status == "planned"

    async def test_events_known_to_be_published_are_not_loaded(self, store: LedgerStore) -> None:
        await store.write([change(events=said("r1", 3), head=3)])
        await store.mark([Mark(subject="r1", revision=1, published=2, wake_at=None)])
        assert [event.sequence for event in (await store.load(["r1"]))["r1"].events] == [3]

    async def test_events_are_appended(self, store: LedgerStore) -> None:
        one, two = said("r1", 2)
        await store.write([change(events=[one], head=1)])
        await store.write([change(events=[two], head=2, revision=1)])
        assert await store.events("r1") == [one, two]

    async def test_a_write_with_an_old_revision_is_stale_and_changes_nothing(self, store: LedgerStore) -> None:
        await store.write([change(applied=["first"])])
        await store.write([change(applied=["first", "second"], revision=1)])
        assert await store.write([change(applied=["late"], revision=1, events=said("r1", 1))]) == ["stale"]
        assert (await store.load(["r1"]))["r1"].applied == ["first", "second"]
        assert await store.events("r1") == []

    async def test_it_says_how_the_documents_stand_that_exist(self, store: LedgerStore) -> None:
        await store.write([change("r1", events=said("r1", 1)), change("r2")])
        await store.write([change("r2", revision=1)])
        marked = Mark(subject="r1", revision=1, published=1, wake_at=LATER)
        await store.mark([marked])
        plain = Mark(subject="r2", revision=2, published=0, wake_at=None)
        assert await store.standing(["r1", "r2", "r3"]) == {"r1": marked, "r2": plain}
        assert await store.standing([]) == {}

    async def test_a_second_first_write_is_stale(self, store: LedgerStore) -> None:
        await store.write([change(applied=["first"])])
        assert await store.write([change(applied=["other"])]) == ["stale"]

    async def test_each_change_of_a_bulk_stands_for_itself(self, store: LedgerStore) -> None:
        await store.write([change("old")])
        bad = change("bad", state={"a\0b": 1})
        results = await store.write([change("good"), bad, change("old"), change("better")])
        assert [results[0], results[2], results[3]] == ["written", "stale", "written"]
        assert isinstance(results[1], Refused)
        assert set(await store.load(["good", "bad", "old", "better"])) == {"good", "old", "better"}

    async def test_what_cannot_be_stored_is_refused_with_a_reason(self, store: LedgerStore) -> None:
        for value in ({"a\0b": 1}, {"n": 2**63}, {"s": "\ud800"}, {"t": object()}):
            (result,) = await store.write([change(state=value)])
            assert isinstance(result, Refused), value
            assert result.problem

    async def test_an_unstorable_event_is_refused_too(self, store: LedgerStore) -> None:
        (result,) = await store.write([change(events=said("r1", 1, {"n": 2**63}))])
        assert isinstance(result, Refused)

    async def test_deep_nesting_is_refused_alone(self, store: LedgerStore) -> None:
        for depth in (90, 170, 190, 200, 400, 3000):
            name = f"deep{depth}"
            results = await store.write([change(f"good{depth}"), change(name, state=nested(depth)), change(f"fine{depth}")])
            assert (results[0], results[2]) == ("written", "written"), depth
            stored = await store.load([name])
            assert (name in stored) == (results[1] == "written"), depth
            assert results[1] == "written" or isinstance(results[1], Refused), depth

    async def test_odd_keys_are_stored_or_refused_but_never_lost(self, store: LedgerStore) -> None:
        for place, key in enumerate(("a.b", "$set", "", "$", "_id", "a.$.b")):
            subject = f"key{place}"
            (result,) = await store.write([change(subject, state={key: {key: 1}}, events=said(subject, 1, {key: {key: 1}}))])
            if result == "written":
                assert (await store.load([subject]))[subject].state == {key: {key: 1}}
                assert (await store.events(subject))[0].data == {key: {key: 1}}
            else:
                assert isinstance(result, Refused), key

    async def test_a_document_over_the_limit_is_refused_alone(self, store: LedgerStore) -> None:
        results = await store.write([change("big", state={"s": "x" * 17_000_000}), change("small")])
        assert isinstance(results[0], Refused)
        assert results[1] == "written"

    async def test_the_published_mark_only_grows(self, store: LedgerStore) -> None:
        await store.write([change(events=said("r1", 3), head=3)])
        await store.mark([Mark(subject="r1", revision=1, published=3, wake_at=None)])
        await store.mark([Mark(subject="r1", revision=1, published=1, wake_at=None)])
        assert (await store.load(["r1"]))["r1"].published == 3

    async def test_a_write_does_not_take_the_published_mark_back(self, store: LedgerStore) -> None:
        await store.write([change(events=said("r1", 2), head=2)])
        await store.mark([Mark(subject="r1", revision=1, published=2, wake_at=None)])
        await store.write([change(head=2, revision=1, published=0)])
        assert (await store.load(["r1"]))["r1"].published == 2

    async def test_a_mark_moves_the_wake_up_only_at_its_own_revision(self, store: LedgerStore) -> None:
        await store.write([change(wake_at=LATER)])
        await store.mark([Mark(subject="r1", revision=1, published=0, wake_at=MONDAY)])
        assert (await store.load(["r1"]))["r1"].wake_at == MONDAY
        await store.mark([Mark(subject="r1", revision=0, published=0, wake_at=None)])
        assert (await store.load(["r1"]))["r1"].wake_at == MONDAY

    async def test_a_mark_on_nothing_makes_nothing(self, store: LedgerStore) -> None:
        await store.mark([Mark(subject="ghost", revision=1, published=1, wake_at=LATER)])
        assert await store.load(["ghost"]) == {}

    async def test_due_subjects_come_longest_overdue_first_up_to_the_limit(self, store: LedgerStore) -> None:
        times = {"a": LATER, "b": MONDAY, "c": MONDAY + timedelta(seconds=1), "d": None, "e": LATER + timedelta(days=1)}
        await store.write([change(subject, wake_at=at) for subject, at in times.items()])
        assert await store.due(LATER, 10) == ["b", "c", "a"]
        assert await store.due(LATER, 2) == ["b", "c"]

    async def test_what_is_postponed_makes_room_for_others_and_is_due_again_later(self, store: LedgerStore) -> None:
        await store.write([change(subject, wake_at=MONDAY) for subject in ("a", "b", "c")])
        await store.postpone(["a", "b", "ghost"], now=MONDAY, until=LATER)
        assert await store.due(MONDAY, 10) == ["c"]
        assert sorted(await store.due(LATER, 10)) == ["a", "b", "c"]
        assert await store.load(["ghost"]) == {}

    async def test_postponing_leaves_alone_what_is_not_due_any_more(self, store: LedgerStore) -> None:
        """Somebody else could work on it: its unpublished events keep their time to be said again."""
        soon = MONDAY + timedelta(seconds=1)
        await store.write([change("a", wake_at=soon, events=said("a", 1), head=1), change("b", wake_at=None)])
        await store.postpone(["a", "b"], now=MONDAY, until=LATER)
        assert await store.due(soon, 10) == ["a"]
        assert (await store.load(["b"]))["b"].wake_at is None

    async def test_events_are_told_from_a_number_on(self, store: LedgerStore) -> None:
        await store.write([change(events=said("r1", 4), head=4)])
        assert [event.sequence for event in await store.events("r1", 2)] == [3, 4]
        assert await store.events("r2") == []

    async def test_events_are_found_by_their_cause(self, store: LedgerStore) -> None:
        await store.write([change(events=said("r1", 4), head=4)])
        assert [event.sequence for event in await store.caused("r1", ["c2", "c4", "c9"])] == [2, 4]

    async def test_heads_are_listed_in_pages(self, store: LedgerStore) -> None:
        """By the moment of the last event, then by subject; whoever said nothing is not listed."""
        counts = {"d": 1, "c": 1, "b": 3, "a": 2}
        await store.write([change(name, events=said(name, count), head=count) for name, count in counts.items()])
        await store.write([change("silent")])
        first = await store.heads(BEGINNING, "", 2)
        assert [(head.subject, head.sequence) for head in first] == [("c", 1), ("d", 1)]
        last = await store.heads(first[-1].said_at, first[-1].subject, 9)
        assert [(head.subject, head.sequence) for head in last] == [("a", 2), ("b", 3)]
        assert await store.heads(last[-1].said_at, last[-1].subject, 9) == []

    async def test_what_is_heard_or_held_is_told_per_source(self, store: LedgerStore) -> None:
        second, fourth = history("r1", 4)[1::2]
        await store.write([change(heard={"intake": 2, "routing": 7}, early=[held(second), held(fourth)]), change("r2")])
        assert await store.heard(["r1", "r2", "r3"]) == {"r1": {"intake": 4, "routing": 7}, "r2": {}}
