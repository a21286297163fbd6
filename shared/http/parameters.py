"""Query parameters that an address does not take are refused by name, so that a misspelt filter never shows everything."""

from fastapi import Request

from shared.http.problems import Refused, language
from shared.http.validation import INVALID, fault
from shared.ledger.messages import Refusal

SHOWN = 40
REFUSED = Refusal(code="invalid_parameters", status=422, message=INVALID)


async def known_parameters(request: Request) -> None:
    """A FastAPI dependency for every route: raises Refused (422) for parameters that the OpenAPI document does not name.

    What is not in the document (health, measures, the internal addresses) takes what it is given.
    """
    if not request.query_params:
        return
    path = request.app.openapi()["paths"].get(getattr(request.scope.get("route"), "path", None), {})
    operation = path.get(request.method.lower())
    if operation is None:
        return
    known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        locale = language(request.headers.get("accept-language", ""))
        named = ", ".join(sorted(known)) or {"zh": "无", "en": "none"}[locale]
        raise Refused(REFUSED, [fault(("query", _shown(name)), "unknown_parameter", locale, known=named) for name in unknown])


def _shown(name: str) -> str:
    return name[:SHOWN] if name.isprintable() else "?"
