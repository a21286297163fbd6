"""Bodies that are no JSON, or JSON that nobody should write; identities that look alike; each over HTTP and over the topic."""

import json
from collections.abc import Iterator
from typing import Any

from tests.builders import a_body
from tests.hostile.case import Case, Channel, expecting

Json = dict[str, Any]
GOOD = a_body("tools.company")


def plain(reference: str, **changes: Any) -> Json:
    """A request for material."""
    return a_body("tools.company", source={"system": "hostile", "reference": reference}, **changes)


def _text(reference: str, **changes: Any) -> str:
    return json.dumps(plain(reference, **changes), ensure_ascii=False)


def _with(reference: str, raw: str) -> bytes:
    """A good request whose `extra` is `raw`."""
    return _text(reference).replace(json.dumps(GOOD["extra"], ensure_ascii=False), raw).encode("utf-8", "surrogatepass")


def bodies() -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """(name, bytes, right outcomes)."""
    nothing = ("refused:not_json",)
    yield "an empty body", b"", nothing
    yield "blanks", b"  \n ", nothing
    yield "half an object", b'{"type": "tools.company"', nothing
    yield "text behind the object", _text("J-behind").encode() + b" x", nothing
    yield "two objects", b"{} {}", nothing
    yield "a list", b"[]", ("refused:not_an_object",)
    yield "a number", b"7", ("refused:not_an_object",)
    yield "null", b"null", ("refused:not_an_object",)
    yield "a text", b'"x"', ("refused:not_an_object",)
    yield "an empty object", b"{}", ("refused:no_identity",)
    yield "single quotes", b"{'a': 1}", nothing
    yield "a comma too many", b'{"a": 1,}', nothing
    yield "a comment", b'{/* x */ "a": 1}', nothing
    yield "YAML", b"type: tools.company\n", nothing
    yield "XML", b"<?xml version='1.0'?><request/>", nothing
    yield "a form", b"type=tools.company&x=1", nothing
    for depth in (65, 1_000, 60_000):
        yield f"{depth} levels of lists", _with(f"J-l{depth}", "[" * depth + "]" * depth), ("refused:too_deep",)
    yield "1,000 levels of objects", _with("J-o", '{"a":' * 1_000 + "1" + "}" * 1_000), ("refused:too_deep",)
    yield "20,000 brackets open", b"[" * 20_000, ("refused:too_deep",)
    yield "60 levels", _with("J-60", '{"a":' + "[" * 58 + "]" * 58 + "}"), ("accepted", "returned")
    yield from _keys_and_numbers()


def _keys_and_numbers() -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """Keys said twice; numbers that are none, and the largest that are."""
    for where, raw in {
        "the top": '{"type":1,"type":2}',
        "details": '{"details":{"a":1,"a":2}}',
        "escaped": '{"a":1,"\\u0061":2}',
    }.items():
        yield f"a key twice at {where}", raw.encode(), ("refused:duplicate_key",)
    for name in ("NaN", "Infinity", "-Infinity"):
        yield f"the number {name}", _with(f"J-{name}", f'{{"a": {name}}}'), ("refused:not_a_number",)
    for digits in ("1e400", "-1e400", "1" + "0" * 5000, "9223372036854775808", "-9223372036854775809", "1" * 100_000):
        yield (
            f"the number {digits[:12]}… of {len(digits)}",
            _with(f"J-{digits[:9]}", f'{{"a": {digits}}}'),
            ("refused:not_a_number",),
        )
    for digits in ("9223372036854775807", "-9223372036854775808", "1e-400", "-0", "0.1e1"):
        yield f"the number {digits}", _with(f"J-{digits}", f'{{"a": {digits}}}'), ("accepted",)
    yield from _encodings()


def _encodings() -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """Bytes in other encodings, and texts that cannot be kept."""
    for name in ("gbk", "gb18030", "big5", "shift_jis"):
        yield f"{name} as UTF-8", _text(f"J-{name}", extra={"a": "客"}).encode(name), ("refused:not_utf8",)
    yield "UTF-16", _text("J-16").encode("utf-16"), ("refused:not_utf8",)
    yield "UTF-16 without a mark", json.dumps(plain("J-16le")).encode("utf-16-le"), ("refused:not_json",)
    yield "UTF-32", json.dumps(plain("J-32")).encode("utf-32"), ("refused:not_utf8", "refused:not_json")
    yield "UTF-7", json.dumps(plain("J-7", extra={"a": "+ADw-script+AD4-"})).encode(), ("accepted",)
    yield "a byte order mark", b"\xef\xbb\xbf" + _text("J-bom").encode(), ("accepted",)
    nothing = ("refused:not_json",)
    yield "two byte order marks", b"\xef\xbb\xbf" * 2 + _text("J-bom2").encode(), nothing
    yield "an overlong slash", b'{"a": "\xc0\xaf"}', ("refused:not_utf8",)
    yield "half a pair in bytes", _with("J-cesu", '{"a": "\ud800"}'), ("refused:not_utf8",)
    yield "half a pair escaped", _with("J-half", '{"a": "\\ud800"}'), ("refused:not_a_text",)
    yield "half a pair as a key", _with("J-halfkey", '{"\\udfff": 1}'), ("refused:not_a_text",)
    yield "a NUL escaped", _with("J-nul", '{"a": "\\u0000"}'), ("returned",)
    yield "a NUL in bytes", _text("J-nulb").encode().replace(b"normal", b"nor\0mal").replace(b"high", b"hi\0gh"), nothing
    yield "a tab in a text", b'{"a": "\t"}', nothing
    yield from _names_and_sizes()


