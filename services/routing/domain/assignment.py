"""Chooses one person for one seat: hard filters first, then a score, then a tie-break that any process computes alike.

Pure: the same question, directory and loads give the same record, byte for byte.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from services.routing.domain.context import NO_LOAD, Context
from shared.catalogue import Pack, RequestType
from shared.schemas.model import Text
from shared.schemas.people import Person
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import Candidate, DecisionRecord, Step

SHOWN = 20
NATIONWIDE = frozenset({"nationwide", "overseas"})


@dataclass(frozen=True, kw_only=True)
class Question:
    """One seat to fill. `barred` may not have it: who declined, and who holds another seat of the same request."""

    identity: str
    request: Request
    kind: RequestType
    policy: PolicyPin
    step: Step
    role: str
    skills: tuple[str, ...] = ()
    department: str | None = None
    barred: frozenset[str] = frozenset()
    extra_load: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Scored:
    person: Person
    stands_in_for: str | None
    parts: dict[str, float]
    total: float
    tie: str


def rank(question: Question, context: Context, pack: Pack) -> DecisionRecord:
    """The record of the choice; `chosen` is empty when nobody fits.

    The request's own unit is asked first, then the shared pool; who asked is taken only when the pack lets them and nobody else can.
    """
    unit = question.request.business_unit
    attempts = [(unit, False), (pack.pool, False), *([(unit, True)] if question.kind.own_allowed else [])]
    record: DecisionRecord | None = None
    for home, own in attempts:
        latest = _rank(question, context, pack, home=home, own=own)
        if latest.chosen:
            return latest
        record = record or latest
    assert record is not None, "there is always a first attempt"
    return record


def _rank(question: Question, context: Context, pack: Pack, *, home: str, own: bool) -> DecisionRecord:
    excluded: Counter[str] = Counter()
    scored: dict[str, _Scored] = {}
    people = [person for _, person in sorted(context.directory.people.items())]
    for person in people:
        reason, stand_in = _filtered(question, context, pack, person, home=home, own=own)
        if reason is not None:
            excluded[reason] += 1
            continue
        chosen = stand_in or person
        candidate = _score(question, context, pack, chosen, person.id if stand_in else None)
        if chosen.id not in scored or candidate.stands_in_for is None:
            scored[chosen.id] = candidate
    order = sorted(scored.values(), key=lambda candidate: (-candidate.total, candidate.tie))
    candidates = tuple(_candidate(place, candidate, context) for place, candidate in enumerate(order[:SHOWN], start=1))
    if len(order) > SHOWN:
        excluded["ranked_lower"] += len(order) - SHOWN
    return DecisionRecord(
        step=question.step,
        role=question.role,
        skill=question.skills[0] if question.skills else None,
        at=context.now,
        directory=context.directory.version,
        policy=question.policy,
        considered=len(people),
        candidates=candidates,
        excluded=dict(sorted(excluded.items())),
        chosen=(order[0].person.id,) if order else (),
        explanation=_explain(question, pack, order, excluded, context, own=own),
    )


def _filtered(
    question: Question, context: Context, pack: Pack, person: Person, *, home: str, own: bool
) -> tuple[str | None, Person | None]:
    """The first filter that removes `person`, or who stands in for them while they are away."""
    if not person.active:
        return "inactive", None
    if question.role not in person.roles:
        return "role", None
    if question.department is not None and person.department != question.department:
        return "department", None
    if person.business_unit != home:
        return "unit_or_pool", None
    worker, stand_in = person, None
    if person.away(context.now):
        stand_in = _delegate(person, context)
        if stand_in is None:
            return "on_leave", None
        worker = stand_in
    if worker.id in question.barred:
        return "declined_or_seated", None
    if worker.id == question.request.requester.id and not own:
        return "requester", None
    if stand_in is None and not _has_skill(question, worker):
        return "skill", None
    if stand_in is None and not _covers(question.request, worker, pack):
        return "region", None
    load = context.loads.get(worker.id, NO_LOAD)
    return ("full", None) if load.count >= worker.seats else (None, stand_in)


def _delegate(person: Person, context: Context) -> Person | None:
    """Whoever stands in for `person` now, along the chain of delegates; None when it breaks off or runs in a circle."""
    seen = {person.id}
    current: Person | None = person
    while current is not None and current.away(context.now):
        if current.delegate is None or current.delegate in seen:
            return None
        seen.add(current.delegate)
        current = context.directory.people.get(current.delegate)
    return current if current is not None and current.active else None


def _has_skill(question: Question, person: Person) -> bool:
    return all(person.skills.get(skill, 0) > 0 for skill in question.skills)


def _covers(request: Request, person: Person, pack: Pack) -> bool:
    """Whether the person works in the customer's region: their own unit's people do, the pool's where they say so."""
    region = request.opportunity.customer.region if request.opportunity else None
    if region is None or person.business_unit != pack.pool or not person.regions:
        return True
    return region in person.regions or bool(NATIONWIDE & set(person.regions))


