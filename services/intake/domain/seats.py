"""Who has a part in a request, as routing told it. Pure."""

from services.intake.domain.state import State
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import Seat, WorkDeclined
from shared.schemas.seats import coordinated_by, seats_after, supported_by


def seated(state: State) -> frozenset[str]:
    """Who has a seat now, as routing told it: whoever gave theirs back has not."""
    seats: tuple[Seat, ...] = ()
    for moment in state.timeline:
        match moment.data:
            case {"seat": seat}:
                seats = coordinated_by(Seat.model_validate(seat), seats)
            case {"seats": given}:
                seats = supported_by([Seat.model_validate(seat) for seat in given], seats)
            case {"coordinator": coordinator, "supporters": supporters}:
                kept = [*([coordinator] if coordinator else []), *supporters]
                seats = tuple(Seat.model_validate(seat) for seat in kept)
            case declined if moment.type == TYPE_OF[WorkDeclined]:
                seats = seats_after(seats, WorkDeclined.model_validate(declined))
    return frozenset(seat.person for seat in seats)
