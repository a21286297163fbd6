"""The AsyncAPI document: whole, every reference resolves, every topic and event is in it once, each topic has its one writer."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra.contract import RELEASED
from shared.schemas.model import Json
from shared.schemas.registry import EVENTS, MODELS
from shared.schemas.topics import INBOUND, REQUEST_TOPICS, TOPICS

DOCUMENT: Json = json.loads((RELEASED / "asyncapi.json").read_text(encoding="utf-8"))
REFERENCE = {"type": "object", "properties": {"$ref": {"type": "string"}}, "required": ["$ref"], "additionalProperties": False}
CHANNEL = {
    "type": "object",
    "properties": {
        "address": {"type": "string"},
        "description": {"type": "string"},
        "messages": {"type": "object", "minProperties": 1, "additionalProperties": REFERENCE},
        "bindings": {"type": "object", "required": ["kafka"]},
    },
    "required": ["address", "messages", "bindings"],
    "additionalProperties": False,
}
OPERATION = {
    "type": "object",
    "properties": {
        "action": {"enum": ["send", "receive"]},
        "channel": REFERENCE,
        "messages": {"type": "array", "items": REFERENCE, "minItems": 1},
    },
    "required": ["action", "channel", "messages"],
    "additionalProperties": False,
}
MESSAGE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "title": {"type": "string"},
        "summary": {"type": "string", "minLength": 10},
        "contentType": {"type": "string"},
        "headers": {"type": "object", "properties": {"type": {"const": "object"}}, "required": ["type"]},
        "payload": {"type": "object"},
    },
    "required": ["name", "contentType", "payload"],
    "additionalProperties": False,
}
RULES = {
    "type": "object",
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "defaultContentType": {"const": "application/json"},
        "channels": {"type": "object", "additionalProperties": CHANNEL},
        "operations": {"type": "object", "additionalProperties": OPERATION},
        "components": {"type": "object", "properties": {"messages": {"type": "object", "additionalProperties": MESSAGE}}},
    },
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "additionalProperties": False,
}


def references(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in node.values():
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)


def resolved(reference: str) -> Any:
    target: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return target


def test_it_has_the_structure_of_asyncapi_3():
    Draft202012Validator(RULES).validate(DOCUMENT)


@pytest.mark.parametrize("missing", ["asyncapi", "info", "channels", "operations"])
def test_the_rules_notice_what_is_missing(missing: str):
    assert list(Draft202012Validator(RULES).iter_errors({key: value for key, value in DOCUMENT.items() if key != missing}))


@pytest.mark.parametrize("reference", sorted(set(references(DOCUMENT))))
def test_every_reference_leads_somewhere(reference: str):
    if reference.startswith("#/"):
        assert resolved(reference)
    else:
        assert (RELEASED / reference.removeprefix("./")).is_file()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_topic_is_a_channel_with_its_settings(topic: Any):
    kafka = DOCUMENT["channels"][topic.name]["bindings"]["kafka"]
    assert (kafka["topic"], kafka["partitions"]) == (topic.name, topic.partitions)
    assert kafka["topicConfiguration"] == {"cleanup.policy": [topic.cleanup], "max.message.bytes": topic.max_message_bytes}


def test_every_event_travels_on_one_channel_but_what_became_of_notifications_beside_what_they_are_about():
    carried = [name for channel in DOCUMENT["channels"].values() for name in channel["messages"] if name in MODELS]
    assert Counter(carried) == {name: 2 if name in EVENTS["notify"] else 1 for name in MODELS}


@pytest.mark.parametrize("source", REQUEST_TOPICS)
def test_a_services_topic_carries_what_that_service_says(source: Any):
    messages = DOCUMENT["channels"][REQUEST_TOPICS[source].name]["messages"]
    assert messages.keys() <= EVENTS[source].keys()
    assert messages


def test_every_channel_but_the_inbound_one_is_written_by_exactly_one_of_our_services():
    writers: dict[str, list[str]] = {}
    for name, operation in DOCUMENT["operations"].items():
        if operation["action"] == "send":
            writers.setdefault(operation["channel"]["$ref"].removeprefix("#/channels/"), []).append(name.partition(".")[0])
    assert {topic.name for topic in TOPICS} - writers.keys() == {INBOUND.name}
    assert {topic.name: [topic.writer] for topic in TOPICS if topic != INBOUND} == writers


def test_an_operations_messages_belong_to_its_channel():
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]
        assert {message["$ref"] for message in operation["messages"]} == {
            f"{channel}/messages/{name}" for name in resolved(channel)["messages"]
        }
