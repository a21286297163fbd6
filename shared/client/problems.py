"""Problem details (RFC 9457) as exceptions, by what a program can do about them."""

from typing import Any, TypeVar

from pydantic import ValidationError

from shared.schemas.model import Frozen, Text

M = TypeVar("M", bound=Frozen)


class Fault(Frozen):
    """One thing wrong: where (a JSON pointer into what was sent), a stable code, and a sentence."""

    pointer: str = ""
    code: str = ""
    detail: str = ""


class ApiProblem(Exception):  # noqa: N818  # the answer's own word for it
    """An answer that is a problem. `detail` is in the language that was asked for, `message` in both, `code` is stable."""

    def __init__(self, *, status: int, code: str, detail: str, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.body = body
        self.message = _read(Text, body.get("message")) or Text(zh=detail, en=detail)
        errors = body.get("errors")
        faults = [_read(Fault, fault) for fault in errors] if isinstance(errors, list) else []
        self.errors = tuple(fault for fault in faults if fault is not None)

    @staticmethod
    def of(status: int, body: Any, text: str = "") -> "ApiProblem":
        """The exception for an answer; one that is no problem document goes by its status and how it begins."""
        told: dict[str, Any] = body if isinstance(body, dict) else {}
        code, detail = str(told.get("code", f"http_{status}")), str(told.get("detail") or text[:300] or "nothing")
        kind = KINDS.get(status) or (ServerFault if status >= 500 else WronglyAsked)
        return kind(status=status, code=code, detail=detail, body=told)


class Unauthorised(ApiProblem):
    """401: the token is missing or not valid."""


class Forbidden(ApiProblem):
    """403: it is not for this caller to do."""


class NotFound(ApiProblem):
    """404: it is not there, or not this caller's to see."""


class Conflict(ApiProblem):
    """409: it contradicts what is there, or comes too late."""


class WronglyAsked(ApiProblem):
    """Any other 4xx: correct what was sent; `errors` names the places."""


class Busy(ApiProblem):
    """429 or 503, also after every attempt: the same may be sent again later."""


class ServerFault(ApiProblem):
    """Any other 5xx; `body["instance"]` names what was recorded. Also an answer that no service gives, whatever its status."""


class NotAnswered(Exception):  # noqa: N818  # what did not come
    """No answer after every attempt: whether it was done is not known, and sending it again under its key is safe."""


def _read(model: type[M], given: object) -> M | None:
    """`given` as a service says it; None for what some other program between says instead."""
    try:
        return model.model_validate(given)
    except ValidationError:
        return None


KINDS: dict[int, type[ApiProblem]] = {
    401: Unauthorised,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: Busy,
    503: Busy,
}
