"""Events as their owners say them, and what they hold."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shared.schemas.documents import DocumentRendered
from shared.schemas.envelope import Event, dataschema
from shared.schemas.registry import OWNER, TYPE_OF
from tests.builders.judging import NOW


def events_of(subject: str, at: datetime = NOW) -> Callable[..., Event]:
    """A maker of events about `subject`, numbered and chained per source as they are made: say(fact, after)."""
    said: dict[str, Event] = {}

    def say(fact: Any, after: Mapping[str, int] | None = None) -> Event:
        event_type = TYPE_OF[type(fact)]
        source = OWNER[event_type]
        last = said.get(source)
        said[source] = Event.say(
            source=source,
            type=event_type,
            subject=subject,
            sequence=last.sequence + 1 if last else 1,
            previous=last.id if last else None,
            time=at,
            data=fact.model_dump(mode="json"),
            dataschema=dataschema(event_type),
            after=dict(after or {}),
        )
        return said[source]

    return say


def a_document(identity: str = "D-1", **changes: Any) -> DocumentRendered:
    """A document said to be rendered."""
    plain = DocumentRendered(
        document=identity,
        kind="tech.survey",
        name="调研纪要.pdf",
        media_type="application/pdf",
        language="zh",
        size=3,
        sha256="a" * 64,
        version=1,
        manifest={},
    )
    return plain.model_copy(update=changes)
