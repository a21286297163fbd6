"""Records on the inbound topic that no unit's system writes: keys, headers and values of every wrong kind."""

import json
from collections.abc import Iterator
from typing import Any

from tests.builders import a_body
from tests.hostile.case import Case, expecting

Header = tuple[str, bytes | None]


def _good(reference: str) -> bytes:
    return json.dumps(a_body("tools.company", source={"system": "hostile-topic", "reference": reference})).encode()


def cases() -> Iterator[Case]:
    """All of them."""
    keys: dict[str, bytes | None] = {
        "no key": None,
        "an empty key": b"",
        "a key that is no text": b"\xff\xfe\0",
        "another unit's key": b"islands|crm|X",
        "a key of 100 KB": b"k" * 100_000,
    }
    for name, key in keys.items():
        yield _case(name, _good(f"K-{name}"), ("accepted",), key=key)
    headers: dict[str, tuple[list[Header], str]] = {
        "an action that is none": ([("action", b"delete")], "aside:unknown_action"),
        "an action in capitals": ([("action", b"SUBMIT")], "aside:unknown_action"),
        "an action that is no text": ([("action", b"\xff\xfe")], "accepted"),
        "an action that is null": ([("action", None)], "accepted"),
        "an action of 10 KB": ([("action", b"a" * 10_000)], "aside:unknown_action"),
        "an action with a line break": ([("action", b"submit\r\nx: y")], "aside:unknown_action"),
        "two actions": ([("action", b"withdraw"), ("action", b"submit")], "accepted"),
        "a key to repeat that is no text": ([("idempotency-key", b"\xff")], "accepted"),
        "a key to repeat of 50 KB": ([("idempotency-key", b"i" * 50_000)], "refused:bad_idempotency_key"),
        "a key to repeat with a NUL": ([("idempotency-key", b"a\0b")], "refused:bad_idempotency_key"),
        "1,000 headers": ([(f"h{n}", b"v") for n in range(1_000)], "accepted"),
        "a header without a name": ([("", b"v")], "accepted"),
        "the headers of an event": ([("ce_subject", b"x"), ("ce_source", b"intake"), ("ce_sequence", b"1"), ("ce_id", b"x")], "accepted"),
        "a mark that it cannot be decoded": ([("backline-unreadable", b"x")], "accepted"),
        "somebody's token": ([("authorization", b"Bearer local-service-token")], "accepted"),
    }  # fmt: skip
    for name, (given, outcome) in headers.items():
        yield _case(name, _good(f"H-{name}"), (outcome,), headers=given)
    yield from _values()


def _values() -> Iterator[Case]:
    """Values that are no request."""
    values: dict[str, tuple[bytes | None, str]] = {
        "a null value": (None, "aside:not_json"),
        "an empty value": (b"", "aside:not_json"),
        "1.9 MB of blanks": (b" " * 1_900_000, "aside:too_large"),
        "300 KB": (_good("V-300").replace(b'"high"', b'"' + b"x" * 300_000 + b'"'), "aside:too_large"),
        "compressed bytes": (b"\x1f\x8b\x08" + bytes(range(256)) * 4, "aside:not_utf8"),
        "Avro with a schema's number": (b"\0\0\0\0\x07\x02abc", "aside:not_json"),
        "an event of ours": (json.dumps({"request": {}, "verdict": {}}).encode(), "aside:no_identity"),
        "a withdrawal of nothing without a reason": (_good("V-none"), "refused:reason_missing"),
        "an amendment of nothing": (_good("V-none2"), "held"),
    }
    actions = {"a withdrawal of nothing without a reason": b"withdraw", "an amendment of nothing": b"amend"}
    for name, (value, outcome) in values.items():
        given = [("action", actions[name])] if name in actions else []
        yield _case(name, value, (outcome,), headers=given)


def _case(
    name: str, value: bytes | None, right: tuple[str, ...], *, key: bytes | None = b"k", headers: list[Header] | None = None
) -> Case:
    more: dict[str, Any] = {"key": key, "headers": headers or [], "null": value is None}
    return Case(name=name, group="records", channel="topic", payload=value or b"", expect=expecting(*right), more=more)
