"""What somebody who is told is asked to do about it: the rows of the policy's table `acting`, and what the answer speaks of. Pure.

Invariant: what is asked follows from the event and what was heard before it, so that a message that is tried again has the same link.
"""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.notify.state import Known, State
from shared.acting.links import Purpose
from shared.schemas import intake, reviews, routing
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.schemas.registry import MODELS

RESPONSE = "response"


class Acting(BaseModel):
    """By event type and kind of recipient, what they are asked. A link is good for `days` from the event on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(default=7, ge=1, le=60)
    events: Mapping[str, Mapping[str, Purpose]] = Field(default_factory=dict)

    @field_validator("events")
    @classmethod
    def _known(cls, events: Mapping[str, Mapping[str, Purpose]]) -> Mapping[str, Mapping[str, Purpose]]:
        if unknown := sorted(events.keys() - MODELS.keys()):
            raise ValueError(f"no service says {', '.join(unknown)}; use the names of the contract")
        return events


def known_after(known: Known | None, said: object, event: Event) -> Known | None:
    """What is known of wording, delivery and round after `said`; None stays so: of a request from before there were links."""
    match said:
        case intake.RequestSubmitted():
            return known or Known()
        case _ if known is None:
            return None
        case routing.RequestAmended(version=version):
            return known.model_copy(update={"version": version})
        case reviews.ReviewOpened(round=number):
            return known.model_copy(update={"round": number})
        case routing.WorkCompleted():
            return known.model_copy(update={"delivery": event.sequence})
        case _:
            return known


def asked(acting: Acting, state: State, event: Event, kind: str, recipient: str, particulars: Json) -> Json | None:
    """What `recipient`, told as `kind`, is asked, as the item keeps it; None when nothing is."""
    purpose = acting.events.get(event.type, {}).get(kind)
    if purpose is None or state.known is None or not _concerned(recipient, particulars):
        return None
    stamp = state.known.delivery if purpose == "delivery" else state.known.version
    until = int((event.time + timedelta(days=acting.days)).timestamp())
    return {"purpose": purpose, "stamp": stamp, "round": state.known.round, "until": until}


def _concerned(recipient: str, particulars: Json) -> bool:
    """Whether it is they whom the event is about, where it names somebody; of the clocks, only the one for the answer asks for one."""
    named, clock = particulars.get("person"), particulars.get("clock")
    return named in {None, recipient} and clock in {None, RESPONSE}
