"""Requests that a field of the form names, such as the price request of a contract: what of that can never be. Pure.

A request that is not known may still come: channels keep no order among them.
"""

from collections.abc import Iterator, Mapping

from shared.catalogue.frame import tidy
from shared.catalogue.pack import Field, RequestType
from shared.catalogue.proofs import EarlierRequest, Reference
from shared.catalogue.shapes import Shaping
from shared.catalogue.storable import storable
from shared.schemas.model import Json
from shared.schemas.requests import request_id

PARTS = ("business_unit", "system", "reference")


def names_in(body: Mapping[str, object]) -> set[Reference]:
    """What the details of `body` name, whatever its type: every record with a unit, a system and a reference."""
    details = body.get("details")
    return {found for value in details.values() if (found := _reference(value))} if isinstance(details, dict) else set()


def check_names(shaping: Shaping, frame: Json, kind: RequestType, earlier: Mapping[Reference, EarlierRequest]) -> None:
    """A request names neither itself, nor another unit's, nor one that is known to be of another type."""
    for key, spec, named in _named(frame["details"], kind):
        path = f"details.{key}"
        own = _own(frame)
        if own is not None and request_id(*named) == request_id(*own):
            zh, en = (
                f"“{spec.zh}”写的是本申请自己；请改为所关联的申请。",
                f"“{spec.en}” names this very request; name the other one.",
            )
            shaping.wrong(path, "names_itself", zh, en)
        elif tidy(named[0]) != tidy(str(frame.get("business_unit") or "")):
            zh, en = (
                f"本经营单位没有“{spec.zh}”所写的申请；请核对经营单位和单号。",
                f"Your unit has no request such as “{spec.en}” names; check its unit and reference.",
            )
            shaping.wrong(f"{path}.business_unit", "names_unknown", zh, en)
        elif (known := earlier.get(named)) is not None and known.type != spec.request_of:
            zh, en = (
                f"“{spec.zh}”所写的申请不是这一类；请核对单号。",
                f"“{spec.en}” names a request of another type; check the reference.",
            )
            shaping.wrong(path, "names_another_type", zh, en)


def _named(details: object, kind: RequestType) -> Iterator[tuple[str, Field, Reference]]:
    for key, spec in kind.fields.items():
        found = _reference(details.get(key)) if spec.request_of and isinstance(details, dict) else None
        if found is not None:
            yield key, spec, found


def _reference(value: object) -> Reference | None:
    if not isinstance(value, dict) or not {*PARTS} <= set(value):
        return None
    unit, system, reference = (value[name] for name in PARTS)
    if isinstance(unit, str) and isinstance(system, str) and isinstance(reference, str) and storable(unit + system + reference):
        return unit, system, reference
    return None


def _own(frame: Json) -> Reference | None:
    source = frame.get("source")
    return _reference({"business_unit": frame.get("business_unit"), **source}) if isinstance(source, dict) else None
