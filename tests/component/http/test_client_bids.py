"""A bid that is submitted through the clients: assessed in the same call where it is asked for, and filed whatever comes of that."""

import json
from typing import Any

import httpx
import pytest

from shared.client import Client
from shared.client.pursuits import BidAnswer, assessment
from tests.unit.routing.bids import a_bid, the_plan

ANSWER = {"id": "i", "number": "BL-1", "action": "submit", "outcome": "accepted"}
BODY: dict[str, Any] = a_bid().model_dump(mode="json")


class Services:
    """Intake and routing, which answer as they are told and keep what they were asked."""

    def __init__(self, outcome: str = "accepted", assessing: httpx.Response | Exception | None = None) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.outcome = outcome
        self.assessing = assessing or httpx.Response(200, json={"plan": the_plan().model_dump(mode="json")})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((f"{request.url.host}{request.url.path}", json.loads(request.read())))
        if request.url.host == "intake":
            return httpx.Response(202, json={**ANSWER, "outcome": self.outcome})
        if isinstance(self.assessing, Exception):
            raise self.assessing
        return self.assessing

    def submits(self, body: dict[str, Any] | None = None, **named: Any) -> BidAnswer:
        http = httpx.Client(transport=httpx.MockTransport(self))
        with Client({"intake": "http://intake", "routing": "http://routing"}, "t", http=http) as client:
            return client.submit_bid(body or BODY, **named)

    @property
    def called(self) -> list[str]:
        return [address for address, _ in self.asked]


def test_an_accepted_bid_is_assessed_where_that_is_asked_for():
    services = Services()
    told = services.submits(assess=True)
    assert told.answer.outcome == "accepted"
    assert told.plan is not None
    assert told.plan.verdict == "can"
    assert services.called == ["intake/v1/requests", "routing/v1/bids:assess"]
    asked = services.asked[1][1]
    assert (asked["business_unit"], asked["due"], asked["opportunity"], asked["requester"]) == (
        "east", BODY["details"]["due"], "O1", "asker",
    )  # fmt: skip
    assert set(asked["pitch"]) == {"start", "end", "place", "time_zone"}


@pytest.mark.parametrize(
    ("services", "body", "named"),
    [
        (Services(), BODY, {}),
        (Services("returned"), BODY, {"assess": True}),
        (Services(), {**BODY, "type": "tech.survey"}, {"assess": True}),
    ],
    ids=["not asked for", "returned", "no bid"],
)
def test_nobody_else_is_asked_otherwise(services: Services, body: dict[str, Any], named: dict[str, Any]):
    assert services.submits(body, **named).plan is None
    assert services.called == ["intake/v1/requests"]


@pytest.mark.parametrize("assessing", [httpx.Response(503), httpx.Response(422, json={}), httpx.ConnectError("away")])
def test_a_bid_that_cannot_be_assessed_is_filed_all_the_same(assessing: httpx.Response | Exception):
    told = Services(assessing=assessing).submits(assess=True)
    assert (told.answer.outcome, told.plan) == ("accepted", None)


def test_what_is_no_object_is_not_assessed_by():
    call = assessment({"business_unit": "east", "details": [], "opportunity": "O1", "requester": None})
    assert call.content == b'{"business_unit": "east"}'
