"""What somebody who is told is asked to do about it: the rows of the policy's table `acting`, and what the answer speaks of. Pure.

Invariants: what is asked follows from the event and what was heard before it, so that a message that is tried again has the same
link; whoever has a seat is asked by one mail, however many events one cause has.
"""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.notify.facts import particulars as particulars_of
from services.notify.state import AskedOfOneCause, Known, State
from shared.acting.links import Purpose
from shared.schemas import intake, reviews, routing
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.schemas.registry import MODELS

RESPONSE = "response"
OF_SEATS: frozenset[Purpose] = frozenset({"support", "opinion"})
"""What is asked of whoever has a seat: the link of either takes the same answers in a review."""


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
        case routing.RequestReopened() if known.round:
            return known.model_copy(update={"round": known.round + 1})
        case routing.WorkCompleted():
            return known.model_copy(update={"delivery": event.sequence})
        case _:
            return known


def asked_after(acting: Acting, state: State, event: Event) -> AskedOfOneCause | None:
    """Who is asked for the answer of a seat by `event`, which led to `state`, and by those of its cause before it."""
    kinds = {kind for kind, purpose in acting.events.get(event.type, {}).items() if purpose in OF_SEATS}
    if not kinds or event.causationid is None:
        return state.asked
    said = particulars_of(event)
    people = (*(state.supporters if "supporters" in kinds else ()), *(said.get("asked", ()) if "asked" in kinds else ()))
    now = tuple(person for person in dict.fromkeys(people) if _concerned(person, said))
    last = state.asked if state.asked and state.asked.cause == event.causationid else AskedOfOneCause(cause=event.causationid)
    return AskedOfOneCause(cause=last.cause, people=now, before=tuple(dict.fromkeys((*last.before, *last.people))))


def asked_already(state: State, event: Event, recipient: str, ask: Json | None) -> bool:
    """Whether another event of the same cause has asked them."""
    asked_of = state.asked
    if ask is None or ask["purpose"] not in OF_SEATS or asked_of is None or asked_of.cause != event.causationid:
        return False
    return recipient in asked_of.before


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
