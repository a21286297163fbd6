"""Fifty names that nobody else has, in fields marked `personal` and in people's data, and everywhere that they may not be found."""

import base64
import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.schemas.topics import DEAD_LETTER, INBOUND, PEOPLE, TOPICS
from tests.builders import a_body
from tests.hostile.ground import DATABASES, SERVICE, Ground
from tests.hostile.over_http import OWN
from tests.unit.intake.letters import a_mail

Json = dict[str, Any]
NUMBER = 50
CANARIES = tuple(f"Kanari{number:02}q{number * 7919 % 9973:04}" for number in range(NUMBER))
ADDRESSES, NAMES = CANARIES[:6], CANARIES[6:12]
"""Of people in the directory: their addresses, and their names."""
_VALUES = iter(CANARIES[12:])


def _next() -> str:
    return next(_VALUES)


PERSONAL: dict[str, Json] = {
    "tech.survey": {"counterparts": [_next(), _next()]},
    "tech.proposal": {"recipients": [_next(), _next()]},
    "tech.presentation": {"audience": [_next(), _next()]},
    "tech.training": {"audience": [_next(), _next()]},
    "tech.bid": {"jury": [{"name": _next(), "organisation": _next(), "concerns": _next()}, {"name": _next()}]},
    "market.gift": {"recipients": [{"customer": _next(), "person": _next(), "quantity": 1}]},
}
CUSTOMERS = [_next(), _next()]
"""Of an event, inside its audience."""
AMENDED = _next()
MISSHAPEN: dict[str, tuple[str, Json]] = {
    "a key with a dot": ("tech.survey", {"counterparts": {f"{_next()}.x": 1}}),
    "a key beside what cannot be kept": ("tech.survey", {"counterparts": {_next(): "\0"}}),
    "a record": ("tech.survey", {"counterparts": {"name": _next()}}),
    "a number in a list": ("tech.training", {"audience": [_next(), 7, [1]]}),
    "too long": ("tech.proposal", {"recipients": [_next() + "x" * 20_001]}),
    "lines of texts": ("tech.bid", {"jury": [_next()]}),
    "a line too much": ("tech.bid", {"jury": [{"name": [_next()]}]}),
    "an audience that is a list": ("market.event", {"audience": [{f"{_next()}.": 1}]}),
    "an audience that is a text": ("market.event", {"audience": _next()}),
    "a type that is none": ("tech.nothing", {"counterparts": {_next(): {f"{_next()}.": "\0"}}}),
}
MAILED, TABLED, WRITTEN = _next(), _next(), _next()
PERSONAL["tech.proposal"]["recipients"] += _VALUES


def directory(plain: Json) -> Json:
    """The company, six of its people with canaries for addresses and six others for names."""
    changed = copy.deepcopy(plain)
    asked = [person for person in changed["people"] if person["id"] != "A1"]
    for person, canary in zip(asked, ADDRESSES, strict=False):
        person["email"] = f"{canary.lower()}@firm.example"
    for person, canary in zip(asked[6:], NAMES, strict=False):
        person["name"] = canary
    return changed


def bodies() -> dict[str, Json]:
    """A good request of each type with personal fields, by its reference."""
    found = {}
    for kind, personal in PERSONAL.items():
        body = a_body(kind, source={"system": "canary", "reference": f"N-{kind}"})
        found[kind] = {**body, "details": {**body["details"], **personal}}
    event = a_body("market.event", source={"system": "canary", "reference": "N-event"})
    event["details"]["audience"] = {**event["details"]["audience"], "customers": CUSTOMERS}
    return {**found, "market.event": event}


async def sent(ground: Ground) -> tuple[list[str], list[str]]:
    """Everything is sent on every channel; the ids of the good requests, and all that was answered."""
    base, answers, good = ground.stack.url("intake"), [], []
    for body in bodies().values():
        answer = await ground.client.post(f"{base}/v1/requests", json=body, headers=OWN)
        answers.append(answer.text)
        good.append(answer.json()["id"])
    patch = {"details": {"counterparts": [AMENDED]}}
    answers.append((await ground.client.patch(f"{base}/v1/requests/{good[0]}", json=patch, headers=OWN)).text)
    for name, (kind, details) in MISSHAPEN.items():
        body = a_body(kind if kind != "tech.nothing" else "tech.survey", source={"system": "canary", "reference": f"M-{name}"})
        wrong = {**body, "type": kind, "details": {**body["details"], **details}}
        whole = json.dumps(wrong)
        tries = [("", whole), ("", whole[:-1]), ("", json.dumps({**wrong, "source": None})), (":batch", whole)]
        answers += [(await ground.client.post(f"{base}/v1/requests{to}", content=raw, headers=OWN)).text for to, raw in tries]
    return good, answers


