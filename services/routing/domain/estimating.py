"""When a request that is sent now would have its people, and when it could be done: ranges from present facts. Pure.

Whoever waits gets a place as work ends that others do. With N pieces of open work, each taking D on the average, work ends N/D times
an hour, so that the k-th place is free after a time of the gamma distribution with shape k and that rate. How long the work takes is
what was seen of late, or where too little was seen, what the service level says.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.routing.domain.context import NO_LOAD, Context
from services.routing.domain.eligibility import capable
from services.routing.domain.estimate_words import told
from services.routing.domain.seasons.ageing import Queued, waited
from services.routing.domain.seating import Seating
from shared.catalogue import Pack, SupporterRole
from shared.schemas.estimates import Basis, Estimate, Range
from shared.schemas.requests import Origin, Request, Requester
from shared.schemas.routing import Step

Spread = tuple[float, float, float]
"""Hours: early (10 %), median, late (90 %)."""
NO_WAIT: Spread = (0.0, 0.0, 0.0)
NORMAL = (-1.2815515655446004, 0.0, 1.2815515655446004)
"""The normal distribution's quantiles of 10, 50 and 90 %."""
LONGEST_HOURS = 24.0 * 366
LEAST_WAITS = 5
"""So many that waited make a late one."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """One request that was delivered: from when it had its people until then."""

    type: str
    business_unit: str
    since: datetime
    until: datetime
    waited_from: datetime | None = None
    """Since when it had waited for them, if it had."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for."""

    type: str
    business_unit: str
    needed_by: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known beside the context: who waits, what was delivered of late of the type, and of any type."""

    queue: Sequence[Queued] = ()
    alike: Sequence[Delivered] = ()
    any_type: Sequence[Delivered] = ()


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What stands between the request and one of its seats."""

    could: int
    free: int
    busy: int
    ahead: float
    sure: float
    """Of those `ahead`, the ones that want no more seats at once: who wants more is overtaken while places come one by one."""
    alike: int
    """How many seats of that role the request itself wants."""

    def lacking(self, ahead: float) -> int:
        """How many places must become free first, with so many taken before."""
        return max(math.ceil(ahead - self.free + self.alike - 1e-9), 0)

    def wait(self, turnover: float, several_late: float) -> Spread:
        """Early with those alone before it that come before it for sure, late with all of them.

        Who wants several people at once is overtaken while places come one by one, and waits up to `several_late` times as long.
        """
        places = self.busy or self.free  # where nobody has any work yet, the free places are what there will be
        spreads = [waiting(self.lacking(ahead), places, turnover) for ahead in (self.sure, self.ahead)]
        return spreads[0][0], (spreads[0][1] + spreads[1][1]) / 2, spreads[1][2] * (several_late if self.alike > 1 else 1.0)


def estimate(wanted: Wanted, seen: Seen, pack: Pack, context: Context) -> Estimate:
    """The estimate, in the working time of the request's unit."""
    roles = _roles(wanted, pack, context)
    alike = Counter((step, role.role) for step, role in roles)
    seats = [_seat(step, role, alike[step, role.role], wanted, seen, pack, context) for step, role in roles]
    plain = _nobody(wanted, pack, context)
    if not seats or not all(seat.could and seat.free + seat.busy for seat in seats):
        return plain
    turnover, turnover_basis, turnover_count = _turnover(seen, wanted, context)
    waits = [seat.wait(turnover, context.policy.estimates.several_late) for seat in seats]
    hardest = max(zip(seats, waits, strict=True), key=lambda one: (one[1][1], -one[0].free))[0]
    wait, later = max(waits, key=lambda one: one[1]), bool(hardest.lacking(hardest.ahead))
    wait = _as_seen(wait, wanted, seen, context) if later else wait
    work, basis = working(seen.alike, wanted, context)
    people = _range(wait, wanted, context)
    done = _range(together(wait, work), wanted, context) if work else None
    verdict = "later" if later else "now"
    return plain.model_copy(
        update={
            "verdict": verdict,
            "people": people,
            "done": done,
            "basis": basis,
            "observations": len(seen.alike),
            "people_basis": turnover_basis if later else None,
            "people_observations": turnover_count if later else 0,
            "ahead": math.ceil(hardest.ahead),
            "free_places": hardest.free,
            "could": hardest.could,
            "meets": _meets(done, wanted.needed_by),
            "message": told(verdict, people, done, basis=basis, observations=len(seen.alike)),
        }
    )


