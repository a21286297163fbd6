"""Every HTTP error is an RFC 9457 problem, in the language the caller asked for; internals never leave the process.

Invariant: what is answered holds a stable `code`, one sentence in the caller's language (`detail`) and both (`message`).
"""

import json
from collections.abc import Mapping, Sequence
from http.client import responses
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Scope

from shared.ledger.messages import Refusal
from shared.schemas.model import Frozen, Json, Text

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:backline:problem:"


class Fault(Frozen):
    """One thing wrong: where (a JSON pointer), a stable code, and a sentence that names problem and remedy."""

    pointer: str
    code: str
    detail: str


class ProblemDetails(Frozen):
    """Why a request was not served (RFC 9457). `detail` is in the caller's language, `message` in both.

    `instance` names what was recorded of an error on our side; some problems say more in members of their own.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    message: Text
    errors: tuple[Fault, ...] = ()
    instance: str | None = None


class Refused(Exception):  # noqa: N818  # it is an answer, not a fault
    """Answer with this refusal as problem details; `errors` are {pointer, code, detail} objects, `extra` members of their own."""

    def __init__(
        self,
        refusal: Refusal,
        errors: Sequence[Json] = (),
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra or {}


class ProblemResponse(JSONResponse):
    """Problem details. A lone surrogate in a text becomes its JSON escape rather than an encoding error."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """The body in UTF-8."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def language(accepted: str) -> str:
    """zh or en, whichever an Accept-Language header weighs higher; zh, the policy's language, when it weighs neither."""
    weights = {"zh": 0.0, "en": 0.0}
    for choice in accepted.lower().split(",")[:20]:
        tag, _, parameter = choice.strip().partition(";")
        name = tag.strip().partition("-")[0]
        if name in weights:
            weights[name] = max(weights[name], _weight(parameter))
    return "en" if weights["en"] > weights["zh"] else "zh"


def problem_response(
    status: int,
    code: str,
    text: Text,
    errors: Sequence[Json] = (),
    extra: Mapping[str, Any] | None = None,
    *,
    locale: str = "zh",
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The problem document (RFC 9457). `detail` is in `locale`; `extra` adds members of its own."""
    body: Json = {"type": TYPE + code, "title": responses.get(status, "Error"), "status": status, "code": code}
    body |= {"detail": text.by_locale(locale), "message": text.model_dump(), **(extra or {})}
    if errors:
        body["errors"] = list(errors)
    return ProblemResponse(
        body, status_code=status, headers={"Content-Language": locale, **_customary(status), **(headers or {})}
    )


def problem(scope: Scope, status: int, code: str, text: Text, errors: Sequence[Json] = (), **extra: Any) -> ProblemResponse:
    """As `problem_response`, in the language of the request that `scope` describes."""
    locale = language(Headers(scope=scope).get("accept-language", ""))
    return problem_response(status, code, text, errors, extra, locale=locale)


def _customary(status: int) -> dict[str, str]:
    """Headers that RFC 9110 wants or recommends with a status."""
    return {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status, {})


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
