"""Everything one document is made from, personal values included: it exists only while the document is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.catalogue import Pack, RequestType
from shared.schemas.model import Json
from shared.schemas.requests import Request


@dataclass(frozen=True, kw_only=True)
class Material:
    """`survey` is {request, result, note, details}; `signatories` are who gives an opinion on a review.

    `sections` are a packet's own, put after all others.
    """

    identity: str
    request: Request
    kind: RequestType
    pack: Pack
    names: Mapping[str, str]
    unit: str
    coordinator: str | None
    supporters: tuple[str, ...]
    signatories: tuple[str, ...]
    result: Json | None
    note: str
    survey: Json | None
    version: int
    at: str
    sections: tuple[Json, ...] = ()
