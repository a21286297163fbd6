"""The poison set between good records of one batch: every good one is applied once, every bad one is kept byte for byte."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import orjson
import pytest

from shared.ledger.apply import Ledger
from shared.ledger.hearing import Hearing
from shared.messaging.dead_letters import Dead, DeadLetters, identity_of
from shared.messaging.producer import Producer, TopicPublisher
from shared.messaging.wire import Record, decode, encode
from shared.schemas.envelope import Event
from shared.schemas.topics import DEAD_LETTER, REQUEST_TOPICS
from shared.storage import Database, MongoDeadLetters, MongoLedgerStore
from tests.component.messaging.kafka_build import Sendable, committed, consuming, fresh, until
from tests.unit.ledger.small_domain import Diary, FakeClock, History, Quiet, Setting, SmallDomain, history

pytestmark = pytest.mark.stack
TOPIC = REQUEST_TOPICS["intake"].name


def nested(depth: int) -> bytes:
    """An object of objects, `depth` deep, as the part of the data that the domain keeps."""
    return b'{"by":"p","reason":"r","keep":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


def bad(name: str, event: Event) -> Sendable:
    """The record of `event`, spoilt in one way."""
    key, value, given = encode(event)
    headers: list[tuple[str, bytes | None]] = [*given]
    odd = {"null header": None, "ff header": b"\xff"}
    bodies = {
        "empty value": b"",
        "null value": None,
        "two megabytes": orjson.dumps({"by": "x" * 1_900_000}) + b"}",
        "broken": b'{"by": ',
        "wrong schema": b'{"unreadable": true}',
        "lone surrogate": b'{"by": "\\ud800", "reason": "r"}',
        "large integer": b'{"by": "p", "reason": "r", "keep": {"n": 9223372036854775808}}',
        "NUL in a key": b'{"by": "p", "reason": "r", "keep": {"a\\u0000b": 1}}',
        "nested 200": nested(200),
        "nested 5000": nested(5000),
    }
    if name in odd:
        headers = [(header, odd[name] if header == "ce_subject" else content) for header, content in headers]
    if name == "unknown version":
        headers = [(header, (content or b"") + b"00" if header == "ce_dataschema" else content) for header, content in headers]
    return key, bodies.get(name, value), _signed(headers, bodies.get(name, value))


def _signed(headers: list[tuple[str, bytes | None]], value: bytes | None) -> list[tuple[str, bytes | None]]:
    """`headers` with the id that an honest sender of `value` would have given, where that can be told."""
    said = {name.removeprefix("ce_"): (content or b"").decode(errors="replace") for name, content in headers}
    try:
        whole = {
            **said,
            "sequence": int(said["sequence"]),
            "after": orjson.loads(said["after"]),
            "data": orjson.loads(value or b""),
        }
        identity = Event.say(**{name: whole[name] for name in Event.model_fields if name in whole and name != "id"}).id
    except (ValueError, TypeError, RecursionError):
        return headers
    return [(name, identity.encode() if name == "ce_id" else content) for name, content in headers]


PARKED = (
    "empty value",
    "null value",
    "two megabytes",
    "broken",
    "wrong schema",
    "unknown version",
    "lone surrogate",
    "large integer",
    "NUL in a key",
    "nested 200",
    "nested 5000",
)
UNADDRESSED = ("null header", "ff header")


@dataclass
class Room:
    """The small service on the real parts."""

    store: MongoLedgerStore
    letters: MongoDeadLetters
    producer: Producer
    hearing: Hearing
    copies: list[tuple[Record, str]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    async def diary(self, subject: str) -> Diary:
        found = await self.store.load([subject])
        return Diary.model_validate(found[subject].state)


@pytest.fixture
async def room(mongo_database: Database, broker_address: str) -> AsyncIterator[Room]:
    store = MongoLedgerStore(mongo_database["ledger"])
    await store.prepare()
    letters = MongoDeadLetters(mongo_database["dead_letters"])
    producer = Producer(broker_address, "routing")
    publisher = TopicPublisher(producer, REQUEST_TOPICS["routing"].name)
    quiet = Quiet(Setting(without_items=True))
    ledger = Ledger(domain=SmallDomain(), surroundings=quiet, store=store, publisher=publisher, clock=FakeClock())

    copies: list[tuple[Record, str]] = []

    async def copy(dead: Sequence[Dead]) -> list[bool]:
        copies.extend((one.record, one.problem) for one in dead)
        return await producer.copy(DEAD_LETTER["routing"].name, dead)

    hearing = Hearing(ledger, DeadLetters("routing", letters, copy, FakeClock().now))
    room = Room(store=store, letters=letters, producer=producer, hearing=hearing, copies=copies)
    yield room
    await producer.stop()


async def test_good_records_among_the_poison_set_are_applied_once_and_the_bad_are_kept(room: Room, broker_address: str) -> None:
    mine, group = fresh("p"), fresh("group")
    good = [history(f"{mine}-good-{number}", 2) for number in range(40)]
    chains = {name: History(f"{mine}-{name.replace(' ', '-')}") for name in (*PARKED, *UNADDRESSED, "unknown type")}
    spoilt = {name: bad(name, chains[name].say()) for name in (*PARKED, *UNADDRESSED)}
    praised = chains["unknown type"].say(type="backline.request.praised")
    after = {name: encode(chains[name].say()) for name in (*PARKED, "unknown type")}
    sent: list[Sendable] = [encode(first) for first, _ in good[:20]]
    for place, record in enumerate([*spoilt.values(), encode(praised)]):
        sent.insert(place * 2 + 1, record)
    sent += [encode(first) for first, _ in good[20:]] + [encode(second) for _, second in good] + list(after.values())
    batches: list[int] = []

    async def handle(records: list[Record]) -> None:
        own = [record for record in records if (record.key or b"").startswith(mine.encode())]
        batches.append(len(own))
        room.records += own
        await room.hearing.handle(own)

    async with consuming(broker_address, handle, group):  # type: ignore[arg-type]
        assert all(await room.producer.send(TOPIC, sent))
        await until(lambda: sum(batches) >= len(sent))
        await asyncio.sleep(0)

    assert sum(batches) == len(sent), "nothing is read twice"
    await _every_good_request_is_applied_once(room, [first.subject for first, _ in good])
    await _every_poisoned_request_is_parked(room, chains, spoilt)
    await _every_unaddressed_record_is_a_dead_letter(room, spoilt)
    document = (await room.store.load([praised.subject]))[praised.subject]
    assert (document.parked, document.heard, len(document.aside)) == (None, {"intake": 2}, 1)
    assert await committed(broker_address, group), "the offsets moved on"


async def _every_good_request_is_applied_once(room: Room, subjects: list[str]) -> None:
    for subject in subjects:
        assert (await room.diary(subject)).heard == ("intake:1", "intake:2")
        assert len(await room.store.events(subject)) == 2


async def _every_poisoned_request_is_parked(room: Room, chains: dict[str, History], spoilt: dict[str, Sendable]) -> None:
    for name in PARKED:
        subject = chains[name].subject
        document = (await room.store.load([subject]))[subject]
        assert document.parked, name
        assert document.heard == {}, name
        assert [held.sequence for held in document.early] == [1, 2], name
        kept = document.early[0].record
        assert (kept.key, kept.value, list(kept.headers)) == spoilt[name], name
        assert await room.store.events(subject) == []


async def _every_unaddressed_record_is_a_dead_letter(room: Room, spoilt: dict[str, Sendable]) -> None:
    letters = {letter["_id"]: letter for letter in await room.letters.listed()}
    kept = {identity: Record.from_json(letter["record"]) for identity, letter in letters.items()}
    assert sorted((record.key or b"") for record in kept.values()) == sorted(spoilt[name][0] for name in UNADDRESSED)
    for record in kept.values():
        assert record in room.records
    assert all(identity == identity_of(record) for identity, record in kept.items())
    assert {identity_of(record) for record, _ in room.copies} == set(kept)


async def test_a_dead_letter_read_again_is_kept_once(room: Room) -> None:
    key, value, headers = bad("null header", history(fresh("d"), 1)[0])
    record = Record(topic=TOPIC, partition=1, offset=7, key=key, headers=tuple(headers), value=value)
    await room.hearing.handle([record])
    await room.hearing.handle([record])
    assert len(await room.letters.listed()) == 1


async def test_the_same_place_with_other_content_is_another_dead_letter(room: Room) -> None:
    for content in (b"1", b"2"):
        await room.hearing.handle([Record(topic=TOPIC, partition=1, offset=7, key=None, headers=(), value=content)])
    assert len(await room.letters.listed()) == 2


async def test_every_batch_handled_twice_changes_nothing_more(room: Room) -> None:
    first, second = history(fresh("twice"), 2)
    records = []
    for event in (second, first):
        key, value, headers = encode(event)
        records.append(Record(topic=TOPIC, partition=0, offset=event.sequence, key=key, headers=tuple(headers), value=value))
        assert decode(records[-1]) == event
    for _ in range(2):
        await room.hearing.handle(records)
    assert [event.data["by"] for event in await room.store.events(first.subject)] == ["intake:1", "intake:2"]
