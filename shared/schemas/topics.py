"""Every topic, declared once as data: its one writer, its readers, its key, its retention; and a pair of topics for each unit."""

import re
from collections.abc import Iterable
from typing import Literal

from shared.schemas.envelope import SOURCES, Source
from shared.schemas.model import Frozen

PARTITIONS = 12
MAX_MESSAGE_BYTES = 2 * 1024 * 1024


class Topic(Frozen):
    """A Kafka topic. All request topics share `partitions` and the key, so that they are co-partitioned."""

    name: str
    writer: str
    key: str
    partitions: int = PARTITIONS
    cleanup: Literal["delete", "compact"] = "delete"
    max_message_bytes: int = MAX_MESSAGE_BYTES


REQUEST_TOPICS: dict[Source, Topic] = {
    "intake": Topic(name="backline.requests.v1", writer="intake", key="request id"),
    "routing": Topic(name="backline.routing.v1", writer="routing", key="request id"),
    "documents": Topic(name="backline.documents.v1", writer="documents", key="request id"),
    "notify": Topic(name="backline.notifications.v1", writer="notify", key="request id"),
}
PEOPLE = Topic(name="backline.people.v1", writer="intake", key="person or unit", partitions=1, cleanup="compact")
SEASONS = Topic(name="backline.seasons.v1", writer="routing", key="seasons", partitions=1)
SEASON_NOTIFICATIONS = Topic(name="backline.season-notifications.v1", writer="notify", key="seasons", partitions=1)
SEASONS_GROUP = "backline.notify.seasons"
HEARS: dict[Source, tuple[Source, ...]] = {
    "intake": ("routing", "documents", "notify"),
    "routing": ("intake",),
    "documents": ("intake", "routing"),
    "notify": ("intake", "routing", "documents"),
}
"""Whose requests' events each service hears; all hear of people."""
GROUPS: dict[Source, tuple[str, ...]] = {source: (f"backline.{source}",) for source in SOURCES}
INBOUND_GROUP = "backline.intake.inbound"
INBOUND = Topic(name="backline.inbound.v1", writer="business units", key="unit|system|reference")
VERDICTS = Topic(name="backline.verdicts.v1", writer="intake", key="unit|system|reference")
DEAD_LETTER: dict[Source, Topic] = {
    source: Topic(name=f"backline.{source}.dead-letter", writer=source, key="topic|partition|offset", partitions=1)
    for source in SOURCES
}
TOPICS: tuple[Topic, ...] = (
    *REQUEST_TOPICS.values(),
    PEOPLE,
    SEASONS,
    SEASON_NOTIFICATIONS,
    INBOUND,
    VERDICTS,
    *DEAD_LETTER.values(),
)

UNIT_PARTITIONS = 3
UNIT_CODE = re.compile(r"[A-Za-z0-9_-]{1,100}")


def inbound_of(unit: str) -> Topic:
    """The topic that `unit` alone writes. Raises ValueError for a code that no topic can be named after."""
    return Topic(name=f"backline.inbound.{_code(unit)}.v1", writer=unit, key=INBOUND.key, partitions=UNIT_PARTITIONS)


def verdicts_of(unit: str) -> Topic:
    """The topic that `unit` alone reads. Raises ValueError as `inbound_of`."""
    return Topic(name=f"backline.verdicts.{_code(unit)}.v1", writer="intake", key=VERDICTS.key, partitions=UNIT_PARTITIONS)


def topics_of(units: Iterable[str]) -> tuple[Topic, ...]:
    """The pair of topics of each unit."""
    return tuple(topic for unit in units for topic in (inbound_of(unit), verdicts_of(unit)))


def _code(unit: str) -> str:
    if not UNIT_CODE.fullmatch(unit):
        raise ValueError(f"{unit!r} cannot be part of a topic's name; a unit's code there has letters, digits, - and _ alone")
    return unit
