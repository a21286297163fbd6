"""Query parameters that an address does not take are refused by name, so that a misspelt filter never shows everything.

One given several times is refused too, unless it is a list: which of its values was meant, nobody can tell.
"""

from collections import Counter

from fastapi import Request

from shared.http.problems import Refused, language
from shared.http.validation import INVALID, fault
from shared.ledger.messages import Refusal
from shared.schemas.model import Json

SHOWN = 40
REFUSED = Refusal(code="invalid_parameters", status=422, message=INVALID)


async def known_parameters(request: Request) -> None:
    """A FastAPI dependency for every route: raises Refused (422) for parameters that the OpenAPI document does not name, and for those
    given several times that it does not describe as lists.

    What is not in the document (health, measures, the internal addresses) takes what it is given.
    """
    if not request.query_params:
        return
    path = request.app.openapi()["paths"].get(getattr(request.scope.get("route"), "path", None), {})
    operation = path.get(request.method.lower())
    if operation is None:
        return
    known = {each["name"]: each for each in operation.get("parameters", ()) if each["in"] == "query"}
    locale = language(request.headers.get("accept-language", ""))
    named = ", ".join(sorted(known)) or {"zh": "无", "en": "none"}[locale]
    faults = []
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            faults.append(fault(("query", _shown(name)), "unknown_parameter", locale, known=named))
        elif times > 1 and not _is_list(known[name].get("schema", {})):
            faults.append(fault(("query", name), "repeated_parameter", locale))
    if faults:
        raise Refused(REFUSED, faults)


def _is_list(schema: Json) -> bool:
    """Whether a parameter's schema, or any that it may be, is a list."""
    return schema.get("type") == "array" or any(_is_list(each) for each in schema.get("anyOf", ()))


def _shown(name: str) -> str:
    return name[:SHOWN] if name.isprintable() else "?"
