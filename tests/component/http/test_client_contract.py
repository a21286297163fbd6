"""The client is what the services' OpenAPI documents say: every operation, every parameter, every answer."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from shared.client import Client, models
from shared.client.transport import Patience
from shared.schemas.envelope import SOURCES
from shared.schemas.estimates import Estimate
from shared.schemas.model import Json
from shared.schemas.requests import Answer
from tests.component.http.test_service_http import application

METHODS: dict[tuple[str, str, str], tuple[str, type[BaseModel] | None]] = {
    ("intake", "post", "/v1/requests"): ("submit", Answer),
    ("intake", "patch", "/v1/requests/{request_id}"): ("amend", Answer),
    ("intake", "post", "/v1/requests/{request_id}/withdraw"): ("withdraw", Answer),
    ("intake", "post", "/v1/requests:batch"): ("batch", None),
    ("intake", "put", "/v1/attachments/{sha256}"): ("store_attachment", models.Stored),
    ("intake", "get", "/v1/requests"): ("list", models.RequestList),
    ("intake", "get", "/v1/requests/{request_id}"): ("get", models.WholeRequest),
    ("intake", "get", "/v1/catalogue"): ("catalogue", models.Catalogue),
    ("intake", "get", "/v1/catalogue/{type_key}"): ("form", None),
    ("intake", "get", "/v1/people"): ("people", models.People),
    ("routing", "get", "/v1/requests/{request_id}/assignment"): ("assignment", models.Assignment),
    ("routing", "get", "/v1/requests/{request_id}/decision"): ("decisions", models.Decisions),
    ("routing", "get", "/v1/waiting"): ("waiting", models.Waiting),
    ("routing", "get", "/v1/estimate"): ("estimate", Estimate),
    ("routing", "get", "/v1/seasons"): ("seasons", models.SeasonList),
    ("notify", "get", "/v1/requests/{request_id}/notifications"): ("notifications", models.Notifications),
    ("documents", "get", "/v1/requests/{request_id}/documents"): ("documents", models.Documents),
    ("documents", "get", "/v1/documents/{document}"): ("download", None),
    ("documents", "get", "/v1/documents/{document}/sheet"): ("download_sheet", None),
}
OTHERS = {
    ("intake", "get", "/v1/access/keys"): "whoever manages keys: backline access",
    ("intake", "post", "/v1/access/keys"): "the same",
    ("intake", "post", "/v1/access/keys/{key}/revoke"): "the same",
    ("intake", "get", "/v1/callbacks"): "set once for a system, not from its program",
    ("intake", "put", "/v1/callbacks/{callback_id}"): "the same",
    ("intake", "delete", "/v1/callbacks/{callback_id}"): "the same",
    ("intake", "post", "/v1/callbacks/{callback_id}/rotate"): "the same",
    ("notify", "get", "/v1/callbacks:undelivered"): "the same",
    ("notify", "post", "/v1/callbacks/{callback_id}/test"): "the same",
    ("notify", "post", "/v1/callbacks:redrive"): "the same",
    ("intake", "get", "/v1/desk"): "people look at the desk: backline desk",
    ("intake", "get", "/v1/desk/{entry}"): "the same",
    ("intake", "post", "/v1/desk/{entry}/resend"): "the same",
    ("intake", "post", "/v1/requests/{request_id}/waive"): "people waive, with their own tokens",
    ("intake", "post", "/v1/attachments"): "the client knows the digest before it sends",
    ("intake", "get", "/v1/requests/{request_id}/attachments/{sha256}"): "who sent a file has it",
    ("intake", "post", "/v1/requests/{request_id}/attachments/{sha256}/link"): "an address for a person's browser",
    ("documents", "post", "/v1/documents/{document}/link"): "the same",
    ("intake", "post", "/v1/people:import"): "operators import the directory: backline people",
    ("notify", "post", "/v1/requests/{request_id}/notifications/{delivery}/resolve"): "operators settle doubts",
    ("routing", "get", "/v1/people/{person}/work"): "people read their own work",
    ("routing", "post", "/v1/requests/{request_id}/accept"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/decline"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/complete"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/choose"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/send-back"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/pause"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/resume"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/hand-over"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/add"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/release"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/confirm"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/reopen"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/escalate"): "the same",
    ("routing", "get", "/v1/effort"): "people who plan read it",
    ("routing", "get", "/v1/opportunities/{opportunity}/outcome"): "the same",
    ("routing", "get", "/v1/opportunities/{opportunity}/pursuit"): "the same",
    ("routing", "get", "/v1/requests/{request_id}/bid-room"): "those who write the bid read it",
    ("routing", "get", "/v1/requests/{request_id}/clashes"): "people settle clashes",
    ("routing", "get", "/v1/requests/{request_id}/effort"): "people who plan read it",
    ("routing", "get", "/v1/service-levels"): "coordinators read it",
    ("routing", "post", "/v1/bids:assess"): "people look before they ask",
    ("routing", "post", "/v1/requests/{request_id}/confirm-item"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/correct-effort"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/log-effort"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/log-spend"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/record-outcome"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/settle-clash"): "people do the work, with their own tokens",
    ("routing", "get", "/v1/requests/{request_id}/review"): "the same",
    ("routing", "post", "/v1/reviews:preview"): "people look before they ask",
    ("routing", "post", "/v1/seasons"): "people who lead declare them: backline season",
    ("routing", "post", "/v1/seasons/{season_id}/change"): "the same",
    ("routing", "post", "/v1/seasons/{season_id}/end"): "the same",
    ("routing", "post", "/v1/seasons/{season_id}/withdraw"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/opine"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/return-to-step"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/ask-also"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/transfer"): "the same",
}
"""What is not for units, and why the client does without it."""
ELSEWHERE = {"If-None-Match": "seen", "Idempotency-Key": "key"}
OF_A_LINK = {"expires", "audience", "signature"}
"""What an address that carries its own permission says; the client has a token."""
SERVED_BY_SENDING = {"batch": {"Content-Type"}, "store_attachment": {"content-type"}, "download": {"if-none-match"}}
SERVED_BY_SENDING |= {"download_sheet": {"if-none-match"}}


def operations() -> Iterator[tuple[tuple[str, str, str], Json, Json]]:
    for service in SOURCES:
        document = application(service).openapi()
        for path, ways in document["paths"].items():
            for method, operation in ways.items():
                yield (service, method, path), operation, document


def test_every_operation_has_a_method_or_a_reason_why_not():
    there = {place for place, _, _ in operations()}
    assert there == METHODS.keys() | OTHERS.keys(), "give the client a method, or say in OTHERS why units do without"
    assert all(callable(getattr(Client, name)) for name, _ in METHODS.values())


def test_every_parameter_of_an_operation_is_one_of_its_method():
    for place, operation, _ in operations():
        if place in METHODS:
            name, _ = METHODS[place]
            taken = set(inspect.signature(getattr(Client, name)).parameters)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" or parameter["name"] in {*OF_A_LINK, *SERVED_BY_SENDING.get(name, ())}:
                    continue
                assert ELSEWHERE.get(parameter["name"], parameter["name"]) in taken, (name, parameter["name"])


def test_every_answer_is_the_model_that_the_document_describes():
    for place, operation, document in operations():
        _, model = METHODS.get(place, ("", None))
        if model is None:
            continue
        (told,) = [answer for status, answer in operation["responses"].items() if status in {"200", "201", "202"}]
        described = resolved(told["content"]["application/json"]["schema"], document["components"]["schemas"])
        own = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        assert resolved(own, own.get("$defs", {})) == described, place


def resolved(schema: Any, named: Json) -> Any:
    """A schema without names, titles and descriptions: only what values it allows."""
    match schema:
        case {"$ref": str(ref)}:
            return resolved(named[ref.rsplit("/", 1)[-1]], named)
        case dict():
            left_out = {"title", "description", "$defs", "default"}
            kept = {
                key: value for key, value in schema.items() if key not in left_out or (isinstance(value, dict) and key != "$defs")
            }
            return {key: resolved(value, named) for key, value in kept.items()}
        case list():
            return [resolved(value, named) for value in schema]
        case _:
            return schema


class Scripted:
    """A service that answers in turn as it is told, and remembers what it was sent; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.asked, self.slept = list(answers), [], []  # type: ignore[var-annotated]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, attempts: int = 3) -> Client:
        http = httpx.Client(transport=httpx.MockTransport(self))
        patience = Patience(attempts=attempts)
        return Client({"intake": "http://intake/"}, "t", language="en", http=http, patience=patience, sleep=self.slept.append)


