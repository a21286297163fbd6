"""A price request and a contract under review, in the hands of the real domain."""

from typing import Any

from shared.ledger.messages import Decision
from shared.schemas.intake import AmendmentRequested
from shared.schemas.requests import FieldChange
from tests.unit.routing.routing_build import ACCEPTED, MARKETER, REVIEWERS, Journey, a_context, a_person, a_request

SMALL = {"lines": [{"item": "平台", "list_price": 10, "asked_price": 8, "quantity": 5}], "tender": {"method": "open_tender"}}
LARGE = {**SMALL, "lines": [{"item": "平台", "list_price": 700000, "asked_price": 600000, "quantity": 1}]}
CONTRACT = {"kind": "sales", "amount": 1500000, "contract": "a.docx", "sample": "S", "due": "2027-04-01T10:00:00+08:00"}
FINANCE, LEGAL = "department_reviewer/finance", "department_reviewer/legal"
SECOND = a_person("second", "department_reviewer", unit="headquarters", department="finance")
TECHNICAL_HEAD = a_person("test_head", "test_manager")


def under_review(details: dict[str, Any] | None = None, kind: str = "business.price", **changes: Any) -> Journey:
    """Everybody is seated and the review is open."""
    people = (MARKETER, *REVIEWERS, SECOND, TECHNICAL_HEAD)
    journey = Journey(a_context(*people), request=a_request(kind, details=details or LARGE, **changes))
    journey.submitted()
    return journey


def opines(journey: Journey, by: str, opinion: str = "approve", **data: Any) -> Decision:
    """An opinion on the present wording."""
    return journey.tells("opine", by, **{"opinion": opinion, "version": journey.state.version, **data})


def amends(journey: Journey, *fields: str, **details: Any) -> Decision:
    """An amendment that says `fields` changed (all of `details`, when none is named)."""

    assert journey.state.request is not None
    request = journey.state.request.model_copy(update={"details": {**journey.state.request.details, **details}})
    changes = tuple(FieldChange(field=f"details.{key}") for key in (fields or tuple(details)))
    return journey.hears(AmendmentRequested(by="asker", request=request, changes=changes, verdict=ACCEPTED))


def asked(journey: Journey) -> list[str]:
    """Whose turn it is, by place."""
    return [party.key for party in journey.state.review.turn] if journey.state.review else []
