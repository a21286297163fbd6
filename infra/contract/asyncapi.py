"""The AsyncAPI 3.0 document, made from TOPICS and EVENTS: a topic is a channel, an event a message of its writer's channel."""

from shared.schemas.envelope import Source, dataschema
from shared.schemas.model import Json
from shared.schemas.registry import EVENTS, MODELS, OWNER
from shared.schemas.topics import (
    DEAD_LETTER,
    INBOUND,
    PEOPLE,
    REQUEST_TOPICS,
    SEASON_NOTIFICATIONS,
    SEASONS,
    TOPICS,
    VERDICTS,
    Topic,
)

DIALECT = "application/schema+json;version=draft-2020-12"
ABOUT_PEOPLE = ("backline.person.recorded", "backline.unit.recorded")
ABOUT_SEASONS = tuple(name for name in EVENTS["routing"] if name.startswith("backline.season."))
OTHERS = {INBOUND.name: "backline.request", VERDICTS.name: "backline.verdict"}
DEAD = "backline.dead_letter"
DESCRIPTION = (
    "What Backline's services say and hear on Kafka. CloudEvents 1.0 in binary mode: attributes in ce_ headers, data as JSON in "
    "the value. Readers ignore keys and event types they do not know. For one (source, subject) the numbers in ce_sequence have "
    "no gap; records may be repeated."
)
TEXT: Json = {"type": "string"}
TEXTS = ("ce_id", "ce_subject", "ce_previous", "ce_correlationid", "ce_causationid", "ce_businessunit", "traceparent")


def document() -> Json:
    """The document as JSON; schemas are referred to by the names of the files beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Backline",
            "version": "1.0.0",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": _operations(),
        "components": {"messages": _messages()},
    }


def messages_of(topic: Topic) -> list[str]:
    """The names of the messages that travel on `topic`."""
    if topic.name in OTHERS:
        return [OTHERS[topic.name]]
    if topic == PEOPLE:
        return list(ABOUT_PEOPLE)
    if topic == SEASONS:
        return list(ABOUT_SEASONS)
    if topic == SEASON_NOTIFICATIONS:
        return list(EVENTS["notify"])
    writers = [source for source, written in REQUEST_TOPICS.items() if written == topic]
    return [name for source in writers for name in EVENTS[source] if name not in (*ABOUT_PEOPLE, *ABOUT_SEASONS)] or [DEAD]


def _channel(topic: Topic) -> Json:
    settings = {"cleanup.policy": [topic.cleanup], "max.message.bytes": topic.max_message_bytes}
    kafka = {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": settings, "bindingVersion": "0.5.0"}
    return {
        "address": topic.name,
        "description": f"Written by {topic.writer}; the record's key is: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages_of(topic)},
        "bindings": {"kafka": kafka},
    }


def _operations() -> Json:
    ours: dict[str, tuple[Source, Topic]] = {topic.name: (source, topic) for source, topic in REQUEST_TOPICS.items()}
    ours |= {SEASONS.name: ("routing", SEASONS), SEASON_NOTIFICATIONS.name: ("notify", SEASON_NOTIFICATIONS)}
    ours |= {PEOPLE.name: ("intake", PEOPLE), VERDICTS.name: ("intake", VERDICTS)}
    ours |= {topic.name: (source, topic) for source, topic in DEAD_LETTER.items()}
    sends = {f"{source}.send.{name}": _operation("send", topic) for name, (source, topic) in ours.items()}
    return {**sends, f"intake.receive.{INBOUND.name}": _operation("receive", INBOUND)}


def _operation(action: str, topic: Topic) -> Json:
    channel = f"#/channels/{topic.name}"
    messages = [{"$ref": f"{channel}/messages/{name}"} for name in messages_of(topic)]
    return {"action": action, "channel": {"$ref": channel}, "messages": messages}


def _messages() -> Json:
    events = {name: _event(name) for name in MODELS}
    inbound = _message("backline.request", "A request as a unit's own system writes it; every field is judged, none is trusted.")
    inbound["headers"] = {
        "type": "object",
        "properties": {"action": {"enum": ["submit", "amend", "withdraw"], "default": "submit"}},
    }
    verdict = _message("backline.verdict", "The answer to one inbound record. A record without one was not read: send it again.")
    dead = {
        "name": DEAD,
        "title": DEAD,
        "summary": "A record that could not be given to any request, byte for byte.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": {"origin": TEXT, "problem": TEXT}, "required": ["origin", "problem"]},
        "payload": {},
    }
    return {**events, "backline.request": inbound, "backline.verdict": verdict, DEAD: dead}


def _event(name: str) -> Json:
    summary = (MODELS[name].__doc__ or f"{name}, said by {OWNER[name]}.").strip().splitlines()[0]
    fixed = {"ce_specversion": "1.0", "ce_source": OWNER[name], "ce_type": name, "ce_dataschema": dataschema(name)}
    headers: Json = {header: {"type": "string", "const": value} for header, value in fixed.items()}
    headers |= dict.fromkeys(TEXTS, TEXT)
    headers |= {"content-type": {"type": "string", "const": "application/json"}}
    headers |= {
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_sequence": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        "ce_after": {"type": "string", "contentMediaType": "application/json", "description": "source → last sequence heard"},
    }
    required = [*fixed, "ce_id", "ce_subject", "ce_time", "ce_sequence", "ce_after", "content-type"]
    return {**_message(name, summary), "headers": {"type": "object", "properties": headers, "required": required}}


def _message(name: str, summary: str) -> Json:
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"schemaFormat": DIALECT, "schema": {"$ref": f"./{name}.v1.json"}},
    }