def _nobody(wanted: Wanted, pack: Pack, context: Context) -> Estimate:
    """What is answered where nobody could have one of the seats."""
    season, kind = context.season(wanted.business_unit), pack.types[wanted.type]
    return Estimate(
        type=wanted.type,
        business_unit=wanted.business_unit,
        at=context.now,
        verdict="nobody",
        season=season.id if season else None,
        needed_by=wanted.needed_by,
        coordinator_chooses=kind.mode_of(wanted.business_unit) == "choose",
        message=told("nobody", None, None),
    )


def waiting(lacking: int, busy: int, turnover: float) -> Spread:
    """After how many hours the `lacking`-th of `busy` places is free, when each is for `turnover` hours (Wilson and Hilferty)."""
    if not lacking:
        return NO_WAIT
    ninth = 1 / (9 * lacking)
    early, median, late = (
        min(lacking * turnover / busy * max(1 - ninth + z * math.sqrt(ninth), 0.0) ** 3, LONGEST_HOURS) for z in NORMAL
    )
    return early, median, late


def together(wait: Spread, work: Spread) -> Spread:
    """Waiting and then working: both are rarely long, or short, at once, so their distances from the median add up as squares do."""
    median = wait[1] + work[1]
    early = median - math.hypot(wait[1] - wait[0], work[1] - work[0])
    late = median + math.hypot(wait[2] - wait[1], work[2] - work[1])
    return max(early, 0.0), median, late


