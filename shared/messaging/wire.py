"""Events as Kafka records and back: CloudEvents 1.0, Kafka protocol binding, binary mode. Pure.

`decode` never raises: what is no event, or not the one its id stands for, becomes `Poison` (it names its request) or
`Unaddressed` (it does not).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

from shared.schemas.envelope import SOURCES, Event, Source
from shared.schemas.model import Json

Headers = Sequence[tuple[str, bytes | None]]
ATTRIBUTES = {
    name: f"ce_{name}"
    for name in (
        "id",
        "source",
        "type",
        "subject",
        "time",
        "dataschema",
        "sequence",
        "previous",
        "correlationid",
        "causationid",
        "businessunit",
    )
}
"""Attribute → the header that carries it."""
CONTENT_TYPE = ("content-type", b"application/json")
UNREADABLE = "backline-unreadable"
"""The header of a record that no client can decode: says why. Its value is then the bytes on the wire, undecoded."""


@dataclass(kw_only=True, slots=True)
class Record:
    """A Kafka record, byte for byte. One that did not come from Kafka (the feed) has partition and offset -1.

    Nobody changes one; it is not `frozen` because that makes it three times as dear, and one is made of every record.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    read: "Event | Poison | Unaddressed | None" = field(default=None, init=False, repr=False, compare=False)
    """What `decode` found, so that one record is read, and its event's id checked, once."""

    def header(self, name: str) -> str | None:
        """The last header of that name as text; None when absent, null or not UTF-8."""
        return self.texts().get(name)

    def texts(self) -> dict[str, str | None]:
        """Every header as `header` gives it."""
        try:
            return {name: value.decode() for name, value in self.headers if value is not None}
        except UnicodeDecodeError:
            return {name: _utf8(value) for name, value in self.headers if value is not None}

    def as_json(self) -> Json:
        """A form that any store and any answer can hold."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "key": _text(self.key),
            "headers": [[key, _text(value)] for key, value in self.headers],
            "value": _text(self.value),
        }

    @classmethod
    def from_json(cls, stored: Json) -> "Record":
        """The record that `as_json` described."""
        return cls(
            topic=stored["topic"],
            partition=stored["partition"],
            offset=stored["offset"],
            key=_bytes(stored["key"]),
            headers=tuple((key, _bytes(value)) for key, value in stored["headers"]),
            value=_bytes(stored["value"]),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Poison:
    """A record that names request, source and sequence but cannot be read further."""

    subject: str
    source: Source
    sequence: int
    id: str
    problem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unaddressed:
    """A record that does not say which request it is about."""

    problem: str


def encode(event: Event) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of the record that carries `event`."""
    headers = [("ce_specversion", b"1.0"), CONTENT_TYPE, ("ce_id", event.id.encode())]
    headers += [(ATTRIBUTES[name], str(value).encode()) for name, value in event.attributes().items()]
    headers.append(("ce_after", orjson.dumps(event.after)))
    if event.traceparent:
        headers.append(("traceparent", event.traceparent.encode()))
    return event.subject.encode(), orjson.dumps(event.data), headers


def record_of(event: Event, topic: str = "") -> Record:
    """`event` as a record that did not come from Kafka."""
    key, value, headers = encode(event)
    return Record(topic=topic, partition=-1, offset=-1, key=key, headers=tuple(headers), value=value)


def decode(record: Record) -> Event | Poison | Unaddressed:
    """The event in `record`; its id is the digest of what it says, or it is poison."""
    if record.read is None:
        record.read = _decoded(record)
    return record.read


def _decoded(record: Record) -> Event | Poison | Unaddressed:
    headers = record.texts()
    if undecodable := headers.get(UNREADABLE):
        return Unaddressed(problem=f"No client can decode the record: {undecodable[:500]}")
    subject, source, sequence = headers.get("ce_subject"), headers.get("ce_source"), headers.get("ce_sequence")
    identity = headers.get("ce_id")
    placed = sequence is not None and sequence.isascii() and sequence.isdecimal() and len(sequence) <= 9 and int(sequence) > 0
    if not (subject and len(subject) <= 200 and "\0" not in subject and source in SOURCES and placed and identity and sequence):
        return Unaddressed(
            problem="The headers ce_subject, ce_source, ce_sequence and ce_id do not name a place in a request's history."
        )
    try:
        return _event(headers, record.value)
    except (ValidationError, ValueError, TypeError) as error:
        return Poison(
            subject=subject,
            source=source,
            sequence=int(sequence),
            id=identity,
            problem=f"{type(error).__name__}: {str(error)[:500]}",
        )


def _event(headers: Mapping[str, str | None], value: bytes | None) -> Event:
    attributes: dict[str, Any] = {name: headers.get(header) for name, header in ATTRIBUTES.items()}
    attributes["after"] = orjson.loads(headers.get("ce_after") or "{}")
    attributes["traceparent"] = headers.get("traceparent")
    attributes["data"] = orjson.loads(value or b"")
    event = Event.model_validate(attributes)
    if event.id != event.digest():
        raise ValueError("ce_id is not the digest of the event; the record was changed, or its sender computes ids otherwise")
    return event


def _utf8(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)
