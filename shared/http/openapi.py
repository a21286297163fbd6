"""The OpenAPI document of a service: who must say who they are, and that every error is a problem (RFC 9457)."""

from typing import Any

from fastapi import FastAPI
from fastapi.security import HTTPBearer

from shared.http.problems import MEDIA_TYPE, ProblemDetails
from shared.schemas.model import Json

BEARER = HTTPBearer(
    scheme_name="bearer",
    description="The token of a unit's system, of a person, or of one of Backline's own services.",
    auto_error=False,
)
"""Declares the scheme in the document; the tokens themselves are looked at by the authenticator."""
ERRORS = {
    "401": "No valid token was given",
    "4XX": "The request is refused; `code` says why, `errors` names each field or parameter",
    "5XX": "It cannot be served now; the same may be sent again",
}
TEMPLATE = "#/components/schemas/{model}"


class Documented(FastAPI):
    """FastAPI, whose document says problems where FastAPI's own says HTTPValidationError."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            whole = ProblemDetails.model_json_schema(ref_template=TEMPLATE, mode="serialization")
            schemas |= {**whole.pop("$defs", {}), ProblemDetails.__name__: whole}
            for operations in document["paths"].values():
                for operation in operations.values():
                    _with_problems(operation)
        assert self.openapi_schema is not None, "it was just made"
        return self.openapi_schema


def _with_problems(operation: Json) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    content = {MEDIA_TYPE: {"schema": {"$ref": TEMPLATE.format(model=ProblemDetails.__name__)}}}
    for status, description in ERRORS.items():
        if status != "401" or "security" in operation:
            responses[status] = {"description": description, "content": content}
