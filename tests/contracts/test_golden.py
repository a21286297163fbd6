"""Golden samples: one record per event type as it was once on the wire. They are never made anew; they decode for ever."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from infra.contract import RELEASED
from shared.messaging.wire import Poison, Record, decode, encode, record_of
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.schemas.registry import MODELS, OWNER
from shared.schemas.topics import MAX_MESSAGE_BYTES

GOLDEN = Path(__file__).parent / "golden"
SAMPLES: dict[str, Json] = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))}


def record(sample: Json, **body: Any) -> Record:
    """The Kafka record a sample describes, with `body` merged into its data."""
    headers = tuple((name, value.encode()) for name, value in sample["headers"].items())
    value = orjson.dumps({**sample["body"], **body})
    return Record(topic="any", partition=0, offset=7, key=sample["key"].encode(), headers=headers, value=value)


def event(sample: Json, **body: Any) -> Event:
    decoded = decode(record(sample, **body))
    assert isinstance(decoded, Event), decoded
    return decoded


def kept(before: Any, after: Any) -> bool:
    """Whether all that `before` says is in `after`; keys may have been added."""
    match before:
        case dict():
            return isinstance(after, dict) and all(key in after and kept(value, after[key]) for key, value in before.items())
        case list():
            return isinstance(after, list) and len(before) == len(after) and all(map(kept, before, after))
        case _:
            return bool(before == after)


def test_every_event_type_has_a_sample_and_every_sample_a_type():
    assert {name.removesuffix(".v1.json") for name in SAMPLES} == MODELS.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_decodes_to_an_event_of_its_owner(name: str):
    decoded = event(SAMPLES[name])
    assert f"{decoded.type}.v1.json" == name
    assert decoded.source == OWNER[decoded.type]
    assert decoded.time.tzinfo is not None


@pytest.mark.parametrize("name", SAMPLES)
def test_its_data_is_read_whole_by_the_present_model(name: str):
    decoded = event(SAMPLES[name])
    assert kept(SAMPLES[name]["body"], MODELS[decoded.type].model_validate(decoded.data).model_dump(mode="json"))


@pytest.mark.parametrize("name", SAMPLES)
def test_its_id_is_still_the_digest_of_what_it_says(name: str):
    decoded = event(SAMPLES[name])
    assert decoded.id == decoded.digest() == SAMPLES[name]["headers"]["ce_id"]


@pytest.mark.parametrize("name", SAMPLES)
def test_said_again_it_is_the_same_record(name: str):
    sample = SAMPLES[name]
    key, value, headers = encode(event(sample))
    assert key.decode() == sample["key"]
    assert {header: content.decode() for header, content in headers} == sample["headers"]
    assert orjson.loads(value) == sample["body"]
    assert len(value) < MAX_MESSAGE_BYTES


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_newer_writer_adds_is_ignored(name: str):
    sample = event(SAMPLES[name])
    attributes = sample.model_dump(exclude={"id", "data"})
    newer = Event.say(**attributes, data={**sample.data, "added_next_year": {"deep": [1]}})
    decoded = decode(record_of(newer))
    assert isinstance(decoded, Event), decoded
    assert "added_next_year" not in MODELS[decoded.type].model_validate(decoded.data).model_dump()


@pytest.mark.parametrize("name", SAMPLES)
def test_it_fits_the_released_schema(name: str):
    schema = json.loads((RELEASED / name).read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(SAMPLES[name]["body"])


@pytest.mark.parametrize("name", SAMPLES)
def test_its_headers_are_those_the_asyncapi_document_promises(name: str):
    document = json.loads((RELEASED / "asyncapi.json").read_text(encoding="utf-8"))
    headers = document["components"]["messages"][name.removesuffix(".v1.json")]["headers"]
    Draft202012Validator(headers, format_checker=FormatChecker()).validate(SAMPLES[name]["headers"])
    assert SAMPLES[name]["headers"].keys() <= headers["properties"].keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_changed_value_is_seen_by_its_digest(name: str):
    decoded = decode(record(SAMPLES[name], tampered=True))
    assert isinstance(decoded, Poison)
    assert "ce_id is not the digest" in decoded.problem


def test_personal_fields_travel_as_pointers():
    submitted = SAMPLES["backline.request.submitted.v1.json"]["body"]
    assert submitted["request"]["details"]["jury"] == {"$personal": "details.jury"}
