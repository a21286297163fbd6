"""The hard filters of one seat: who may have it, and for everybody else the first filter that removed them. Pure.

Invariant: everybody in the directory is either fit or counted under exactly one reason.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.routing.domain.context import Context
from services.routing.domain.standing_in import stand_in
from shared.catalogue import Pack, RequestType
from shared.schemas.people import Person
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import Step

NATIONWIDE = frozenset({"nationwide", "overseas"})


@dataclass(frozen=True, kw_only=True)
class Question:
    """One seat to fill.

    `barred` may not have it: who declined, and who holds another supporter's seat of the same request. `holding` have a
    part in the request since an earlier decision, so they need no further place among their open work; `taken` is the
    effort this very decision already puts on people.
    """

    identity: str
    request: Request
    kind: RequestType
    policy: PolicyPin
    step: Step
    role: str
    skills: tuple[str, ...] = ()
    department: str | None = None
    barred: frozenset[str] = frozenset()
    holding: frozenset[str] = frozenset()
    taken: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Somebody who may have the seat. `entry` holds the role; `worker` is the same, or stands in while they are away."""

    entry: Person
    worker: Person

    @property
    def stands_in_for(self) -> str | None:
        """The id of whoever is away, or None."""
        return self.entry.id if self.entry.id != self.worker.id else None


@dataclass(frozen=True, kw_only=True)
class Eligible:
    """Who may have the seat (each worker once), and how many each filter removed; `pool` and `own` say where they come from."""

    fits: tuple[Fit, ...]
    excluded: Counter[str]
    pool: bool = False
    own: bool = False


def eligible(question: Question, context: Context, pack: Pack) -> Eligible:
    """The request's own unit first, then the shared pool; who asked is taken only when the pack lets them and nobody else can."""
    tried = _try(question, context, pack, own=False)
    if not tried.fits and tried.excluded["requester"] and question.kind.own_allowed and not question.kind.review:
        own = _try(question, context, pack, own=True)
        return own if own.fits else tried
    return tried


def _try(question: Question, context: Context, pack: Pack, *, own: bool) -> Eligible:
    holders = context.by_role.get(question.role, ())
    excluded = Counter({"inactive": context.inactive, "role": len(context.directory.people) - context.inactive - len(holders)})
    unit: dict[str, Fit] = {}
    pool: dict[str, Fit] = {}
    for person in holders:
        found = _filtered(question, context, pack, person, own=own)
        if isinstance(found, str):
            excluded[found] += 1
            continue
        home = unit if person.business_unit == question.request.business_unit else pool
        known = home.get(found.worker.id)
        if known is not None:
            excluded["represented"] += 1
        if known is None or found.stands_in_for is None:
            home[found.worker.id] = found
    if unit and pool:
        excluded["pool_not_needed"] += len(pool)
    fits = tuple((unit or pool).values())
    return Eligible(fits=fits, excluded=+excluded, pool=not unit and bool(pool), own=own and bool(fits))


def _filtered(question: Question, context: Context, pack: Pack, person: Person, *, own: bool) -> Fit | str:
    """Whoever would work for `person`'s entry, or the name of the first filter that removes it."""
    if question.department is not None and person.department != question.department:
        return "department"
    if person.business_unit not in {question.request.business_unit, pack.pool}:
        return "unit_or_pool"
    worker = stand_in(person, context.directory, context.now)
    if worker is None:
        return "on_leave"
    fit = Fit(entry=person, worker=worker)
    return _removed(question, context, pack, fit, own=own) or fit


def _removed(question: Question, context: Context, pack: Pack, fit: Fit, *, own: bool) -> str | None:
    """The first filter that removes somebody who is there. Who stands in for the requester, or for who declined, is not taken."""
    worker, both = fit.worker, {fit.entry.id, fit.worker.id}
    placed = worker.id in question.holding or worker.id in question.taken
    filters = {
        "declined_or_seated": bool(both & question.barred),
        "requester": question.request.requester.id in both and not own,
        "skill": not all(worker.skills.get(skill, 0) > 0 for skill in question.skills),
        "region": not _covers(question.request, worker, pack),
        "full": not placed and context.load(worker.id).count >= worker.seats,
    }
    return next((name for name, removes in filters.items() if removes), None)


def _covers(request: Request, person: Person, pack: Pack) -> bool:
    """Whether the person works in the customer's region: their own unit's people do, the pool's where they say so."""
    region = request.opportunity.customer.region if request.opportunity else None
    if region is None or person.business_unit != pack.pool or not person.regions:
        return True
    return region in person.regions or bool(NATIONWIDE & set(person.regions))