def the_mail() -> bytes:
    """A mail of a type that policy does not take by mail, with a name in a personal field."""
    return a_mail(f"支持类型：需求调研\n沟通对象：{MAILED}\n期望目的：弄清边界", Message_ID="<canary@firm.example>")


def the_table() -> bytes:
    """A row of the same."""
    header = "单据编号,来源系统,工号,岗位,支持类型,沟通对象,沟通方式"
    return f"{header}\r\nT-1,canary,A1,大客户经理,需求调研,{TABLED},不知道\r\n".encode()


def the_record() -> bytes:
    """A record that is returned, with a name in a personal field."""
    body = a_body("tech.survey", source={"system": "canary", "reference": "R-1"}, priority="never")
    return json.dumps({**body, "details": {**body["details"], "counterparts": [WRITTEN]}}).encode()


def found_in(texts: Mapping[str, str], canaries: Iterable[str] = CANARIES) -> list[str]:
    """Where which canary stands."""
    folded = {place: text.casefold() for place, text in texts.items()}
    return [f"{one} in {place}" for place, text in folded.items() for one in canaries if one.casefold() in text]


async def shown(ground: Ground, requests: Iterable[str]) -> dict[str, str]:
    """What services show without the right to personal values: metrics, lists, timelines, explanations, dead letters' lists."""
    texts = {}
    for service in DATABASES:
        base = ground.stack.url(service)
        texts[f"{service}'s metrics"] = (await ground.client.get(f"{base}/metrics")).text
        texts[f"{service}'s health"] = (await ground.client.get(f"{base}/readyz")).text
        texts[f"{service}'s parked"] = (await ground.client.get(f"{base}/internal/parked", headers=SERVICE)).text
    listed = f"{ground.stack.url('intake')}/v1/requests"
    texts["the list"] = (await ground.client.get(listed, headers=OWN)).text
    for request in requests:
        texts[f"the timeline of {request}"] = (await ground.client.get(f"{listed}/{request}", headers=OWN)).text
        told = f"{ground.stack.url('intake')}/internal/events/{request}"
        texts[f"the feed of {request}"] = (await ground.client.get(told, headers=SERVICE)).text
    return texts


def stored(ground: Ground) -> dict[str, str]:
    """What lies in the databases outside of what may hold personal values (docs/decisions/0003): `private`, blobs, dead letters.

    The copies of the directory hold people by design, and intake's people ledger is their source.
    """
    texts = {}
    for service in DATABASES:
        database = ground.mongo[f"backline_{service}"]
        for name in database.list_collection_names():
            if name.endswith((".chunks", "people", "dead_letters")) or name.startswith(("people_ledger", "system.")):
                continue
            for document in database[name].find({}):
                if service == "intake" and name == "requests":
                    document["state"].pop("private", None)
                texts[f"{service}.{name} {document['_id']}"] = repr(document)
    return texts


async def said(ground: Ground) -> dict[str, str]:
    """Every record of every topic but the one that units write, the directory's, and the dead letters, which repeat what was written."""
    left_out = {INBOUND.name, PEOPLE.name, *(topic.name for topic in DEAD_LETTER.values())}
    texts: dict[str, str] = {}
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.stack.broker.address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [
            TopicPartition(topic.name, n) for topic in TOPICS if topic.name not in left_out for n in range(topic.partitions)
        ]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning()
        left = {place for place, end in ends.items() if end > 0}
        while left:
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    content = (record.key, record.value, record.headers)
                    texts[f"{place.topic} {place.partition}:{record.offset}"] = repr(content) + _text(record.value)
            left = {place for place in left if await consumer.position(place) < ends[place]}
    finally:
        await consumer.stop()
    return texts


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def letters(ground: Ground) -> Iterator[str]:
    """What the dead letters of intake hold: what was written, byte for byte."""
    for letter in ground.collection("intake", "dead_letters").find({}):
        yield base64.b64decode(letter["record"]["value"] or "").decode("utf-8", "replace")
        yield str(letter["problem"])
