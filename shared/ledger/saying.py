"""Makes the next event of a document from a fact: numbered, chained to the one before, naming what its sender had heard."""

from datetime import datetime
from typing import Any

import orjson

from shared.ledger.document import Document
from shared.schemas.envelope import Event, Source, dataschema
from shared.schemas.registry import TYPE_OF

MAX_EVENT_BYTES = 1_500_000


class EventTooLargeError(Exception):
    """A decision wants to say more than one Kafka record may hold."""


def next_event(document: Document, source: Source, fact: Any, *, cause: str | None, now: datetime) -> Event:
    """The event that says `fact` next. Raises EventTooLargeError before anything is stored."""
    event_type = TYPE_OF[type(fact)]
    event = Event.say(
        source=source,
        type=event_type,
        subject=document.subject,
        sequence=document.head + 1,
        time=now,
        data=fact.model_dump(mode="json"),
        dataschema=dataschema(event_type),
        after={other: sequence for other, sequence in document.heard.items() if sequence},
        previous=document.head_id,
        correlationid=document.subject,
        causationid=cause,
        businessunit=document.unit,
    )
    if len(orjson.dumps(event.data)) > MAX_EVENT_BYTES:
        raise EventTooLargeError(f"{event_type} would be larger than {MAX_EVENT_BYTES} bytes")
    return event
