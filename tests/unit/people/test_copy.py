"""The copy of the directory: durable before it is in memory, told to whoever listens, and stopped by no record."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.messaging.dead_letters import Dead, DeadLetters
from shared.messaging.wire import Record, record_of
from shared.people.copy import DirectoryCopy
from shared.schemas.access import AccessKey, SystemAccess
from shared.schemas.callbacks import Callback
from shared.schemas.envelope import Event, dataschema
from shared.schemas.intake import AccessRecorded, CallbackRecorded, PersonRecorded
from shared.schemas.model import Json
from shared.schemas.registry import TYPE_OF
from tests.builders.judging import NOW
from tests.builders.people import a_person

PERSON = TYPE_OF[PersonRecorded]


class MemoryPeople:
    """A PeopleStore in memory that fails as often as told."""

    def __init__(self, *entries: tuple[str, int, str, Json]) -> None:
        self.kept = {entry[0]: entry for entry in entries}
        self.failures = 0

    async def all(self) -> list[tuple[str, int, str, Json]]:
        return list(self.kept.values())

    async def keep(self, entries: Sequence[tuple[str, int, str, Json]]) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        self.kept |= {entry[0]: entry for entry in entries if entry[1] > self.kept.get(entry[0], ("", 0))[1]}


class Listener:
    """Somebody who wants to know, and fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.told, self.failures = 0, failures

    async def __call__(self) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the listener's database is away")
        self.told += 1


class House:
    """A copy and everything around it."""

    def __init__(self, *entries: tuple[str, int, str, Json]) -> None:
        self.store = MemoryPeople(*entries)
        self.letters: list[tuple[Record, str]] = []
        self.copy = DirectoryCopy(self.store, DeadLetters("routing", self, self._copied, lambda: NOW))

    async def keep(self, _identity: str, record: Record, problem: str, _at: Any) -> None:
        """As a DeadLetterStore."""
        self.letters.append((record, problem))

    async def _copied(self, dead: Sequence[Dead]) -> list[bool]:
        return [True] * len(dead)

    @property
    def people(self) -> set[str]:
        return set(self.copy.directory.people)


def recorded(identity: str, sequence: int = 1, **values: Any) -> Event:
    """Somebody is recorded."""
    return said(
        identity, sequence, PERSON, PersonRecorded(person=a_person(identity, "harbour", **values)).model_dump(mode="json")
    )


def said(subject: str, sequence: int, event_type: str, data: Json) -> Event:
    """Any event on the people's topic."""
    return Event.say(
        source="intake",
        type=event_type,
        subject=subject,
        sequence=sequence,
        time=NOW,
        data=data,
        dataschema=dataschema(event_type),
    )


def records(*events: Event) -> list[Record]:
    return [record_of(event) for event in events]


@pytest.fixture
def house() -> House:
    return House()


async def test_people_are_taken_over_and_kept(house: House) -> None:
    await house.copy.handle(records(recorded("P1"), recorded("P2")))
    assert house.people == set(house.store.kept) == {"P1", "P2"}


async def test_a_callback_is_taken_over_kept_and_replaced_and_changes_no_version_by_which_people_are_chosen(house: House) -> None:
    await house.copy.handle(records(recorded("PE1")))
    version = house.copy.directory.version
    for sequence, active in ((1, True), (2, False)):
        callback = Callback(unit="harbour", id="crm", url="https://x.example/", events=("request.accepted",), active=active)
        data = CallbackRecorded(callback=callback).model_dump(mode="json")
        await house.copy.handle(records(said("callback:harbour:crm", sequence, TYPE_OF[CallbackRecorded], data)))
        assert house.copy.directory.callbacks == {"harbour": {"crm": callback}}
    assert (house.copy.directory.version, house.people) == (version, {"PE1"})
    again = House(*house.store.kept.values())
    await again.copy.load()
    assert again.copy.directory.callbacks == house.copy.directory.callbacks


async def test_an_older_number_changes_nothing(house: House) -> None:
    await house.copy.handle(records(recorded("P1", 2, name="new")))
    await house.copy.handle(records(recorded("P1", 1, name="old")))
    assert house.copy.directory.people["P1"].name == "new"
    assert house.store.kept["P1"][1] == 2


@pytest.mark.parametrize("data", [{}, {"person": {"id": "P2"}}, {"person": None}, {"unit": 7}])
async def test_a_record_that_cannot_be_read_is_kept_aside_and_stops_nobody(house: House, data: Json) -> None:
    bad = records(said("P2", 1, PERSON, data))[0]
    await house.copy.handle([*records(recorded("P1")), bad, *records(recorded("P3"))])
    assert house.people == {"P1", "P3"}
    assert [record for record, _ in house.letters] == [bad]
    assert await house.copy.known("intake", ["P2"]) == {}, "whoever can read it later still asks for it"


async def test_what_is_no_event_is_kept_aside(house: House) -> None:
    nonsense = Record(topic="backline.people.v1", partition=0, offset=7, key=None, headers=(("x", None),), value=b"\xff")
    await house.copy.handle([nonsense, *records(recorded("P1"))])
    assert house.people == {"P1"}
    assert [record for record, _ in house.letters] == [nonsense]


