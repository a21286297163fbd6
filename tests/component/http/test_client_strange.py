"""What both clients make of answers that no service gives, and of those that were lost."""

import json
from typing import Any

import httpx
import pytest

from shared.client import Client, models
from tests.component.http.test_client_sending import ANSWER, BUSY, Kind, Scripted, both

LINE = {
    "entry": "R-1",
    "kind": "request",
    "outcome": "returned",
    "action": "submit",
    "business_unit": "u",
    "channel": "http",
    "at": "",
}


@both
@pytest.mark.parametrize(
    "body",
    [
        {"errors": ["no"]},
        {"errors": None},
        {"errors": {"a": 1}},
        {"errors": [{"pointer": 7}]},
        {"message": {"text": "no"}},
        {"message": None, "detail": None},
        ["no"],
    ],
)
def test_a_gateways_own_words_are_a_problem_of_their_status(kind: Kind, body: Any):
    with pytest.raises(Exception, match=r"^400 ") as caught:
        Scripted(httpx.Response(400, json=body)).ask(kind, "submit", {})
    assert (type(caught.value).__name__, caught.value.errors) == ("WronglyAsked", ())  # type: ignore[attr-defined]


@both
def test_an_answer_that_was_garbled_on_its_way_is_asked_for_again(kind: Kind):
    service = Scripted(httpx.DecodingError("not gzip"), httpx.Response(202, json=ANSWER))
    assert service.ask(kind, "submit", {}).outcome == "accepted"
    assert len({request.headers["idempotency-key"] for request in service.asked}) == 1


@both
def test_a_service_without_an_address_is_named(kind: Kind):
    with pytest.raises(ValueError, match="this client has no address of documents; it was given: intake"):
        Scripted(httpx.Response(200, json={})).ask(kind, "documents", "R-1")


@both
def test_a_watcher_whose_tags_are_taken_away_pauses_and_is_told_only_what_changed(kind: Kind, monkeypatch: pytest.MonkeyPatch):
    def shown(raw: bytes) -> models.WholeRequest:
        return models.WholeRequest.model_construct(status=json.loads(raw)["status"])

    monkeypatch.setattr(models.WholeRequest, "model_validate_json", shown)
    answers = [httpx.Response(200, json={"status": status}) for status in ("submitted", "submitted", "submitted", "withdrawn")]
    service = Scripted(*answers)
    assert [whole.status for whole in service.ask(kind, "watch", "R-1")] == ["submitted", "withdrawn"]
    assert service.slept == [5.0, 5.0]


@both
def test_a_correction_whose_answer_was_lost_rests_on_the_same_word_when_it_is_sent_again(kind: Kind):
    entry = httpx.Response(200, json={**LINE, "seen": 4})
    service = Scripted(entry, httpx.ReadError("cut off"), httpx.Response(503, json=BUSY), httpx.Response(202, json=ANSWER))
    assert service.ask(kind, "resend", "R-1", patch={"a": 1}, attempts=4).outcome == "accepted"
    assert [request.method for request in service.asked] == ["GET", "POST", "POST", "POST"]
    assert {request.content for request in service.asked[1:]} == {b'{"patch": {"a": 1}, "seen": 4}'}


def test_two_clients_over_the_same_connections_are_who_they_are():
    service = Scripted(httpx.Response(202, json=ANSWER), httpx.Response(202, json=ANSWER))
    http = httpx.Client(transport=httpx.MockTransport(service))
    first, second = (Client({"intake": "http://intake"}, token, http=http) for token in ("one", "two"))
    first.submit({})
    second.submit({})
    assert [request.headers["authorization"] for request in service.asked] == ["Bearer one", "Bearer two"]
