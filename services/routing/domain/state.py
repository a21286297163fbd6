"""Routing's state of one request."""

from datetime import datetime
from typing import Self

from services.routing.domain.bidding.state import Bid
from services.routing.domain.clashes import Clash
from services.routing.domain.efforts import Effort
from services.routing.domain.life import CLOSED, SEATED, VACANT
from services.routing.domain.linking.state import Link
from services.routing.domain.review.model import Review
from services.routing.domain.ticking import NO_CLOCKS, Clocks
from shared.schemas.model import Frozen
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import DecisionRecord, Seat, Step, WorkDeclined
from shared.schemas.status import WorkStatus


class Held(Seat):
    """A seat and whether its holder took the work on."""

    accepted: bool = False


class Halt(Frozen):
    """Why the work waits for somebody outside, since when and at the longest until when; `before` is the status it interrupted."""

    by: str
    reason: str
    missing: tuple[str, ...] = ()
    since: datetime
    until: datetime | None = None
    before: WorkStatus


class State(Frozen):
    """`declined` are people who may not be chosen again; `formerly` had a seat that went to others, or to nobody.

    `decisions` is the latest record of each seat's choice.

    `revision` counts what was said and heard: whoever commands may name the one they saw. `released` are seats that nobody is sought
    for any more, each place once, without a person where nobody had it; `absences` what was said of people who are away; `asked_before`
    are those whose request it was before an amendment. `asked` and `answered` are the numbers of intake's last amendment or withdrawal,
    and of the last one routing answered; `delivery` is that of the event that said it is delivered, `delivered_by` who said so and for
    whom.
    """

    status: WorkStatus = "new"
    revision: int = 0
    request: Request | None = None
    asked_before: tuple[str, ...] = ()
    policy: PolicyPin | None = None
    coordinator: Seat | None = None
    supporters: tuple[Held, ...] = ()
    released: tuple[Seat, ...] = ()
    declined: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    waiting_since: datetime | None = None
    halt: Halt | None = None
    confirm_by: datetime | None = None
    delivery: int = 0
    delivered_by: tuple[str, ...] = ()
    rating: int | None = None
    version: int = 1
    decisions: tuple[DecisionRecord, ...] = ()
    absences: tuple[str, ...] = ()
    asked: int = 0
    answered: int = 0
    review: Review | None = None
    effort: Effort | None = None
    clashes: tuple[Clash, ...] = ()
    bid: Bid | None = None
    clocks: Clocks = NO_CLOCKS
    link: Link | None = None

    @property
    def open(self) -> bool:
        """Whether people hold seats for it or may yet."""
        return self.status not in CLOSED

    @property
    def staffed(self) -> bool:
        """Whether somebody is at work on it, also while another is sought."""
        return self.status in SEATED or (self.status in VACANT and bool(self.supporters))

    @property
    def goes_on_as(self) -> WorkStatus:
        """The status of work that is no longer halted: what it was, as far as its people have not changed since."""
        if self.halt is not None and self.halt.before not in SEATED:
            return "waiting"
        return working_or_assigned(self.supporters)

    def earlier_requesters(self, amended: Request) -> tuple[str, ...]:
        """`asked_before` as it is once the request reads as `amended`."""
        before = self.request.requester.id if self.request else amended.requester.id
        return self.asked_before if before == amended.requester.id else tuple(dict.fromkeys((*self.asked_before, before)))

    def asked_for_by(self, person: str | None) -> bool:
        """Whether it is, or was once, this person's own request."""
        requester = self.request.requester.id if self.request else None
        return person is not None and (person == requester or person in self.asked_before)

    @property
    def workers(self) -> frozenset[str]:
        """Those who do or did the work: its supporters, and whoever delivered it, also in another's place."""
        return frozenset({*self.delivered_by, *(seat.person for seat in self.supporters)})

    @property
    def asked_themselves(self) -> frozenset[str]:
        """The requester, where the policy gave them their own request to do: it was theirs from the beginning."""
        own = self.request.requester.id if self.request is not None and not self.asked_before else None
        return frozenset(seat.person for seat in self.supporters if seat.person == own)

    def seated(self) -> frozenset[str]:
        """Everybody who has a seat, also when the work has ended."""
        seats = [self.coordinator] if self.coordinator else []
        return frozenset(seat.person for seat in (*seats, *self.supporters))

    def involved(self) -> frozenset[str]:
        """Everybody who has or had a seat."""
        return self.seated().union(self.declined, self.formerly)

    def since(self, before: Self) -> tuple[str, ...]:
        """Who had a seat at some time, when this state follows `before`: those known then, and who has lost theirs."""
        if self.supporters is before.supporters and self.coordinator is before.coordinator:
            return before.formerly
        gone = before.seated() - self.seated() - {*before.formerly}
        return (*before.formerly, *sorted(gone)) if gone else before.formerly

    def with_seats(self, supporters: tuple[Held, ...]) -> WorkStatus:
        """The status once these support: halted work stays so, and so does work for which somebody is still sought."""
        return self.status if self.halt or self.status in VACANT else working_or_assigned(supporters)

    def standing(self, *steps: Step) -> tuple[DecisionRecord, ...]:
        """The records of choices whose outcome still stands, in the order of `steps`; of both without any."""
        coordinators = {self.coordinator.person} if self.coordinator else set[str]()
        people = {"coordinator": coordinators, "supporter": {seat.person for seat in self.supporters}}
        return tuple(
            record
            for step in steps or ("coordinator", "supporter")
            for record in self.decisions
            if record.step == step and people[step] & set(record.chosen)
        )

    def sought(self) -> tuple[DecisionRecord, ...]:
        """The records of the seats for which somebody is still sought."""
        return tuple(record for record in self.decisions if not record.chosen)

    def holders(self) -> frozenset[str]:
        """Everybody whose seat counts as open work."""
        return self.seated() if self.open else frozenset()

    def after(self, declined: WorkDeclined) -> Self:
        """The state after a seat was given back."""
        left = tuple(seat for seat in self.supporters if not declined.vacates(seat))
        vacant = declined.step == "supporter" or len(left) < len(self.supporters)
        holder = declined.on_behalf_of or declined.by
        update: dict[str, object] = {"supporters": left, "declined": (*self.declined, holder)}
        if self.coordinator and declined.vacates(self.coordinator):
            update["coordinator"] = None
        if vacant or not left:
            update["status"] = "waiting"
        return self.model_copy(update=update)


def working_or_assigned(supporters: tuple[Held, ...]) -> WorkStatus:
    """Working as soon as one of them took the work on."""
    return "working" if any(seat.accepted for seat in supporters) else "assigned"


def held(seats: tuple[Seat, ...], before: tuple[Held, ...]) -> tuple[Held, ...]:
    """`seats` as supporters hold them: whoever had accepted `before` has accepted still."""
    accepted = {seat.person for seat in before if seat.accepted}
    return tuple(Held(**seat.model_dump(exclude={"accepted"}), accepted=seat.person in accepted) for seat in seats)