ANSWER = {"id": "i", "number": "BL-1", "action": "submit", "outcome": "accepted"}
BUSY = {"code": "busy", "detail": "later", "message": {"zh": "稍后", "en": "later"}}


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_with_the_same_key_after_the_time_it_names(status: int):
    busy = httpx.Response(status, json=BUSY, headers={"Retry-After": "7"})
    service = Scripted(busy, httpx.ReadTimeout("late"), httpx.Response(202, json=ANSWER))
    assert service.client().submit({}).outcome == "accepted"
    assert service.slept[0] == 7
    keys = {request.headers["idempotency-key"] for request in service.asked}
    assert len(service.asked) == 3
    assert len(keys) == 1
    assert re.fullmatch(r'"[0-9a-f-]{36}"', keys.pop())


def test_two_commands_have_two_keys():
    service = Scripted(*(httpx.Response(202, json=ANSWER) for _ in range(2)))
    with service.client() as client:
        client.submit({})
        client.withdraw("i", "why", key='my "key"')
    first, second = (request.headers["idempotency-key"] for request in service.asked)
    assert (first != second, second) == (True, '"my \\"key\\""')


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "Unauthorised"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (422, "WronglyAsked"),
        (500, "ServerFault"),
    ],
)
def test_a_problem_is_an_exception_by_its_kind_and_is_not_tried_again(status: int, kind: str):
    fault = {"pointer": "/a~1b", "code": "missing", "detail": "is missing; add it."}
    service = Scripted(httpx.Response(status, json={**BUSY, "code": "c", "errors": [fault]}))
    with pytest.raises(Exception, match="c: later") as caught:
        service.client().submit({})
    assert type(caught.value).__name__ == kind
    assert caught.value.errors[0].pointer == "/a~1b"  # type: ignore[attr-defined]
    assert len(service.asked) == 1


