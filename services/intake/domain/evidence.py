"""Which earlier requests somebody may prove anything with: those they may see. Pure."""

from collections.abc import Mapping

from shared.catalogue import EarlierRequest
from shared.schemas.model import Json
from shared.schemas.requests import Evidence, Request

Reference = tuple[str, str, str]
Earlier = Mapping[Reference, EarlierRequest]


def seen_by(data: Json, earlier: Earlier) -> Earlier:
    """Those of `earlier` that whoever tells `data` may see: of their unit, filed by it, asked for by themselves; our services all."""
    kind, _, identity = str(data["by"]).partition(":")
    if kind == "service":
        return earlier
    unit = data["filed_by"]

    def may(reference: Reference, known: EarlierRequest) -> bool:
        own = bool(unit) and unit in {reference[0], known.filed_by}
        return own or (kind == "person" and identity == known.requester)

    return {reference: known for reference, known in earlier.items() if may(reference, known)}


def without_unseen(request: Request, data: Json, earlier: Earlier) -> Request:
    """`request` without the evidence that names another unit's request which whoever tells may not see.

    Others act on evidence: a proposal takes in the survey it names.
    """
    if str(data["by"]).startswith("service:") or not any(_foreign(piece, data) for piece in request.evidence):
        return request
    seen = seen_by(data, earlier)
    kept = tuple(piece for piece in request.evidence if not _foreign(piece, data) or _reference(piece) in seen)
    return request.model_copy(update={"evidence": kept})


def _foreign(piece: Evidence, data: Json) -> bool:
    reference = _reference(piece)
    return reference is not None and reference[0] != data["filed_by"]


def _reference(piece: Evidence) -> Reference | None:
    match piece:
        case Evidence(
            kind="earlier_request", value={"business_unit": str() as unit, "system": str() as system, "reference": str() as one}
        ):
            return unit, system, one
        case _:
            return None
