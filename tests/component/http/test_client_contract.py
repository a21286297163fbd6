"""The client is what the services' OpenAPI documents say: every operation, every parameter, every answer."""

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from shared.client import AsyncClient, Client, models, pursuits, working
from shared.client.client import Methods
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
    ("intake", "post", "/v1/requests/{request_id}/waive"): ("waive", Answer),
    ("intake", "get", "/v1/desk"): ("desk", models.DeskList),
    ("intake", "get", "/v1/desk/{entry}"): ("desk_entry", models.DeskEntry),
    ("intake", "post", "/v1/desk/{entry}/resend"): ("resend", Answer),
    ("intake", "post", "/v1/people:import"): ("import_people", models.Imported),
    ("intake", "get", "/v1/requests"): ("list", models.RequestList),
    ("intake", "get", "/v1/requests/{request_id}"): ("get", models.WholeRequest),
    ("intake", "get", "/v1/catalogue"): ("catalogue", models.Catalogue),
    ("intake", "get", "/v1/catalogue/{type_key}"): ("form", None),
    ("intake", "get", "/v1/people"): ("people", models.People),
    ("routing", "get", "/v1/requests/{request_id}/assignment"): ("assignment", working.Assignment),
    ("routing", "get", "/v1/requests/{request_id}/decision"): ("decisions", working.Decisions),
    ("routing", "get", "/v1/waiting"): ("waiting", working.Waiting),
    ("routing", "get", "/v1/estimate"): ("estimate", Estimate),
    ("routing", "get", "/v1/opportunities/{opportunity}/pursuit"): ("pursuit", pursuits.Pursuit),
    ("routing", "post", "/v1/bids:assess"): ("assess", pursuits.Assessed),
    ("routing", "get", "/v1/seasons"): ("seasons", working.SeasonList),
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
    ("intake", "post", "/v1/attachments"): "the client knows the digest before it sends",
    ("intake", "get", "/v1/requests/{request_id}/attachments/{sha256}"): "who sent a file has it",
    ("intake", "post", "/v1/requests/{request_id}/attachments/{sha256}/link"): "an address for a person's browser",
    ("documents", "post", "/v1/documents/{document}/link"): "the same",
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
    ("routing", "get", "/v1/budgets"): "the same",
    ("routing", "get", "/v1/gifts"): "the same",
    ("routing", "get", "/v1/opportunities/{opportunity}/outcome"): "the same",
    ("routing", "get", "/v1/requests/{request_id}/bid-room"): "those who write the bid read it",
    ("routing", "get", "/v1/requests/{request_id}/clashes"): "people settle clashes",
    ("routing", "get", "/v1/requests/{request_id}/effort"): "people who plan read it",
    ("routing", "get", "/v1/service-levels"): "coordinators read it",
    ("routing", "get", "/v1/free-busy"): "the same",
    ("routing", "post", "/v1/requests/{request_id}/confirm-item"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/correct-effort"): "people do the work, with their own tokens",
    ("routing", "post", "/v1/requests/{request_id}/correct-spend"): "people do the work, with their own tokens",
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
    assert all(callable(getattr(kind, name)) for name, _ in METHODS.values() for kind in (Client, AsyncClient))


def test_every_parameter_of_an_operation_is_one_of_its_method():
    for place, operation, _ in operations():
        if place in METHODS:
            name, _ = METHODS[place]
            taken = set(inspect.signature(getattr(Methods, name)).parameters)
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
