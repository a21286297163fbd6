"""The catalogue as units' systems read it: the types, and each type's form as JSON Schema."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends

from shared.catalogue import Pack, form_schema
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import PolicyPin

A_SCHEMA: dict[int | str, Json] = {
    200: {"content": {"application/json": {"schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}}}
}


class TypeLine(Frozen):
    """A request type and its names."""

    type: str
    zh: str
    en: str


class Catalogue(Frozen):
    """The types of the policy in force."""

    policy: PolicyPin
    types: tuple[TypeLine, ...]


def catalogue_routes(pack: Pack, principal: Callable[..., Any]) -> APIRouter:
    """GET /v1/catalogue and /v1/catalogue/{type}."""
    router = APIRouter(prefix="/v1", tags=["catalogue"], dependencies=[Depends(principal)])

    @router.get("/catalogue", summary="All request types of the policy in force")
    async def types() -> Catalogue:
        rows = tuple(TypeLine(type=key, zh=kind.label.zh, en=kind.label.en) for key, kind in pack.types.items())
        return Catalogue(policy=pack.pin, types=rows)

    @router.get("/catalogue/{type_key}", summary="One type's form as JSON Schema (2020-12)", responses=A_SCHEMA)
    async def one(type_key: str) -> Json:
        if type_key not in pack.types:
            choices = ", ".join(pack.types)
            text = Text(zh=f"没有类型 {type_key}；可选：{choices}。", en=f"There is no type {type_key}; choose one of {choices}.")
            raise Refused(Refusal(code="unknown_type", status=404, message=text))
        return form_schema(pack.types[type_key])

    return router
