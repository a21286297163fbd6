"""Who is tried first when somebody has room again: who waits longest, and in season whoever counts as having waited longest."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.routing.domain.seasons.ageing import Queued, in_order
from services.routing.surroundings import RoutingSurroundings
from services.routing.waking import Waker
from shared.schemas.seasons import Season
from tests.unit.routing.routing_build import CALENDAR, MANAGER, NOW, PACK, POLICY, a_directory
from tests.unit.routing.routing_fakes import FakeClock, FakePeople, FakeRequests, FakeSeats
from tests.unit.routing.routing_room import ANNA, a_waiting
from tests.unit.routing.season_build import a_season

HOUR = timedelta(hours=1)


class InSeason:
    """A season, or none."""

    def __init__(self, *seasons: Season) -> None:
        self.seasons = seasons

    async def current(self) -> tuple[Season, ...]:
        return self.seasons

    async def in_order(self, queue: Sequence[Queued]) -> Sequence[str] | None:
        return in_order(queue, self.seasons, NOW, POLICY.season.ageing) if self.seasons else None


def waiting() -> FakeRequests:
    """An ordinary request that waits for two hours, and an urgent one that waits for one."""
    plain, urgent = a_waiting("R1"), a_waiting("R2")
    asked = urgent.request.model_copy(update={"priority": "urgent"})
    states = {
        "R1": plain.state.model_copy(update={"waiting_since": NOW - 2 * HOUR}),
        "R2": urgent.state.model_copy(update={"waiting_since": NOW - HOUR, "request": asked}),
    }
    return FakeRequests(states)


@pytest.mark.parametrize(("seasons", "order"), [((), ("R1", "R2")), ((a_season(),), ("R2", "R1"))], ids=["plain", "season"])
async def test_the_urgent_are_tried_first_in_season_alone(seasons: tuple[Season, ...], order: tuple[str, ...]):
    woken: list[tuple[tuple[str, ...], str]] = []

    async def wake(subjects: Sequence[str], reason: str) -> None:
        woken.append((tuple(subjects), reason))

    waker = Waker(waiting(), InSeason(*seasons).in_order)
    waker.wake = wake
    waker.everybody("season")
    await waker.quiet()
    waker.seats_freed(frozenset({"presales_engineer"}))
    await waker.quiet()
    assert woken == [(order, "season"), (order, "seat_freed")]


async def test_decisions_read_the_seasons():
    given: dict[str, Any] = {"clock": FakeClock(), "people": FakePeople(a_directory(MANAGER, ANNA)), "policy": POLICY}
    packs = {(PACK.name, PACK.version): PACK}
    around = RoutingSurroundings(
        **given, packs=packs, calendar=CALENDAR, seats=FakeSeats(), requests=waiting(), seasons=InSeason(a_season())
    )
    context = await around.context([])
    assert context.cap("east", 8) == 12
    assert context.cap("south", 8) == 8