def working(alike: Sequence[Delivered], wanted: Wanted, context: Context) -> tuple[Spread | None, Basis | None]:
    """How long the work takes: as it was seen, else as the service level says; None where it says nothing either."""
    rules = context.policy.estimates
    if len(alike) >= rules.least_observations:
        hours = sorted(_hours(one, context) for one in alike)
        return (quantile(hours, 0.1), quantile(hours, 0.5), quantile(hours, 0.9)), "observed"
    level = context.policy.service_levels.of(wanted.type, "normal").delivery
    if not level:
        return None, None
    return (level * rules.level_early, level * rules.level_median, level * rules.level_late), "service_level"


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, at least one; between two it is interpolated. A little outside, as befits a few of many: by (n+1) p."""
    place = min(max(share * (len(ordered) + 1) - 1, 0.0), len(ordered) - 1.0)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _as_seen(wait: Spread, wanted: Wanted, seen: Seen, context: Context) -> Spread:
    """No less late than nine of ten of the type in the unit that waited of late, or wait now (for so long at the least).

    Who comes later and is tried before is in no queue yet, and who wants several people at once is overtaken again and again.
    """
    unit = wanted.business_unit
    over = [(one.waited_from, one.since) for one in seen.alike if one.business_unit == unit and one.waited_from]
    still = [(one.since, context.now) for one in seen.queue if (one.type, one.business_unit) == (wanted.type, unit)]
    waits = sorted(_between(unit, since, until, context) for since, until in (*over, *still))
    if len(waits) < LEAST_WAITS:
        return wait
    return wait[0], wait[1], max(wait[2], quantile(waits, 0.9))


def _roles(wanted: Wanted, pack: Pack, context: Context) -> list[tuple[Step, SupporterRole]]:
    """The seats of such a request; of those that depend on its details, those that it would have without any."""
    seating = _seating(wanted, pack, context)
    supporters = seating.vacancies() or list(seating.kind.supporters)
    return [("coordinator", seating.coordinating), *(("supporter", role) for role in supporters)]


def _seating(wanted: Wanted, pack: Pack, context: Context) -> Seating:
    request = Request(
        type=wanted.type,
        business_unit=wanted.business_unit,
        requester=Requester(id="", role=""),
        source=Origin(system="", reference=""),
        needed_by=wanted.needed_by,
    )
    nobody: frozenset[str] = frozenset()
    return Seating(identity="", request=request, policy=pack.pin, pack=pack, context=context, barred=nobody, holding=nobody)


def _seat(step: Step, role: SupporterRole, alike: int, wanted: Wanted, seen: Seen, pack: Pack, context: Context) -> Seat:
    question = replace(_seating(wanted, pack, context).question(step, role), appointments=())
    people = capable(question, context, pack)
    all_places = sum(max(places, 0) for _, places in people)
    elsewhere = sum(max(places, 0) for fit, places in people if not fit.at_home)
    counts = {fit.worker: context.loads.get(fit.worker, NO_LOAD).count for fit, _ in people}
    shared = elsewhere / all_places if all_places else 0.0
    before = [(one, one.full.get(role.role, 0)) for one in _ahead(wanted, seen.queue, context)]
    parts = [(seats, seats * (1.0 if one.business_unit == wanted.business_unit else shared)) for one, seats in before]
    nearly = sum(counts[fit.worker] for fit, places in people if counts[fit.worker] <= places)
    return Seat(
        could=len(people),
        free=sum(max(places - counts[fit.worker], 0) for fit, places in people),
        busy=nearly or sum(counts.values()),
        ahead=sum(part for _, part in parts),
        sure=sum(part for seats, part in parts if seats <= alike),
        alike=alike,
    )


def _ahead(wanted: Wanted, queue: Sequence[Queued], context: Context) -> list[Queued]:
    """Those of the queue that are tried before a request that comes now."""
    own = Queued(request="", business_unit=wanted.business_unit, type=wanted.type, since=context.now, needed_by=wanted.needed_by)
    rules, current = context.policy.season.ageing, context.in_season
    mine = waited(own, current, context.now, rules)
    return [one for one in queue if waited(one, current, context.now, rules) >= mine]


def _turnover(seen: Seen, wanted: Wanted, context: Context) -> tuple[float, Basis, int]:
    """For how many hours a piece of work takes a place, on the average."""
    if len(seen.any_type) >= context.policy.estimates.least_observations:
        hours = [_hours(one, context) for one in seen.any_type]
        return max(sum(hours) / len(hours), 0.1), "observed", len(hours)
    level = context.policy.service_levels.of(wanted.type, "normal").delivery or context.policy.confirm_within_hours
    return level * context.policy.estimates.level_median, "service_level", len(seen.any_type)


def _hours(one: Delivered, context: Context) -> float:
    """The working time that it took, in its unit."""
    return _between(one.business_unit, one.since, one.until, context)


def _between(unit: str, since: datetime, until: datetime, context: Context) -> float:
    return max(context.calendar.of_unit(unit, context.directory).between(since, until) / timedelta(hours=1), 0.0)


def _range(spread: Spread, wanted: Wanted, context: Context) -> Range:
    time = context.calendar.of_unit(wanted.business_unit, context.directory)
    early, median, late = (
        context.calendar.add(time, context.now, timedelta(hours=hours)) if hours else context.now for hours in spread
    )
    hours = [round(value, 2) for value in spread]
    return Range(early=early, median=median, late=late, early_hours=hours[0], median_hours=hours[1], late_hours=hours[2])


def _meets(done: Range | None, needed_by: datetime | None) -> str | None:
    if done is None or needed_by is None:
        return None
    if done.late <= needed_by:
        return "likely"
    return "possible" if done.early <= needed_by else "unlikely"
