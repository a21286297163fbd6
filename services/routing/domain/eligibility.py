"""The hard filters of one seat: who may have it now, and for everybody else the first filter that removed them. Pure.

Invariant: everybody in the directory is either fit or counted under exactly one reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.routing.domain.appointments import absence, taken
from services.routing.domain.context import NO_LOAD, Context
from services.routing.domain.roster import Fit, Wanted
from shared.catalogue import Pack, RequestType
from shared.ledger.messages import Booking
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import Step

NATIONWIDE = frozenset({"nationwide", "overseas"})


@dataclass(frozen=True, kw_only=True)
class Question:
    """One seat to fill.

    `barred` may not have it: who declined, and who holds another supporter's seat of the same request. `holding` have a
    part in the request since an earlier decision, so they need no further place among their open work; `taken` is the
    effort this very decision already puts on people. `appointments` are the times that whoever has the seat must be free.
    """

    identity: str
    request: Request
    kind: RequestType
    policy: PolicyPin
    step: Step
    role: str
    skills: tuple[str, ...] = ()
    levels: Mapping[str, int] = field(default_factory=dict)
    department: str | None = None
    appointments: tuple[Booking, ...] = ()
    barred: frozenset[str] = frozenset()
    holding: frozenset[str] = frozenset()
    taken: Mapping[str, float] = field(default_factory=dict)

    def wanted(self, pool: str) -> Wanted:
        """The kind of seat it is, where `pool` is shared."""
        home = self.request.business_unit
        return Wanted(home=home, pool=pool, role=self.role, skills=self.least_levels, department=self.department)

    @property
    def least_levels(self) -> tuple[tuple[str, int], ...]:
        """Each wanted skill and its least level."""
        return tuple((skill, self.levels.get(skill, 1)) for skill in self.skills)


@dataclass(frozen=True, kw_only=True)
class Eligible:
    """Who may have the seat (each worker once), and how many each filter removed; `pool`, `own` and `borrowed` say where they come from."""

    fits: tuple[Fit, ...]
    excluded: Counter[str]
    pool: bool = False
    own: bool = False
    borrowed: bool = False


def eligible(question: Question, context: Context, pack: Pack) -> Eligible:
    """The request's own unit first, then the shared pool, then in season who may be borrowed.

    Who asked is taken only when the pack lets them and nobody else can.
    """
    wanted = question.wanted(pack.pool)
    tried = _try(wanted, question, context, own=False)
    if not tried.fits and tried.excluded["requester"] and question.kind.own_allowed and not question.kind.review:
        own = _try(wanted, question, context, own=True)
        return own if own.fits else tried
    return tried


def who_is(person: str, question: Question, context: Context, pack: Pack) -> Fit | str:
    """Whether somebody named may have the seat, of the unit or the pool alike; else the first filter that removes them."""
    roster = context.rosters.of(question.wanted(pack.pool))
    entries = [fit for fit in (*roster.own, *roster.pool) if fit.worker == person]
    if not entries:
        return context.rosters.removed_by(person, question.wanted(pack.pool))
    excluded: Counter[str] = Counter()
    free = _free(entries, question, context, excluded, own=question.kind.own_allowed and not question.kind.review)
    return free[0] if free else next(iter(excluded))


def capable(question: Question, context: Context, pack: Pack) -> tuple[tuple[Fit, int], ...]:
    """Everybody who could have the seat, full or not, of the unit, the pool and whoever lends; each with all the places they have."""
    wanted, empty = question.wanted(pack.pool), replace(context, loads={}).keeping(context)
    roster, keep = empty.rosters.of(wanted), _lenders_keep(question, empty)
    lent = empty.rosters.lenders(wanted).fits if keep is not None else ()
    found: dict[str, tuple[Fit, int]] = {}
    for fits, kept in (((*roster.own, *roster.pool), 0), (lent, keep or 0)):
        for fit in _free(fits, question, empty, Counter(), own=question.kind.own_allowed, keep=kept):
            found.setdefault(fit.worker, (fit, empty.cap(fit.unit, fit.seats) - kept))
    return tuple(found.values())


def _try(wanted: Wanted, question: Question, context: Context, *, own: bool) -> Eligible:
    roster = context.rosters.of(wanted)
    excluded = Counter(roster.excluded)
    fits = _free(roster.own, question, context, excluded, own=own)
    if fits:
        excluded["pool_not_needed"] += len(roster.pool)
        return Eligible(fits=tuple(fits), excluded=+excluded, own=own)
    fits = _free(roster.pool, question, context, excluded, own=own)
    if not fits and excluded["full"] and not own and (keep := _lenders_keep(question, context)) is not None:
        return _borrowed(wanted, question, context, excluded, keep)
    return Eligible(fits=tuple(fits), excluded=+excluded, pool=bool(fits), own=own and bool(fits))


def _lenders_keep(question: Question, context: Context) -> int | None:
    """How many places whoever is borrowed keeps; None where nobody is: outside of a season, for coordinators and for reviews."""
    season = context.season(question.request.business_unit)
    if season is None or not season.figures.borrowing or question.step != "supporter" or question.kind.review:
        return None
    return season.figures.lenders_keep


def _borrowed(wanted: Wanted, question: Question, context: Context, excluded: Counter[str], keep: int) -> Eligible:
    """The people of other units: one's own and the pool's are full."""
    lenders = context.rosters.lenders(wanted)
    found = excluded + Counter(lenders.excluded)
    found["unit_or_pool"] -= lenders.holders
    fits = _free(lenders.fits, question, context, found, own=False, keep=keep)
    return Eligible(fits=tuple(fits), excluded=+found, borrowed=bool(fits))


def _free(
    fits: Sequence[Fit], question: Question, context: Context, excluded: Counter[str], *, own: bool, keep: int = 0
) -> Sequence[Fit]:
    """Those of `fits` whom nothing about this request removes, each worker once: rather in their own entry than for another.

    Who stands in for the requester, or for who declined, is not taken. `keep` places of each stay free.
    """
    barred, loads, seasonal = question.barred, context.loads, bool(context.in_season)
    wanted, travel = question.appointments, context.policy.assignment.travel
    requester = None if own else question.request.requester.id
    people, needed = context.directory.people, question.request.needed_by
    region = question.request.opportunity.customer.region if question.request.opportunity else None
    free: dict[str, Fit] = {}
    for fit in fits:
        worker, entry = fit.worker, fit.entry
        if worker in barred or entry in barred:
            excluded["declined_or_seated"] += 1
        elif requester in {worker, entry}:
            excluded["requester"] += 1
        elif region is not None and fit.of_pool and fit.regions and region not in fit.regions and not NATIONWIDE & {*fit.regions}:
            excluded["region"] += 1
        elif (
            loads.get(worker, NO_LOAD).count + keep >= (context.cap(fit.unit, fit.seats) if seasonal else fit.seats)
            and worker not in question.holding
            and worker not in question.taken
        ):
            excluded["full"] += 1
        elif wanted and taken(wanted, loads.get(worker, NO_LOAD).bookings, travel):
            excluded["booked"] += 1
        elif fit.leaves and ((wanted and absence(wanted, people[worker])) or context.absence(worker, needed) == 1):
            excluded["leave_then"] += 1
        else:
            known = free.get(worker)
            if known is not None:
                excluded["represented"] += 1
            if known is None or entry == worker:
                free[worker] = fit
    return tuple(free.values())
