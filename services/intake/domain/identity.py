"""Which request a body is about: its unit, system and reference, as far as they can be one's identity. Pure."""

from shared.catalogue.frame import tidy
from shared.catalogue.storable import storable
from shared.schemas.model import Json
from shared.schemas.requests import request_id

RESERVED = "backline."


def identity(body: Json) -> str | None:
    """The request id that `body` names, or None."""
    source = body.get("source")
    parts = (
        (body.get("business_unit"), *(source.get(key) for key in ("system", "reference")))
        if isinstance(source, dict)
        else (None,)
    )
    if all(isinstance(part, str) and 0 < len(part.strip()) <= 200 and storable(part) for part in parts):
        return request_id(*(str(part) for part in parts))
    return None


def reserved(body: Json) -> bool:
    """Whether `body` names a source system that is one of ours, such as that of the parts of a bid; blanks and case do not matter."""
    source = body.get("source")
    system = tidy(source.get("system")) if isinstance(source, dict) else None
    return isinstance(system, str) and system.casefold().startswith(RESERVED)
