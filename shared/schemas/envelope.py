"""The event: CloudEvents 1.0 attributes plus the chain that makes a request's history ordered and tamper-evident.

Invariant: an event's `id` is a digest of everything else it says, its predecessor's id included, so the
same (source, subject, sequence) with another id is a fork and is seen as one.
"""

import builtins
import hashlib
from datetime import datetime
from typing import Literal, Self, TypeVar

import orjson
from pydantic import BaseModel, Field, TypeAdapter

from shared.schemas.model import Frozen, Json

Source = Literal["intake", "routing", "notify", "documents"]
SOURCES: tuple[Source, ...] = ("intake", "routing", "notify", "documents")
MOMENT = TypeAdapter(datetime)
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
        unsigned = cls.model_validate({"id": "", **attributes})
        return unsigned.model_copy(update={"id": unsigned.digest()})

    def digest(self) -> str:
        """24 hex digits of SHA-256 over the canonical JSON of the attributes that are given, but the id and the trace."""
        content = {"data": self.data, "after": self.after, **self.attributes()}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]

    def attributes(self) -> dict[str, str | int]:
        """The context attributes that are given, as JSON has them; without the id, `after`, the trace and the data."""
        given = {
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "sequence": self.sequence,
            "time": MOMENT.dump_python(self.time, mode="json"),
            "dataschema": self.dataschema,
            "previous": self.previous,
            "correlationid": self.correlationid,
            "causationid": self.causationid,
            "businessunit": self.businessunit,
        }
        return {name: value for name, value in given.items() if value is not None}


def dataschema(event_type: str, major: int = 1) -> str:
    """The name of the schema of `event_type`'s data."""
    return f"urn:backline:{event_type}:{major}"
