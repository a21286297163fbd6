"""Where a natural person is named among the personal values that intake keeps: by the exact value, or within a longer one. Pure."""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

from services.intake.domain.state import Private, Version
from shared.catalogue import Pack, RequestType
from shared.catalogue.privacy import personal_of
from shared.schemas.model import Json

How = Literal["exact", "within"]
EARLY = "early"
"""The place of what came before its submission: of that nobody can say which field it is in."""
DIALLED = frozenset("+-() /.")
LEAST_DIGITS = 6
SHORTEST_WITHIN = 2
"""A single letter is within anything."""


def folded(value: str) -> str:
    """A name, telephone number or address as it is compared: without regard to width, case, and how a number is spaced out."""
    plain = unicodedata.normalize("NFKC", value).strip().casefold()
    digits = "".join(sign for sign in plain if sign not in DIALLED)
    return digits if digits.isdigit() and len(digits) >= LEAST_DIGITS else plain


def named(private: Private, pack: Pack | None, wanted: frozenset[str]) -> dict[str, How]:
    """The personal fields (dotted paths) that name somebody by one of `wanted` (folded), and how; in any wording that is kept."""
    found: dict[str, How] = {}
    for path, text in _texts(private, pack):
        how = compared(text, wanted)
        if how is not None and found.get(path) != "exact":
            found[path] = how
    return found


def named_in(content: object, wanted: frozenset[str]) -> How | None:
    """How a message that came to nothing names them, anywhere in it."""
    found = {compared(text, wanted) for text in leaves(content)}
    return "exact" if "exact" in found else ("within" if "within" in found else None)


def compared(text: str, wanted: frozenset[str]) -> How | None:
    """Whether a text is one of `wanted`, or has one within it."""
    whole = folded(text)
    if whole in wanted:
        return "exact"
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "within" if any(len(one) >= SHORTEST_WITHIN and one in plain for one in wanted) else None


def leaves(value: object) -> Iterator[str]:
    """Every text in a JSON value, keys and numbers included."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from leaves(inner)
        case list() | tuple():
            for inner in value:
                yield from leaves(inner)
        case int() | float() if not isinstance(value, bool):
            yield json.dumps(value)


def _texts(private: Private, pack: Pack | None) -> Iterator[tuple[str, str]]:
    versions = [*((private.current,) if private.current else ()), *private.asking, *(one.version for one in private.pending)]
    for version in versions:
        yield from _of_version(version, pack)
    kind = pack.types.get(private.current.request.type) if private.current and pack else None
    for one in private.early:
        yield from _of_values({EARLY: one.body} if kind is None else _personal(one.body, kind))


def _of_version(version: Version, pack: Pack | None) -> Iterator[tuple[str, str]]:
    kind = pack.types.get(version.request.type) if pack else None
    if kind is None:
        yield from _of_values({"details": version.body.get("details")})
        return
    yield from _of_values(personal_of(version.request.details, kind))
    yield from _of_values(_personal(version.body, kind))


def _personal(body: Json, kind: RequestType) -> Json:
    details = body.get("details")
    return personal_of(details, kind) if isinstance(details, dict) else {}


def _of_values(values: Json) -> Iterable[tuple[str, str]]:
    return ((path, text) for path, value in values.items() for text in leaves(value))
