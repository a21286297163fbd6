"""Every field of every type given every kind of wrong value, from the catalogue; what is right to say of it stands in tables here."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from shared.catalogue import RequestType
from shared.catalogue.pack import Field
from tests.builders import TYPES, a_body, the_pack, with_draft
from tests.hostile.case import Case, expecting

Json = dict[str, Any]
LONG = "长" * 20_001
VALUES: dict[str, Any] = {
    "nothing": None,
    "a blank": " \u3000 ",
    "true": True,
    "7": 7,
    "minus five": -5,
    "two and a half": 2.5,
    "beyond 2^53": 2**53 + 1,
    "a word": "胡写",
    "a list": ["胡", 3],
    "a list of lists": [[[1]]],
    "a record": {"胡": {"写": [1]}},
    "20,001 characters": LONG,
    "2,001 entries": ["胡"] * 2001,
    "digits as text": "7",
    "not a number as text": "NaN",
    "infinity as text": "-Infinity",
    "1e400 as text": "1e400",
    "a day that is none": "2027-02-30",
    "the year zero": "0000-01-01T00:00:00+08:00",
    "a leap second": "2027-03-10T23:59:60+08:00",
    "an offset of 99 hours": "2027-03-10T14:00:00+99:00",
    "a day before its month": "10/03/2027",
    "the last day of all": "9999-12-31",
}
NUMBERS = {"7", "minus five", "two and a half"}
TEXTS = {"a word", "digits as text"} | {name for name in VALUES if name.endswith(" as text")} | set(list(VALUES)[-6:])
ABSENT = {"nothing", "a blank"}
TAKEN: dict[str, set[str]] = {
    "text": NUMBERS | TEXTS,
    "texts": TEXTS | {"a list"},
    "integer": {"7", "minus five", "digits as text"},
    "number": NUMBERS | {"digits as text"},
    "money": {"7", "two and a half", "digits as text"},
    "time": set(),
    "window": set(),
    "choice": set(),
    "choices": set(),
    "lines": set(),
    "record": {"a record"},
}
"""What each type of field takes; all else is returned."""


def cases() -> Iterator[Case]:
    """All of them, sent as lines of batches."""
    for kind in TYPES:
        body, spec = with_draft(a_body(kind)), the_pack().types[kind]
        for path, field, optional in _fields(spec, body["details"]):
            for name, value in VALUES.items():
                yield _case(kind, body, path, field, name, value, optional=optional)


def _fields(kind: RequestType, details: Json) -> Iterator[tuple[str, Field, bool]]:
    """(dotted path, field, whether it may be left out) of every field, and of every field of records and of a first line."""
    for key, field in kind.fields.items():
        yield key, field, not field.required
        inner = details.get(key)
        place = f"{key}.0" if field.type == "lines" else key
        for name, part in field.fields.items() if isinstance(inner, dict | list) else ():
            yield f"{place}.{name}", part, not part.required


def _case(kind: str, body: Json, path: str, field: Field, name: str, value: Any, *, optional: bool) -> Case:
    reference = f"V-{kind}-{path}-{name}"
    wrong = with_value({**body, "source": {"system": "hostile", "reference": reference}}, f"details.{path}", value)
    return Case(
        name=f"{kind}: {path} is {name}",
        group=f"a {field.type} is something else",
        channel="batch",
        payload=json.dumps(wrong, ensure_ascii=False).encode(),
        expect=expecting(*_expected(field, path, name, optional=optional)),
        naming=f"details.{path}",
    )


def _expected(field: Field, path: str, name: str, *, optional: bool) -> tuple[str, ...]:
    if name in ABSENT:
        return ("accepted",) if optional else ("returned",)
    if field.type == "file":
        return ("returned",) if name not in TAKEN["text"] else ("accepted", "returned")
    if field.same_as is not None:
        return ("returned",)
    if field.minimum is not None and name == "minus five":
        return ("returned",)
    if field.type == "record" and any(part.required for part in field.fields.values()):
        return ("returned",)
    return ("accepted",) if name in TAKEN[field.type] else ("returned",)


def with_value(body: Json, path: str, value: Any) -> Json:
    """`body` with `value` at the dotted `path`; a number steps into a list."""
    changed = copy.deepcopy(body)
    *way, last = path.split(".")
    inner: Any = changed
    for step in way:
        inner = inner[int(step)] if isinstance(inner, list) else inner.setdefault(step, {})
    if isinstance(inner, list):
        inner[int(last)] = value
    else:
        inner[last] = value
    return changed


FRAME: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "type": ({"true": True, "7": 7, "a record": {}, "unknown": "tech.hacking", "a long one": "t" * 5000, "a path": "../../etc/passwd"}, "returned"),
    "business_unit": ({"true": True, "7": 7, "a list": ["harbour"], "blank": " ", "201 characters": "u" * 201}, "refused:no_identity"),
    "source": ({"a word": "crm", "a list": [], "nothing": None}, "refused:no_identity"),
    "source.system": ({"7": 7, "blank": "", "201 characters": "s" * 201}, "refused:no_identity"),
    "source.reference": ({"a record": {}, "blank": " ", "201 characters": "r" * 201}, "refused:no_identity"),
    "requester": ({"a word": "A1", "a list": ["A1"], "nothing": None}, "returned"),
    "requester.id": ({"7": 7, "a list": [], "blank": " "}, "returned"),
    "requester.role": ({"true": True, "a record": {}, "blank": ""}, "returned"),
    "opportunity": ({"a word": "O-5", "a list": [1], "7": 7, "without a name": {"id": "O-5"}}, "returned"),
    "opportunity.stage": ({"seven": 7, "zero": 0, "a word": "late", "true": True, "a half": 1.5}, "returned"),
    "opportunity.customer": ({"a word": "C", "a list": [], "without a name": {"id": 3}}, "returned"),
    "needed_by": ({"7": 7, "a word": "soon", "the past": "2020-01-01", "a record": {"a": 1}, "year zero": "0000-01-01", "year 9999": "9999-12-31"}, "returned"),
    "priority": ({"7": 7, "a word": "now!!!", "a list": ["high"], "a record": {"a": 1}}, "returned"),
    "locale": ({"7": 7, "a word": "xx", "a path": "../en", "a list": ["zh"]}, "returned"),
    "details": ({"a word": "none", "a list": [1], "7": 7}, "returned"),
    "evidence": ({"a word": "ja", "7": 7, "a record": {"a": 1}, "strings": ["x"], "2,001": [{}] * 2001}, "returned"),
    "attachments": ({"a word": "a.docx", "7": 7, "strings": ["x"], "a path": [{"name": "../../etc/passwd"}]}, "returned"),
    "extra": ({"a word": "text", "a list": [1, 2], "7": 7}, "accepted"),
}  # fmt: skip
"""Fields of the frame: wrong values, and what is right to say of all of them."""


def frame_cases() -> Iterator[Case]:
    """Every field of the frame, each with values that it cannot be, over HTTP."""
    for path, (values, outcome) in FRAME.items():
        for name, value in values.items():
            body = a_body("tech.survey", source={"system": "hostile", "reference": f"F-{path}-{name}"})
            rejected = ("rejected",) if path.startswith("requester") else ()
            yield Case(
                name=f"{path} is {name}",
                group="a field of the frame is something else",
                channel="http",
                payload=json.dumps(with_value(body, path, value), ensure_ascii=False).encode(),
                expect=expecting(outcome, *rejected),
                naming=path if outcome == "returned" else "",
            )
