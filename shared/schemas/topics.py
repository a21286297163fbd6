"""Every topic, declared once as data: its one writer, its key, its retention."""

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
INBOUND = Topic(name="backline.inbound.v1", writer="business units", key="unit|system|reference")
VERDICTS = Topic(name="backline.verdicts.v1", writer="intake", key="unit|system|reference")
DEAD_LETTER: dict[Source, Topic] = {
    source: Topic(name=f"backline.{source}.dead-letter", writer=source, key="topic|partition|offset", partitions=1)
    for source in SOURCES
}
TOPICS: tuple[Topic, ...] = (*REQUEST_TOPICS.values(), PEOPLE, INBOUND, VERDICTS, *DEAD_LETTER.values())