def _score(question: Question, context: Context, pack: Pack, person: Person, stands_in_for: str | None) -> _Scored:
    """Each part in 0…1 times the pack's weight. Higher is better."""
    request, load = question.request, context.loads.get(person.id, NO_LOAD)
    opportunity = request.opportunity
    level = max((person.skills.get(skill, 0) for skill in question.skills), default=0)
    familiar = opportunity is not None and person.id in context.familiar.get(opportunity.id, frozenset())
    industry = opportunity is not None and opportunity.customer.industry in person.industries
    raw = {
        "load": 1.0 / (1.0 + load.weight),
        "level": level / 3.0,
        "continuity": float(familiar),
        "industry": float(industry),
        "own_unit": float(person.business_unit == request.business_unit),
    }
    parts = {name: round(pack.weights.get(name, 0.0) * value, 6) for name, value in raw.items()}
    tie = hashlib.sha256(f"{question.identity}|{question.role}|{person.id}".encode()).hexdigest()
    return _Scored(person=person, stands_in_for=stands_in_for, parts=parts, total=round(sum(parts.values()), 6), tie=tie)


def _candidate(place: int, scored: _Scored, context: Context) -> Candidate:
    load = context.loads.get(scored.person.id, NO_LOAD)
    return Candidate(
        person=scored.person.id,
        rank=place,
        total=scored.total,
        parts=scored.parts,
        open_load=load.weight,
        stands_in_for=scored.stands_in_for,
    )


REASONS = {
    "inactive": Text(zh="已离职", en="have left"),
    "role": Text(zh="不在该岗位", en="do not hold the role"),
    "department": Text(zh="不在该部门", en="are of another department"),
    "unit_or_pool": Text(zh="不属于该经营单位或共享池", en="belong to another unit"),
    "on_leave": Text(zh="休假且无人代理", en="are away with nobody standing in"),
    "declined_or_seated": Text(zh="已谢绝或已在本申请中", en="declined or have another part in it"),
    "requester": Text(zh="是申请人本人", en="asked for it themselves"),
    "skill": Text(zh="没有所需技能", en="lack the skill"),
    "region": Text(zh="不覆盖该区域", en="do not cover the region"),
    "full": Text(zh="在办已满", en="are full"),
}


def _explain(
    question: Question, pack: Pack, order: list[_Scored], excluded: Iterable[str], context: Context, *, own: bool
) -> Text:
    counts = dict(excluded) if isinstance(excluded, Counter) else {}
    zh_out = "、".join(f"{counts[key]} 人{text.zh}" for key, text in REASONS.items() if counts.get(key))
    en_out = ", ".join(f"{counts[key]} {text.en}" for key, text in REASONS.items() if counts.get(key))
    zh_role, en_role = pack.role_name(question.role, "zh"), pack.role_name(question.role, "en")
    if not order:
        return Text(
            zh=f"没有合适的{zh_role}：{zh_out or '目录为空'}。",
            en=f"Nobody fits as {en_role}: {en_out or 'the directory is empty'}.",
        )
    best = order[0]
    load = context.loads.get(best.person.id, NO_LOAD)
    zh = f"{zh_role}共 {len(order)} 位候选，{best.person.id} 得分最高（{best.total:g}），在办 {load.count} 件。"
    en = f"Of {len(order)} candidates as {en_role}, {best.person.id} scores highest ({best.total:g}) with {load.count} open."
    if best.stands_in_for:
        zh += f"代 {best.stands_in_for}（休假）。"
        en += f" Stands in for {best.stands_in_for}, who is away."
    if own:
        zh += "由申请人本人承担，因为没有其他人可以。"
        en += " The requester takes it, since nobody else can."
    return Text(zh=zh, en=en)
