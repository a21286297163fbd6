"""Events survive the wire unchanged; what is no event is told apart by whether it names its request."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.wire import Poison, Record, Unaddressed, decode, encode, record_of
from shared.schemas.envelope import SOURCES, Event

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  # the strategy adds it
EVENTS = st.builds(
    Event.say,
    source=st.sampled_from(SOURCES),
    type=NAMES,
    subject=NAMES,
    sequence=st.integers(1, 999_999_999),
    time=TIMES,
    data=st.dictionaries(WORDS, JSON, max_size=4),
    dataschema=NAMES,
    after=st.dictionaries(st.sampled_from(SOURCES), st.integers(0, 10**9), max_size=4),
    previous=st.none() | NAMES,
    correlationid=st.none() | NAMES,
    causationid=st.none() | NAMES,
    businessunit=st.none() | NAMES,
    traceparent=st.none() | NAMES,
)


@settings(deadline=None, database=None)
@given(event=EVENTS)
def test_an_event_survives_the_wire(event: Event) -> None:
    assert decode(record_of(event)) == event


@settings(deadline=None, database=None)
@given(event=EVENTS)
def test_the_id_can_be_checked_on_the_other_side(event: Event) -> None:
    decoded = decode(record_of(event))
    assert isinstance(decoded, Event)
    assert decoded.digest() == event.id


@settings(deadline=None, database=None)
@given(event=EVENTS, offset=st.integers(-1, 2**40))
def test_a_record_is_kept_byte_for_byte(event: Event, offset: int) -> None:
    key, value, headers = encode(event)
    odd = (("x", None), ("y", b"\xff\x00"), *headers)
    record = Record(topic="t", partition=1, offset=offset, key=key, headers=odd, value=value)
    assert Record.from_json(orjson.loads(orjson.dumps(record.as_json()))) == record


@settings(deadline=None, database=None)
@given(
    headers=st.lists(
        st.tuples(st.sampled_from([f"ce_{n}" for n in Event.model_fields]) | WORDS, st.none() | st.binary(max_size=30)),
        max_size=12,
    ),
    value=st.none() | st.binary(max_size=60),
    key=st.none() | st.binary(max_size=10),
)
def test_decoding_never_raises(headers: list[tuple[str, bytes | None]], value: bytes | None, key: bytes | None) -> None:
    record = Record(topic="t", partition=0, offset=0, key=key, headers=tuple(headers), value=value)
    assert isinstance(decode(record), Event | Poison | Unaddressed)
    assert Record.from_json(record.as_json()) == record


def an_event() -> Event:
    return Event.say(
        source="intake",
        type="backline.request.withdrawal_requested",
        subject="r1",
        sequence=4,
        time=datetime(2027, 3, 1, 1, tzinfo=UTC),
        data={"by": "p", "reason": "r"},
        dataschema="urn:backline:backline.request.withdrawal_requested:1",
    )


def with_header(name: str, content: bytes | None) -> Record:
    """The record of an event with one header changed."""
    record = record_of(an_event())
    headers = tuple((key, content if key == name else value) for key, value in record.headers)
    return Record(topic="t", partition=0, offset=0, key=record.key, headers=headers, value=record.value)


def without_header(name: str) -> Record:
    """The record of an event with one header left out."""
    record = record_of(an_event())
    headers = tuple((key, value) for key, value in record.headers if key != name)
    return Record(topic="t", partition=0, offset=0, key=record.key, headers=headers, value=record.value)


def with_value(value: bytes | None) -> Record:
    """The record of an event with another body."""
    record = record_of(an_event())
    return Record(topic="t", partition=0, offset=0, key=record.key, headers=record.headers, value=value)


ADDRESS = ["ce_subject", "ce_source", "ce_sequence", "ce_id"]


@pytest.mark.parametrize("name", ADDRESS)
@pytest.mark.parametrize("content", [None, b"\xff\xfe", b""], ids=["null", "not UTF-8", "empty"])
def test_a_record_whose_address_cannot_be_read_names_no_request(name: str, content: bytes | None) -> None:
    assert isinstance(decode(with_header(name, content)), Unaddressed)


@pytest.mark.parametrize("name", ADDRESS)
def test_a_record_without_its_address_names_no_request(name: str) -> None:
    assert isinstance(decode(without_header(name)), Unaddressed)


@pytest.mark.parametrize("sequence", [b"0", b"-1", b"1.5", b"x", b"9999999999", "٣".encode(), b"+1", b" 1"])
def test_a_sequence_that_is_no_place_names_no_request(sequence: bytes) -> None:
    assert isinstance(decode(with_header("ce_sequence", sequence)), Unaddressed)


@pytest.mark.parametrize("subject", [b"a\0b", b"x" * 201], ids=["NUL", "too long"])
def test_a_subject_no_database_could_hold_names_no_request(subject: bytes) -> None:
    assert isinstance(decode(with_header("ce_subject", subject)), Unaddressed)


def test_an_unknown_source_names_no_request() -> None:
    assert isinstance(decode(with_header("ce_source", b"billing")), Unaddressed)


@pytest.mark.parametrize(
    "value",
    [None, b"", b"{", b"[1]", b"null", b"7", b"\xff", b'{"a": "\\ud800"}', b"[" * 5000, b'{"a":' * 5000],
    ids=[
        "null",
        "empty",
        "broken",
        "a list",
        "JSON null",
        "a number",
        "not UTF-8",
        "a lone surrogate",
        "deep list",
        "deep object",
    ],
)
def test_a_body_that_is_no_object_is_poison_and_names_its_place(value: bytes | None) -> None:
    poison = decode(with_value(value))
    assert isinstance(poison, Poison)
    assert (poison.subject, poison.source, poison.sequence, poison.id) == ("r1", "intake", 4, an_event().id)
    assert poison.problem


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ce_time", b"yesterday"),
        ("ce_time", None),
        ("ce_type", b"\xff"),
        ("ce_dataschema", None),
        ("ce_after", b"{"),
        ("ce_after", b"[]"),
        ("ce_after", b'{"a":"x"}'),
    ],
)
def test_an_attribute_that_cannot_be_read_is_poison(name: str, content: bytes | None) -> None:
    assert isinstance(decode(with_header(name, content)), Poison)


@pytest.mark.parametrize(
    "changed",
    [
        with_value(b'{"by": "q", "reason": "r"}'),
        with_header("ce_sequence", b"5"),
        with_header("ce_subject", b"r2"),
        with_header("ce_id", b"0" * 24),
        with_header("ce_after", b'{"routing":1}'),
        with_header("ce_time", b"2027-03-01T01:00:00.001Z"),
    ],
    ids=["body", "sequence", "subject", "id", "after", "time"],
)
def test_whatever_is_changed_on_the_way_makes_poison_of_the_record(changed: Record) -> None:
    poison = decode(changed)
    assert isinstance(poison, Poison)
    assert "ce_id is not the digest of the event" in poison.problem


def test_the_trace_may_change_on_the_way() -> None:
    traced = record_of(an_event())
    headers = (*traced.headers, ("traceparent", b"00-1-2-01"))
    assert isinstance(decode(Record(topic="t", partition=0, offset=0, key=None, headers=headers, value=traced.value)), Event)


@pytest.mark.parametrize("name", ["ce_businessunit", "ce_correlationid", "ce_causationid", "traceparent", "content-type"])
def test_an_optional_header_may_be_null_or_odd(name: str) -> None:
    for content in (None, b"\xff"):
        decoded = decode(with_header(name, content))
        assert isinstance(decoded, Event)
        assert decoded.data == {"by": "p", "reason": "r"}


def test_unknown_headers_are_ignored() -> None:
    record = record_of(an_event())
    extra: Any = (("ce_partitionkey", b"7"), ("anything", None))
    more = Record(topic="t", partition=0, offset=0, key=None, headers=(*record.headers, *extra), value=record.value)
    assert decode(more) == an_event()


def test_of_a_repeated_header_the_last_counts() -> None:
    record = record_of(an_event())
    more = Record(
        topic="t", partition=0, offset=0, key=None, headers=(("ce_subject", b"other"), *record.headers), value=record.value
    )
    assert decode(more) == an_event()