def test_what_never_answers_is_given_up_after_the_last_attempt():
    service = Scripted(*(httpx.ConnectError("away") for _ in range(3)))
    with pytest.raises(Exception, match="did not answer"):
        service.client().submit({})
    assert (len(service.asked), len(service.slept)) == (3, 2)


def test_an_answer_that_is_no_problem_document_is_told_by_its_beginning():
    with pytest.raises(Exception, match="502 http_502: <html>"):
        Scripted(httpx.Response(502, text="<html>")).client(attempts=1).submit({})


@pytest.mark.parametrize(
    ("wait", "takes", "pauses"), [(20, 0.0, 5.0), (20, 20.0, None), (2, 0.5, 1.5), (2, 2.0, None), (0, 0.0, 1.0)]
)
def test_a_watcher_who_is_told_early_that_nothing_changed_pauses(wait: int, takes: float, pauses: float | None):
    now, slept = [0.0], list[float]()
    open_, ended = (models.WholeRequest.model_construct(status=status) for status in ("submitted", "withdrawn"))
    answers = [models.Seen(whole=open_, tag="1"), models.Seen(whole=None, tag="1"), models.Seen(whole=ended, tag="2")]

    class Scripted(Client):
        def get(self, *_asked: Any, **_how: Any) -> models.Seen:
            now[0] += takes
            return answers.pop(0)

    watching = Scripted({"intake": "http://intake"}, "t", sleep=slept.append, monotonic=lambda: now[0]).watch("R-1", wait=wait)
    assert list(watching) == [open_, ended]
    assert slept == ([] if pauses is None else [pauses])