async def test_a_type_of_a_later_release_is_passed_over(house: House) -> None:
    await house.copy.handle(records(said("T1", 1, "backline.team.recorded", {"team": 1}), recorded("P1")))
    assert house.people == {"P1"}
    assert house.letters == []


async def test_a_readable_number_below_an_unreadable_one_is_taken(house: House) -> None:
    await house.copy.hear([recorded("P1", 1), said("P1", 2, PERSON, {})])
    assert await house.copy.known("intake", ["P1"]) == {"P1": 1}


async def test_a_change_that_could_not_be_kept_is_taken_over_when_it_comes_again(house: House) -> None:
    house.store.failures = 1
    batch, listener = records(recorded("P1")), Listener()
    house.copy.on_change(listener)
    with pytest.raises(ConnectionError):
        await house.copy.handle(batch)
    assert (house.people, listener.told) == (set(), 0)
    await house.copy.handle(batch)
    assert (house.people, set(house.store.kept), listener.told) == ({"P1"}, {"P1"}, 1)


async def test_a_listener_that_fails_is_told_again_and_the_others_once(house: House) -> None:
    failing, well = Listener(failures=1), Listener()
    house.copy.on_change(failing)
    house.copy.on_change(well)
    batch = records(recorded("P1"))
    with pytest.raises(ConnectionError):
        await house.copy.handle(batch)
    await house.copy.handle(batch)
    assert (failing.told, well.told) == (1, 1)
    await house.copy.handle(batch)
    assert (failing.told, well.told) == (1, 1), "nothing has changed"


async def test_an_entry_of_the_database_that_this_release_cannot_read_keeps_no_process_from_starting() -> None:
    good = recorded("P1")
    house = House(("P1", 1, PERSON, good.data), ("P2", 1, PERSON, {}), ("T1", 1, "backline.team.recorded", {}))
    await house.copy.load()
    assert house.people == {"P1"}
    assert await house.copy.known("intake", ["P1", "P2"]) == {"P1": 1}


async def test_an_older_entry_that_is_kept_later_does_not_come_back_in_memory(house: House) -> None:
    """The topic, the reconciler and whoever records people here take them over at the same time."""
    older, newer, written = recorded("P1", 1, name="old"), recorded("P1", 2, name="new"), asyncio.Event()
    keep = house.store.keep

    async def slow(entries: Sequence[tuple[str, int, str, Json]]) -> None:
        if entries[0][1] == 1:
            await written.wait()
        await keep(entries)

    house.store.keep = slow  # type: ignore[method-assign]
    first = asyncio.create_task(house.copy.hear([older]))
    await asyncio.sleep(0)
    second = asyncio.create_task(house.copy.hear([newer]))
    await asyncio.sleep(0)
    written.set()
    await asyncio.gather(first, second)
    assert house.copy.directory.people["P1"].name == "new"
    assert await house.copy.known("intake", ["P1"]) == {"P1": 2}


async def test_a_change_that_comes_while_a_listener_is_told_of_the_last_is_told_again(house: House) -> None:
    hearing, fails = asyncio.Event(), iter([False, True])
    told: list[int] = []

    async def listener() -> None:
        told.append(len(house.people))
        if next(fails, False):
            raise ConnectionError("the listener's database is away")
        if len(told) == 1:
            await hearing.wait()

    house.copy.on_change(listener)
    first = asyncio.create_task(house.copy.hear([recorded("P1")]))
    while not told:
        await asyncio.sleep(0)
    with pytest.raises(ConnectionError):
        await house.copy.hear([recorded("P2")])
    hearing.set()
    await first
    await house.copy.hear([])
    assert told == [1, 2, 2]


def access(sequence: int, *keys: AccessKey) -> Event:
    """The keys of a system are recorded."""
    entry = SystemAccess(business_unit="east", system="crm", keys=keys)
    return said(entry.subject, sequence, TYPE_OF[AccessRecorded], AccessRecorded(access=entry).model_dump(mode="json"))


async def test_keys_are_beside_the_directory_and_an_older_entry_never_brings_a_revoked_one_back():
    house = House()
    alive = AccessKey(id="0" * 12, mac="0" * 64, scopes=(), issued_at=NOW, issued_by="ops", expires_at=NOW + timedelta(days=1))
    over = alive.model_copy(update={"revoked_at": NOW})
    before = house.copy.directory.version
    await house.copy.handle([record_of(access(1, alive))])
    assert house.copy.keys.by_id["0" * 12].key.alive(NOW)
    await house.copy.handle([record_of(access(2, over)), record_of(access(1, alive))])
    assert not house.copy.keys.by_id["0" * 12].key.alive(NOW)
    assert house.copy.directory.version == before
    again = House(*house.store.kept.values())
    await again.copy.load()
    assert not again.copy.keys.by_id["0" * 12].key.alive(NOW)


async def test_an_entry_with_a_scope_of_a_later_release_is_read():
    house = House()
    key = AccessKey(
        id="0" * 12, mac="0" * 64, scopes=("moon:land",), issued_at=NOW, issued_by="ops", expires_at=NOW + timedelta(days=1)
    )
    await house.copy.handle([record_of(access(1, key))])
    assert house.copy.keys.by_id["0" * 12].key.scopes == ("moon:land",)
    assert house.letters == []
