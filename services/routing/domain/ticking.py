"""The clocks of a request as its state keeps them, and how they follow from what is said. Pure.

Invariant: a clock is warned of, breached and told to the leaders at most once, unless it is reckoned anew to a later moment.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, Self, TypeGuard

from shared.schemas.envelope import Event
from shared.schemas.model import Frozen
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    DeliveryConfirmed,
    EscalatedToLeader,
    RequestAmended,
    RequestReopened,
    RequestWithdrawn,
    SupporterReleased,
    SupportersAssigned,
    WorkAccepted,
    WorkCompleted,
    WorkDeclined,
    WorkPaused,
    WorkResumed,
    WorkSentBack,
)
from shared.schemas.service_levels import (
    ClockName,
    ConfirmationReminded,
    Due,
    ServiceLevelBreached,
    ServiceLevelWarned,
)
from shared.schemas.status import WorkStatus


class Answering(Protocol):
    """A seat, as far as its holder's answer goes."""

    @property
    def person(self) -> str: ...

    @property
    def accepted(self) -> bool: ...


ENDS: dict[str, tuple[ClockName, ...]] = {
    TYPE_OF[SupportersAssigned]: ("assignment",),
    TYPE_OF[WorkAccepted]: ("response",),
    TYPE_OF[WorkCompleted]: ("assignment", "response", "delivery"),
    TYPE_OF[DeliveryConfirmed]: ("confirmation",),
    TYPE_OF[RequestReopened]: ("confirmation",),
}
"""The clocks that are met with a fact."""
HALTS = {TYPE_OF[WorkPaused], TYPE_OF[WorkSentBack]}
MARKS = {
    TYPE_OF[ServiceLevelWarned]: "warned",
    TYPE_OF[ConfirmationReminded]: "warned",
    TYPE_OF[ServiceLevelBreached]: "breached",
    TYPE_OF[EscalatedToLeader]: "led",
}
RESUMED, AMENDED = TYPE_OF[WorkResumed], TYPE_OF[RequestAmended]


class Clock(Due):
    """One clock. `started` is when it first ran, `held_since` since when its work is halted; the others are when it came to that."""

    started: datetime
    held_since: datetime | None = None
    warned: datetime | None = None
    breached: datetime | None = None
    led: datetime | None = None
    met: datetime | None = None

    @property
    def runs(self) -> bool:
        """Whether its time passes."""
        return self.met is None and self.held_since is None

    @property
    def next_at(self) -> datetime | None:
        """When there is something to say of it; None when there is nothing more, or while its time does not pass."""
        if not self.runs:
            return None
        if self.clock == "confirmation":  # what happens at its end is said by the confirmation itself
            return None if self.warned else self.warn_at
        if self.breached is None:
            return self.due if self.warned else min(self.warn_at, self.due)
        return None if self.led else self.leader_at

    def reckoned(self, due: Due, at: datetime) -> Self:
        """This clock with other moments; what lies ahead again is said again when it comes."""
        later = {
            "warned": self.warned if due.warn_at <= at else None,
            "breached": self.breached if due.due <= at else None,
            "led": self.led if due.leader_at is not None and due.leader_at <= at else None,
        }
        return self.model_copy(update={**dict(due), **later})


class Clocks(Frozen):
    """A request's clocks, each by its name once. `due` is the nearest moment at which one that runs is due."""

    clocks: tuple[Clock, ...] = ()
    due: datetime | None = None
    provisional: bool = False

    @classmethod
    def of(cls, clocks: Iterable[Clock]) -> Self:
        """These clocks and what follows from them."""
        all_of_them = tuple(clocks)
        due = min((clock.due for clock in all_of_them if clock.runs), default=None)
        return cls(clocks=all_of_them, due=due, provisional=any(clock.provisional for clock in all_of_them if not clock.met))

    def get(self, name: ClockName) -> Clock | None:
        """The clock of that name that is not met yet."""
        return next((clock for clock in self.clocks if clock.clock == name and clock.met is None), None)

    @property
    def next_at(self) -> datetime | None:
        """When there is something to say of one of them."""
        return min((moment for clock in self.clocks if (moment := clock.next_at)), default=None)

    @property
    def open(self) -> tuple[Clock, ...]:
        """Those that are not met."""
        return tuple(clock for clock in self.clocks if clock.met is None)


