"""Whose topic a record came on is whose it is: what names another unit there is refused, and each unit is answered on its own."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from services.intake.inbound import Inbound, VerdictsNotSaidError, heard_topics
from services.intake.reception import Reception
from services.intake.settings import IntakeSettings
from shared.ledger.messages import Outcome, Told
from shared.messaging.dead_letters import Dead
from shared.messaging.producer import Outgoing
from shared.messaging.wire import Record
from shared.schemas.topics import INBOUND, VERDICTS, inbound_of, topics_of, verdicts_of
from shared.service.settings import SettingsError
from tests.builders import NOW, a_body
from tests.builders.keys import MemoryKeys
from tests.unit.intake.states import a_desk
from tests.unit.ledger.small_domain import FakeClock

UNITS = ("harbour", "islands")
NEEDED = {
    "BACKLINE_MONGO_URI": "mongodb://x/",
    "BACKLINE_BROKER": "x:1",
    "BACKLINE_SERVICE_TOKEN": "a-service-token-of-tests",
    "BACKLINE_LINK_SECRET": "q4Wz-links-of-files-are-signed-with-this-0815",
}
ASKED = {"BACKLINE_KAFKA_SECURITY": "SASL_SSL"}


class Desk:
    def __init__(self) -> None:
        self.told: list[Told] = []

    async def tell(self, message: Told) -> Outcome:
        self.told.append(message)
        return Outcome(subject=message.subject, state=a_desk("submitted").state, answer={"outcome": "accepted"})


class Grave:
    async def bury(self, dead: Sequence[Dead]) -> None:
        self.dead = list(dead)


class Says:
    def __init__(self, lost: str = "") -> None:
        self.said: dict[str, list[Any]] = {}
        self.lost = lost

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[bool]:
        self.said.setdefault(topic, []).extend(orjson.loads(value or b"") for _, value, _ in records)
        return [topic != self.lost] * len(records)


def a_record(topic: str, unit: str, offset: int = 0, value: bytes | None = None) -> Record:
    body = orjson.dumps(a_body(business_unit=unit))
    return Record(topic=topic, partition=0, offset=offset, key=b"k", headers=(), value=body if value is None else value)


async def handled(*records: Record, lost: str = "") -> tuple[Desk, Says]:
    desk, says = Desk(), Says(lost)
    inbound = Inbound(Reception(desk, FakeClock(NOW), MemoryKeys()), Grave(), says, UNITS)  # type: ignore[arg-type]
    await inbound.handle(records)
    return desk, says


async def test_each_unit_is_answered_on_its_own_topic_in_the_order_it_wrote():
    ours, theirs, shared = inbound_of("harbour").name, inbound_of("islands").name, INBOUND.name
    records = (
        a_record(ours, "harbour"),
        a_record(theirs, "islands"),
        a_record(ours, "harbour", 1, b"{"),
        a_record(shared, "islands"),
    )
    _, says = await handled(*records)
    assert {topic: [answer["outcome"] for answer in answers] for topic, answers in says.said.items()} == {
        verdicts_of("harbour").name: ["accepted", "refused"],
        verdicts_of("islands").name: ["accepted"],
        VERDICTS.name: ["accepted"],
    }


@pytest.mark.parametrize("action", [b"submit", b"amend", b"withdraw"])
async def test_what_names_another_unit_is_refused_and_told_to_nobody_else(action: bytes):
    record = a_record(inbound_of("islands").name, "harbour")
    desk, says = await handled(Record(**{**vars_of(record), "headers": (("action", action),)}))
    assert desk.told == []
    ((topic, (answer,)),) = says.said.items()
    assert topic == verdicts_of("islands").name
    assert (answer["id"], answer["number"], answer["problem"]["code"]) == (None, None, "not_your_unit")


def vars_of(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("topic", "partition", "offset", "key", "headers", "value")}


async def test_a_unit_files_in_its_own_name():
    desk, _ = await handled(a_record(inbound_of("harbour").name, "harbour"))
    assert [(told.data["by"], told.data["filed_by"]) for told in desk.told] == [("unit:harbour", "harbour")]


async def test_when_one_units_verdicts_are_not_taken_all_records_are_read_again():
    records = (a_record(inbound_of("harbour").name, "harbour"), a_record(inbound_of("islands").name, "islands"))
    with pytest.raises(VerdictsNotSaidError):
        await handled(*records, lost=verdicts_of("islands").name)


@pytest.mark.parametrize(
    ("environment", "given", "topics"),
    [
        ("development", {}, [INBOUND]),
        ("production", {}, []),
        ("production", {"BACKLINE_INBOUND_SHARED": "true"}, [INBOUND]),
        ("production", {"BACKLINE_INBOUND_UNITS": "east, north,east", **ASKED}, [inbound_of("east"), inbound_of("north")]),
        ("development", {"BACKLINE_INBOUND_UNITS": "east", "BACKLINE_INBOUND_SHARED": "false"}, [inbound_of("east")]),
    ],
)
def test_the_shared_topic_is_for_development_or_named_explicitly(environment: str, given: dict[str, str], topics: list[Any]):
    settings = IntakeSettings.read("intake", {**NEEDED, "BACKLINE_ENVIRONMENT": environment, **given})
    assert list(heard_topics(settings.units_inbound, shared=settings.reads_shared)) == topics


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_units_have_topics_where_the_broker_asks_who_writes_or_it_is_named_explicitly_that_anybody_may(protocol: str):
    given = {**NEEDED, "BACKLINE_INBOUND_UNITS": "east", "BACKLINE_KAFKA_SECURITY": protocol}
    if not protocol.startswith("SASL_"):
        with pytest.raises(SettingsError, match="BACKLINE_INBOUND_UNAUTHENTICATED=true"):
            IntakeSettings.read("intake", given)
        given["BACKLINE_INBOUND_UNAUTHENTICATED"] = "true"
    assert IntakeSettings.read("intake", given).units_inbound == ("east",)
    assert IntakeSettings.read("intake", {**NEEDED, "BACKLINE_KAFKA_SECURITY": protocol}).units_inbound == ()


def test_a_code_that_no_topic_can_be_named_after_is_refused_by_the_settings():
    with pytest.raises(SettingsError, match="INBOUND_UNITS"):
        IntakeSettings.read("intake", {**NEEDED, "BACKLINE_INBOUND_UNITS": "east,华东"})
    assert len({topic.name for topic in topics_of(UNITS)}) == 4
