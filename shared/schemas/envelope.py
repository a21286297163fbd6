"""The event: CloudEvents 1.0 attributes plus the chain that makes a request's history ordered and tamper-evident.

Invariant: an event's `id` is a digest of everything else it says, its predecessor's id included, so the
same (source, subject, sequence) with another id is a fork and is seen as one.
"""

import builtins
import hashlib
from datetime import datetime
from typing import Any, Literal, Self, TypeVar

import orjson
from pydantic import BaseModel, Field, TypeAdapter

from shared.schemas.model import Frozen, Json

Source = Literal["intake", "routing", "notify", "documents"]
SOURCES: tuple[Source, ...] = ("intake", "routing", "notify", "documents")
MOMENT = TypeAdapter(datetime)
FRESH = hashlib.sha256()
"""A copy of one costs half of what a new one does."""
OPTIONAL = ("previous", "correlationid", "causationid", "businessunit")
M = TypeVar("M", bound=BaseModel)


class Event(Frozen):
    """One fact, said by one service about one subject (a request or a person).

    `sequence` counts 1, 2, 3 … per (source, subject). `after` names, per other source, the last sequence the
    sender had applied when it spoke (causal order). `previous` is the id of the sender's event before this one.
    """

    id: str
    source: Source
    type: str = Field(description="a fact in the past tense, for example backline.request.submitted")
    subject: str = Field(description="the request's id, and the record's key")
    sequence: int = Field(ge=1)
    time: datetime
    data: Json
    dataschema: str = Field(description="urn:backline:<type>:<major version>")
    after: dict[str, int] = Field(default_factory=dict)
    previous: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    businessunit: str | None = None
    traceparent: str | None = None

    def read_as(self, model: builtins.type[M]) -> M:
        """The data as `model`, validated once. Raises ValidationError."""
        # Beside the fields, so that two events are equal whether they were read or not; a copy with other data is read anew.
        data, fact = self.__dict__.get("_fact", (None, None))
        if data is not self.data or fact.__class__ is not model:
            fact = model.model_validate(self.data)
            self.__dict__["_fact"] = (self.data, fact)
        assert isinstance(fact, model), "it was validated as this model"
        return fact

    @classmethod
    def say(cls, **attributes: object) -> Self:
        """Make an event and give it the id that its content determines."""
        event = cls.model_validate({"id": "", **attributes})
        event.__dict__["id"] = event.digest()  # nobody else has the event yet
        return event

    def digest(self) -> str:
        """24 hex digits of SHA-256 over the canonical JSON of the attributes that are given, but the id and the trace."""
        content: Json = self.attributes()
        content["data"], content["after"] = self.data, self.after
        digest = FRESH.copy()
        digest.update(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
        return digest.hexdigest()[:24]

    def attributes(self) -> dict[str, Any]:
        """The context attributes that are given, as JSON has them; without the id, `after`, the trace and the data."""
        given: dict[str, Any] = {
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "sequence": self.sequence,
            "time": MOMENT.serializer.to_python(self.time, mode="json"),
            "dataschema": self.dataschema,
        }
        for name in OPTIONAL:
            if (value := getattr(self, name)) is not None:
                given[name] = value
        return given


def dataschema(event_type: str, major: int = 1) -> str:
    """The name of the schema of `event_type`'s data."""
    return f"urn:backline:{event_type}:{major}"