NO_CLOCKS = Clocks()


def ticked(clocks: Clocks, event: Event, *, status: WorkStatus, supporters: Iterable[Answering], halted: bool) -> Clocks:
    """The clocks after `event`, which led to `status` and `supporters`: a service level runs for as long as somebody is there to keep
    it."""
    nobody_left = event.type == TYPE_OF[WorkDeclined] and all(one.accepted for one in supporters)
    if nobody_left and status == "waiting" and clocks.get("response"):
        return without_response(clocks)
    if event.type == TYPE_OF[WorkAccepted] and accepted_by_another(clocks, event.read_as(WorkAccepted)):
        return clocks
    dues = [Due.model_validate(due) for due in event.data.get("clocks", ())]
    clocks = turned(clocks, event.type, dues, event.time, named=event.data.get("clock"), halted=halted)
    gone = event.type == TYPE_OF[SupporterReleased] and left_to_others(clocks, supporters)
    return without_response(clocks) if gone else clocks


def turned(
    clocks: Clocks, kind: str, dues: Sequence[Due], at: datetime, *, named: str | None = None, halted: bool = False
) -> Clocks:
    """The clocks after a fact of type `kind`, said at `at`, that sets `dues`; `named` is the clock that it is about.

    Of one that starts while the work is `halted` no time passes yet.
    """
    if kind == TYPE_OF[RequestWithdrawn]:
        return Clocks.of(clock for clock in clocks.clocks if clock.met)
    about = "confirmation" if kind == TYPE_OF[ConfirmationReminded] else named
    changed = [_touched(clock, kind, at, about) for clock in clocks.clocks]
    by_name = {clock.clock: clock for clock in changed}
    for due in dues:
        before = by_name.get(due.clock)
        by_name[due.clock] = _set(before, due, kind, at) if _open(before) else _started(due, halted=halted)
    return Clocks.of(by_name.values()) if dues or changed != list(clocks.clocks) else clocks


def without_response(clocks: Clocks) -> Clocks:
    """The clocks once nobody who was asked is there to answer any more."""
    return Clocks.of(clock for clock in clocks.clocks if clock.clock != "response" or clock.met)


def accepted_by_another(clocks: Clocks, said: WorkAccepted) -> bool:
    """Whether somebody other than the newcomer whose answer is waited for accepts."""
    asked = clocks.get("response")
    return asked is not None and not said.first and asked.person != (said.on_behalf_of or said.by)


def left_to_others(clocks: Clocks, supporters: Iterable[Answering]) -> bool:
    """Whether the newcomer whose answer was waited for is there no more, beside others who have accepted."""
    asked, seats = clocks.get("response"), tuple(supporters)
    there = {seat.person for seat in seats}
    return asked is not None and asked.person not in there and any(seat.accepted for seat in seats)


def _touched(clock: Clock, kind: str, at: datetime, named: str | None) -> Clock:
    if clock.met:
        return clock
    if clock.clock in ENDS.get(kind, ()):
        return clock.model_copy(update={"met": at, "held_since": None})
    if kind in HALTS and clock.held_since is None:
        return clock.model_copy(update={"held_since": max(at, clock.since)})
    if kind in MARKS and clock.clock == named:
        return clock.model_copy(update={MARKS[kind]: at})
    return clock


def _open(clock: Clock | None) -> TypeGuard[Clock]:
    return clock is not None and clock.met is None


def _started(due: Due, *, halted: bool) -> Clock:
    """A clock where there was none, or one that is met."""
    return Clock(**dict(due), started=due.since, held_since=due.since if halted else None)


def _set(before: Clock, due: Due, kind: str, at: datetime) -> Clock:
    """A clock goes on to another moment."""
    moved = before.reckoned(due, at)
    if kind == RESUMED:
        return moved.model_copy(update={"held_since": None})
    # The requester names the moment as of now, so of its time none has passed in the halt.
    return moved.model_copy(update={"held_since": at}) if kind == AMENDED and moved.held_since else moved
