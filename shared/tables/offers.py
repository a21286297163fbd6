"""Cells with entries of their own syntax, one a line: evidence (precondition=kind:value), file names, remarks (name：value). Pure."""

import re
from collections.abc import Mapping

from shared.catalogue import Pack
from shared.catalogue.pack import fold
from shared.catalogue.proofs import KINDS
from shared.schemas.model import Json
from shared.tables.cells import parsed, parts

PIECE = re.compile(r"(?P<precondition>[^=＝]+)[=＝](?P<kind>[^:：]+)[:：](?P<value>.+)", re.DOTALL)
REMARK = re.compile(r"(?P<name>[^:：]{1,100})[:：](?P<value>.+)", re.DOTALL)


class NoEvidence(Exception):  # noqa: N818  # it is answered, with the column's name, by who knows it
    """An entry is not of the form precondition=kind:value; the argument is its number."""


def evidence_in(text: str, pack: Pack, body: Json) -> list[object]:
    """The pieces of evidence. Preconditions and kinds go by key or label. Raises NoEvidence, and CellFault for broken JSON.

    An earlier request is named by its reference in the row's own unit and system, or as unit/system/reference.
    """
    if text.lstrip().startswith("["):
        given = parsed(text)
        return given if isinstance(given, list) else [given]
    conditions = {fold(name): key for key, known in pack.preconditions.items() for name in (key, known.zh, known.en)}
    kinds = {fold(name): key for key, label in KINDS.items() for name in (key, label.zh, label.en)}
    found: list[object] = []
    for number, line in enumerate(parts(text, ("\n",)), start=1):
        match = PIECE.fullmatch(line)
        if match is None:
            raise NoEvidence(number)
        precondition, kind, value = (match[name].strip() for name in ("precondition", "kind", "value"))
        key = kinds.get(fold(kind), kind)
        offered = _earlier(value, body) if key == "earlier_request" else value
        found.append({"precondition": conditions.get(fold(precondition), precondition), "kind": key, "value": offered})
    return found


def attachments_in(text: str, files: Mapping[str, Json]) -> list[object]:
    """The attachments by name: as `files` describes them, else their name alone, which the validator will not take."""
    if text.lstrip().startswith("["):
        given = parsed(text)
        return given if isinstance(given, list) else [given]
    return [files.get(name, {"name": name}) for name in parts(text, ("\n",))]


def remarks_in(text: str, header: str) -> list[tuple[str, str]]:
    """(name, value) of each remark; lines without a name go together under the column's own."""
    named: list[tuple[str, str]] = []
    plain: list[str] = []
    for line in parts(text, ("\n",)):
        match = REMARK.fullmatch(line)
        if match and match["name"].strip() and match["value"].strip():
            named.append((match["name"].strip(), match["value"].strip()))
        else:
            plain.append(line)
    return named + ([(header, "\n".join(plain))] if plain else [])


def _earlier(value: str, body: Json) -> Json:
    unit, system, reference = value.split("/", 2) if value.count("/") >= 2 else (None, None, value)
    source = body.get("source")
    own = source.get("system") if isinstance(source, dict) else None
    return {"business_unit": unit or body.get("business_unit"), "system": system or own, "reference": reference}