def _names_and_sizes() -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """Names of fields that cannot be kept, and a great deal of everything."""
    for key in ("$set", "a.b", "", " ", "k" * 201, "$where"):
        yield f"the key {key[:12]!r}", _with(f"J-key-{key[:9]}", f'{{"{key}": 1}}'), ("returned",)
    yield (
        "a key with a NUL",
        _with("J-key-nul", '{"a\\u0000b": 1}'),
        ("refused:unprocessable",),
    )  # no store could keep even the return
    for key in ("__proto__", "constructor", "_id", "__class__", "toString", "\U00020000", "\u202e"):
        yield f"the key {key}", _with(f"J-key-{key}", f'{{"{key}": {{"a": 1}}}}'), ("accepted",)
    yield "2 MB in one field", _with("J-2mb", json.dumps({"a": "x" * 2_000_000})), ("refused:too_large",)
    yield "300 KB of Chinese", _with("J-300kb", json.dumps({"a": "客" * 100_000}, ensure_ascii=False)), ("refused:too_large",)
    yield "100,000 entries", _with("J-100k", json.dumps([1] * 100_000)), ("refused:too_large",)
    yield "60,000 entries", _with("J-60k", json.dumps({"a": [1] * 60_000})), ("accepted",)
    yield "20,000 keys", _with("J-20k", json.dumps({f"k{n}": 1 for n in range(18_000)})), ("accepted",)
    yield "10,000 empty records", _with("J-10k", json.dumps({"a": [{}] * 10_000})), ("accepted",)


def _named(unit: Any, system: Any, reference: Any) -> Json:
    return a_body("tools.company", business_unit=unit, source={"system": system, "reference": reference})


def identities() -> Iterator[tuple[str, Json, tuple[str, ...]]]:
    """(name, body, right outcomes): who looks like another is another; who is written otherwise is the same."""
    yield "the first", _named("harbour", "crm", "X-1"), ("accepted",)
    yield "blanks around", _named(" harbour ", "\tcrm\n", "\u3000X-1 "), ("duplicate",)
    yield "another case", _named("harbour", "CRM", "x-1"), ("accepted",)
    yield "decomposed, the first", _named("harbour", "crm", "Cafe\u0301-1"), ("accepted",)
    yield "composed, the same", _named("harbour", "crm", "Café-1"), ("duplicate",)
    yield "full-width digits", _named("harbour", "crm", "X-１"), ("accepted",)
    yield "a Cyrillic letter", _named("harbour", "crm", "Х-1"), ("accepted",)
    yield "a zero-width space", _named("harbour", "crm", "X-1\u200b"), ("accepted",)
    yield "parts cut otherwise", _named("harbour", "crm|X", "1"), ("accepted",)
    yield "parts cut otherwise again", _named("harbour", "crm", "X|1"), ("accepted",)
    yield "a quote and a comma", _named("harbour", 'crm","X-1', "]"), ("accepted",)
    yield from _longer()


