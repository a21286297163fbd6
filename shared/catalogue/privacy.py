"""Splits a request into what may travel and what stays: personal values become pointers, and back. Pure."""

from shared.catalogue.pack import RequestType
from shared.schemas.model import Json
from shared.schemas.requests import Request

POINTER = "$personal"


def public(request: Request, kind: RequestType) -> Request:
    """`request` with every personal value replaced by {"$personal": its dotted path}."""
    names = _personal_fields(kind) & request.details.keys()
    if not names:
        return request
    details = {key: {POINTER: f"details.{key}"} if key in names else value for key, value in request.details.items()}
    return request.model_copy(update={"details": details})


def personal(request: Request, kind: RequestType) -> Json:
    """Dotted path → value of every personal field that is given."""
    return {f"details.{key}": request.details[key] for key in sorted(_personal_fields(kind) & request.details.keys())}


def restore(request: Request, values: Json) -> Request:
    """`request` with its pointers replaced by `values`; one without a value (erased) becomes None."""
    details = {key: values.get(value[POINTER]) if _is_pointer(value) else value for key, value in request.details.items()}
    return request.model_copy(update={"details": details})


def _personal_fields(kind: RequestType) -> set[str]:
    return {key for key, spec in kind.fields.items() if spec.personal}


def _is_pointer(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {POINTER}
