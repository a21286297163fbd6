"""Who has a part in a request after what routing said of seats: intake, documents and notify read it alike."""

from collections.abc import Sequence

from shared.schemas.choices import Seat
from shared.schemas.routing import (
    CoordinationHandedOver,
    CoordinatorAssigned,
    RequestReopened,
    SupporterAdded,
    SupporterReleased,
    SupportersAssigned,
    SupportHandedOver,
    WorkDeclined,
)

Supported = SupportHandedOver | SupporterAdded | SupporterReleased | SupportersAssigned
Seated = Supported | CoordinatorAssigned | CoordinationHandedOver | RequestReopened | WorkDeclined
"""The facts after which other people have a part in a request."""


def seats_after(seats: Sequence[Seat], said: Seated) -> tuple[Seat, ...]:
    """Who has a part in a request after `said`, coordinators first, when `seats` had one before."""
    match said:
        case WorkDeclined():
            return tuple(seat for seat in seats if not said.vacates(seat))
        case CoordinatorAssigned(seat=given) | CoordinationHandedOver(seat=given):
            return coordinated_by(given, seats)
        case RequestReopened(coordinator=coordinator, supporters=supporters):
            return (*((coordinator,) if coordinator else ()), *supporters)
        case _:
            return supported_by(said.seats, seats)


def coordinated_by(given: Seat, seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """`seats` with another coordinator."""
    return (given, *(seat for seat in seats if seat.step != "coordinator"))


def supported_by(given: Sequence[Seat], seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """`seats` with other supporters."""
    return (*(seat for seat in seats if seat.step == "coordinator"), *given)