def _longer() -> Iterator[tuple[str, Json, tuple[str, ...]]]:
    """Parts that are code, long, or another's; requesters who look like another."""
    yield "a slash and dots", _named("harbour", "../../crm", "..%2f..%2fX-1"), ("accepted",)
    yield "a command", _named("harbour", "crm", "$(id);rm -rf /"), ("accepted",)
    yield "a line break inside", _named("harbour", "crm", "X\r\nBcc: v@evil.example"), ("accepted", "returned")
    yield "200 characters", _named("harbour", "s" * 200, "r" * 200), ("accepted", "duplicate")  # cut to 200 on every channel
    yield "201 characters", _named("harbour", "crm", "r" * 201), ("refused:no_identity",)
    yield "200 rare characters", _named("harbour", "crm", "𠀀" * 200), ("accepted",)
    yield "a NUL", _named("harbour", "crm", "X\0"), ("refused:no_identity",)
    yield "the unit in capitals", _named("HARBOUR", "crm", "X-1"), ("refused:not_your_unit",)
    yield "the unit's name", _named("港湾事业部", "crm", "X-1"), ("refused:not_your_unit",)
    yield "a unit that is none", _named("nowhere", "crm", "X-1"), ("refused:not_your_unit",)
    yield "a unit that looks alike", _named("hаrbour", "crm", "X-1"), ("refused:not_your_unit",)
    yield "a number for a reference", _named("harbour", "crm", 1), ("refused:no_identity",)
    yield "a list for a reference", _named("harbour", "crm", ["X-1"]), ("refused:no_identity",)
    yield (
        "a requester in small letters",
        a_body("tools.company", requester={"id": "a1", "role": "account_manager"}, source={"system": "crm", "reference": "X-2"}),
        ("rejected",),
    )
    yield (
        "a requester who left",
        a_body(
            "tools.company", requester={"id": "GONE", "role": "account_manager"}, source={"system": "crm", "reference": "X-3"}
        ),
        ("rejected",),
    )
    yield (
        "a post not held",
        a_body("tools.company", requester={"id": "A1", "role": "company_leader"}, source={"system": "crm", "reference": "X-4"}),
        ("rejected",),
    )
    yield (
        "a requester with a star",
        a_body("tools.company", requester={"id": "*", "role": "account_manager"}, source={"system": "crm", "reference": "X-5"}),
        ("rejected",),
    )


def cases(channel: Channel) -> Iterator[Case]:
    """All of them on `channel`."""
    told_apart = f"-{channel}" if channel != "http" else ""
    for name, raw, right in bodies():
        marked = raw.replace(b'"hostile"', f'"hostile{told_apart}"'.encode())
        yield _case(channel, "JSON that nobody should write", name, marked, _on(channel, right))
    for name, body, right in identities():
        source, sent = body["source"], body
        if isinstance(source["system"], str) and told_apart:
            sent = {**body, "source": {**source, "system": (source["system"].strip() + told_apart)[:200]}}
        yield _case(channel, "identities that look alike", name, json.dumps(sent).encode(), _on(channel, right))


def _case(channel: Channel, group: str, name: str, raw: bytes, right: tuple[str, ...]) -> Case:
    return Case(name=name, group=group, channel=channel, payload=raw, expect=expecting(*right))


KEPT = {"refused:not_yours", "refused:unprocessable"}
"""What is said of a request that has an identity: the record is answered, and is no dead letter."""


def _on(channel: Channel, right: tuple[str, ...]) -> tuple[str, ...]:
    """A record that is no request is kept as a dead letter."""
    if channel != "topic":
        return right
    both = {"refused:not_an_object": "aside:no_identity", "refused:not_your_unit": "returned"}  # whoever writes the common topic
    return tuple(both.get(one, one.replace("refused:", "aside:") if one not in KEPT else one) for one in right)


def headers() -> Iterator[Case]:
    """Headers of HTTP that are not what they should be."""
    good = json.dumps(plain("H-1")).encode()
    odd = {
        "no token": ({"Authorization": ""}, "refused:unauthorised"),
        "a token that is none": ({"Authorization": "Bearer nobody"}, "refused:unauthorised"),
        "another scheme": ({"Authorization": "Basic dW5pdDp4"}, "refused:unauthorised"),
        "a token of 60 KB": ({"Authorization": "Bearer " + "x" * 60_000}, "refused:headers_too_large"),
        "a unit with a blank": ({"Authorization": "Bearer dev-unit-"}, "refused:unauthorised"),
        "a key of 201 characters": ({"Idempotency-Key": "k" * 201}, "refused:bad_idempotency_key"),
        "an empty key": ({"Idempotency-Key": ""}, "refused:bad_idempotency_key"),
        "a language that is none": ({"Accept-Language": "\\u0000;q=9,*;q=0,zh-\u00e4"}, "accepted"),
        "a language of 20 KB": ({"Accept-Language": "en;q=0.1," * 2_000}, "duplicate"),
        "another media type": ({"Content-Type": "text/plain; charset=utf-7"}, "duplicate"),
        "an odd trace": ({"traceparent": "00-zz-zz-zz", "tracestate": "a=b,,,"}, "duplicate"),
        "a method to override": ({"X-HTTP-Method-Override": "DELETE"}, "duplicate"),
        "a host of somebody else": ({"X-Forwarded-Host": "evil.example", "X-Original-URL": "/internal/replay"}, "duplicate"),
    }  # fmt: skip
    for name, (given, outcome) in odd.items():
        raw = {key: value.encode("latin-1") for key, value in given.items()}
        yield Case(
            name=name, group="headers of HTTP", channel="http", payload=good, expect=expecting(outcome), more={"headers": raw}
        )
