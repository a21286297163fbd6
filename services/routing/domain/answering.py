"""How it stands with what somebody was asked by mail, and what they may answer now; the answer itself is a command as any other. Pure.

Invariant: nothing is offered for another wording, round or delivery than the one they were asked about.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.routing.domain.life import HALTED
from services.routing.domain.review.model import Review
from services.routing.domain.review.places import place_of
from services.routing.domain.standing_in import acts_for
from services.routing.domain.state import Held, State
from shared.acting.links import Ask, Purpose
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.registry import TYPE_OF
from shared.schemas.reviews import OpinionGiven
from shared.schemas.routing import DeliveryConfirmed, RequestReopened, WorkAccepted, WorkCommand, WorkDeclined
from shared.schemas.status import WorkStatus

Answer = Literal["approve", "approve_with_changes", "reject", "accept", "decline", "confirm", "reopen"]
How = Literal[
    "open", "withdrawn", "ended", "halted", "amended", "superseded", "not_yours", "accepted", "given", "decided", "not_turn",
    "waits", "confirmed", "reopened",
]  # fmt: skip
COMMAND: Mapping[Answer, WorkCommand] = {
    "approve": "opine",
    "approve_with_changes": "opine",
    "reject": "opine",
    "accept": "accept",
    "decline": "decline",
    "confirm": "confirm",
    "reopen": "reopen",
}
OPINIONS: tuple[Answer, ...] = ("approve", "approve_with_changes", "reject")
SAID: Mapping[str, Answer] = {
    TYPE_OF[DeliveryConfirmed]: "confirm",
    TYPE_OF[RequestReopened]: "reopen",
    TYPE_OF[WorkDeclined]: "decline",
    TYPE_OF[WorkAccepted]: "accept",
}
FOR_NOW: frozenset[How] = frozenset({"halted", "not_turn", "waits"})
"""What passes: the same link may be used later."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`offers` are empty unless it is open. `holder` is in whose place they would answer; None for themselves."""

    how: How
    offers: tuple[Answer, ...] = ()
    holder: str | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An ask, of whom, and the world it is looked at in."""

    ask: Ask
    person: str
    directory: Directory
    now: datetime

    def for_whom(self, holder: str) -> bool:
        """Whether they may answer as `holder`."""
        return acts_for(self.person, holder, self.directory, self.now)

    def opened(self, holder: str, *offers: Answer) -> Standing:
        """They may answer."""
        return Standing(how="open", offers=offers, holder=holder if holder != self.person else None)


def answer_of(events: Iterable[Event]) -> tuple[Answer, Json] | None:
    """What an answer said, and the data of its event, of the `events` it caused; with an opinion the work may be accepted as well."""
    by_type = {event.type: event for event in events}
    if (given := by_type.get(TYPE_OF[OpinionGiven])) is not None:
        return given.read_as(OpinionGiven).opinion, given.data
    return next(((answer, by_type[kind].data) for kind, answer in SAID.items() if kind in by_type), None)


def standing(state: State, asked: Asked) -> Standing:
    """How it stands now."""
    if state.status == "withdrawn":
        return Standing(how="withdrawn")
    purpose: Purpose = asked.ask.purpose
    if purpose == "delivery":
        return _delivery(state, asked)
    if purpose == "coordinate":
        return _coordination(state, asked)
    if purpose == "opinion" or state.review is not None:
        return _opinion(state, state.review or Review(), asked)
    return _support(state, asked)


def _delivery(state: State, asked: Asked) -> Standing:
    requester = state.request.requester.id if state.request else ""
    if not asked.for_whom(requester):
        return Standing(how="not_yours")
    if asked.ask.stamp != state.delivery:
        return Standing(how="superseded")
    if state.status == "confirmed":
        return Standing(how="confirmed")
    if state.status != "completed":
        return Standing(how="reopened")
    own = asked.person in state.workers and asked.person not in state.asked_themselves
    return asked.opened(requester, "reopen") if own else asked.opened(requester, "confirm", "reopen")


def _coordination(state: State, asked: Asked) -> Standing:
    seat = state.coordinator
    if seat is None or not asked.for_whom(seat.person):
        return Standing(how="not_yours")
    halted = _halted(state.status)
    return halted or asked.opened(seat.person, "decline")


def _support(state: State, asked: Asked) -> Standing:
    seat = _own(state.supporters, asked)
    if seat is None:
        return Standing(how="not_yours")
    if halted := _halted(state.status):
        return halted
    if seat.accepted:
        return Standing(how="accepted")
    return asked.opened(seat.person, "accept", "decline")


def _opinion(state: State, review: Review, asked: Asked) -> Standing:
    """Whoever is told of a seat is told before its review opens: what they were asked is about the first round, or one still to come."""
    about = max(asked.ask.round, 1)
    if about > review.round:
        review = Review()
    places = {place_of(seat): seat for seat in state.supporters if asked.for_whom(seat.person)}
    mine = [party for party in review.parties if party.key in places]
    if not places or (review.parties and not mine):
        return Standing(how="not_yours")
    if review.round > about:
        return Standing(how="superseded")
    if any(review.said(party.key) is not None for party in mine) and not any(party in review.turn for party in mine):
        return Standing(how="given")
    if review.outcome is not None:
        return Standing(how="decided")
    if asked.ask.stamp != state.version:
        return Standing(how="amended")
    if halted := _halted(state.status):
        return halted
    if not review.runs:
        return Standing(how="waits")
    if any(opinion.by == asked.person for opinion in review.opinions):
        return Standing(how="given")
    turns = sorted(
        (places[party.key].person != asked.person, place_of(places[party.key])) for party in mine if party in review.turn
    )
    return asked.opened(places[turns[0][1]].person, *OPINIONS) if turns else Standing(how="not_turn")


def _own(seats: tuple[Held, ...], asked: Asked) -> Held | None:
    own = next((seat for seat in seats if seat.person == asked.person), None)
    return own or next((seat for seat in seats if asked.for_whom(seat.person)), None)


def _halted(status: WorkStatus) -> Standing | None:
    """Why nobody may answer in `status`, if it is so."""
    if status in HALTED:
        return Standing(how="halted")
    return Standing(how="ended") if status in {"completed", "confirmed"} else None
