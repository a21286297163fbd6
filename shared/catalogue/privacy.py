"""Splits a request into what may travel and what stays: personal values become pointers, and back. Pure.

Invariant: a value that the pack marks personal, at whatever depth, is in `personal` and not in `public`, misshapen or not.
"""

from collections.abc import Mapping

from shared.catalogue.pack import Field, RequestType
from shared.schemas.model import Json
from shared.schemas.requests import Request

POINTER = "$personal"
LONGEST_PLACE = 4
"""Digits of a line's number; more of them may be somebody's telephone."""


def public(request: Request, kind: RequestType) -> Request:
    """`request` with every personal value replaced by {"$personal": its dotted path}."""
    details, kept = _split(request.details, kind.fields, "details")
    return request.model_copy(update={"details": details}) if kept else request


def personal(request: Request, kind: RequestType) -> Json:
    """Dotted path → value of every personal field that is given."""
    return personal_of(request.details, kind)


def personal_of(details: Json, kind: RequestType) -> Json:
    """As `personal`, of details as they were sent."""
    _, kept = _split(details, kind.fields, "details")
    return dict(sorted(kept.items()))


def restore(request: Request, values: Json) -> Request:
    """`request` with its pointers replaced by `values`; one without a value (erased) becomes None."""
    return request.model_copy(update={"details": {key: _filled(value, values) for key, value in request.details.items()}})


def without_personal(details: Json, kind: RequestType) -> Json:
    """`details` with None for every personal value, as `restore` gives one that was erased."""
    said, _ = _split(details, kind.fields, "details")
    return {key: _filled(value, {}) for key, value in said.items()}


def sayable(path: str, kind: RequestType | None) -> str:
    """A dotted path as far as it may be said: names inside a personal value are values too, and those of a misshapen one."""
    head, *parts = path.split(".")
    if head != "details":
        return path
    said, fields, lines = [head], kind.fields if kind else {}, False
    for depth, part in enumerate(parts):
        spec = fields.get(part)
        if spec is None and depth == 0:
            return path if kind else f"{head}.{part}"
        if spec is None and not (lines and part.isdigit() and len(part) <= LONGEST_PLACE):
            break
        said.append(part)
        lines = spec is not None and spec.type == "lines"
        if spec is None:
            continue
        if spec.personal:
            break
        if not spec.holds_personal:
            return path
        fields = spec.fields
    return ".".join(said)


def _split(record: Mapping[str, object], fields: Mapping[str, Field], path: str) -> tuple[Json, Json]:
    """The public side of a record, and what was taken out of it."""
    said: Json = dict(record)
    kept: Json = {}
    for key, spec in fields.items():
        if key in record and spec.holds_personal:
            said[key], taken = _part(record[key], spec, f"{path}.{key}")
            kept |= taken
    return said, kept


def _part(value: object, spec: Field, path: str) -> tuple[object, Json]:
    if spec.personal:
        return {POINTER: path}, {path: value}
    if spec.type == "record" and isinstance(value, dict):
        return _split(value, spec.fields, path)
    if spec.type == "lines" and isinstance(value, list) and all(isinstance(line, dict) for line in value):
        lines = [_split(line, spec.fields, f"{path}.{place}") for place, line in enumerate(value)]
        return [said for said, _ in lines], {key: inner for _, kept in lines for key, inner in kept.items()}
    return {POINTER: path}, {path: value}  # misshapen: nobody can tell which part of it is personal


def _filled(value: object, values: Json) -> object:
    match value:
        case {"$personal": str() as path, **rest} if not rest:
            return values.get(path)
        case dict():
            return {key: _filled(inner, values) for key, inner in value.items()}
        case list():
            return [_filled(inner, values) for inner in value]
        case _:
            return value
