"""Whose places an event frees, and whether the work counts as given to them."""

from dataclasses import dataclass

from services.routing.domain import State
from services.routing.ports import Place
from shared.schemas.envelope import Event
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    CoordinationHandedOver,
    RequestWithdrawn,
    SupporterReleased,
    SupportHandedOver,
    WorkCompleted,
    WorkDeclined,
)

GIVEN_AWAY = frozenset({TYPE_OF[SupportHandedOver], TYPE_OF[CoordinationHandedOver], TYPE_OF[SupporterReleased]})


@dataclass(frozen=True, kw_only=True)
class Left:
    """A place that is given back; `untouched` is one whose holder had not taken the work on."""

    place: Place
    untouched: bool


def left(subject: str, event: Event, state: State) -> list[Left]:
    """The places of a request that `event` frees, as far as nobody in `state`, which is after it, holds them."""
    untouched = event.data.get("accepted") is False
    return [Left(place=(subject, person), untouched=untouched) for person in sorted(_leaving(event, state))]


def _leaving(event: Event, state: State) -> frozenset[str]:
    if event.type == TYPE_OF[WorkDeclined]:
        said = event.read_as(WorkDeclined)
        return frozenset({said.on_behalf_of or said.by}) - state.holders()
    if event.type in GIVEN_AWAY:
        return frozenset({str(event.data["holder"])}) - state.holders()
    if event.type in {TYPE_OF[WorkCompleted], TYPE_OF[RequestWithdrawn]}:
        return state.seated() - state.holders()  # it may have been reopened since
    return frozenset()
