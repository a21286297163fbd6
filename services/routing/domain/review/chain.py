"""Who is asked about one request, in which order: the policy's chain with what its conditions leave of it. Pure."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from services.routing.domain.policy import RoutingPolicy
from services.routing.domain.review.places import place, place_of
from services.routing.domain.review.rules import PartyRule
from shared.catalogue import Pack
from shared.schemas.model import Text
from shared.schemas.requests import YUAN, Request
from shared.schemas.reviews import Party, ReviewStep
from shared.schemas.routing import Seat

EVERYBODY = Text(zh="各方评审", en="Everybody's opinion")


class Worth(NamedTuple):
    """An amount and what it is in; `weighed` is what limits are compared with, in yuan."""

    amount: float
    currency: str
    weighed: float


def worth_of(request: Request, policy: RoutingPolicy) -> Worth:
    """What the chain is chosen by: in yuan where the policy names a rate, else as stated and above every limit.

    0 for a type of which the policy names no chain.
    """
    rule, currency = policy.reviews.get(request.type), request.currency
    stated = rule.amount.of(request.details) if rule else 0.0
    rate = 1.0 if currency == YUAN else policy.rates.get(currency)
    if rate is None:
        return Worth(amount=stated, currency=currency, weighed=math.inf)
    worth = round(stated * rate, 2)
    return Worth(amount=worth, currency=YUAN, weighed=worth) if math.isfinite(worth) else Worth(stated, currency, math.inf)


def chain_of(request: Request, pack: Pack, policy: RoutingPolicy) -> tuple[ReviewStep, ...]:
    """The steps that apply, each with the parties that do; none when nobody is named for a request like this.

    A reviewed type of which the policy names no chain asks everybody whom the matrix seats, side by side.
    """
    rule = policy.reviews.get(request.type)
    if rule is None:
        parties = tuple(_everybody(request, pack))
        return (ReviewStep(key="everybody", name=EVERYBODY, rule="all", parties=parties),) if parties else ()
    amount = worth_of(request, policy).weighed
    steps: list[ReviewStep] = []
    for step in rule.steps:
        asked = tuple(_party(one, request, pack) for one in step.parties if one.applies(amount, request.details))
        if asked:
            steps.append(ReviewStep(key=step.key, name=step.name, rule=step.rule, parties=asked))
    return tuple(steps)


def of_next_round(steps: Sequence[ReviewStep], before: Sequence[ReviewStep], seats: Sequence[Seat]) -> tuple[ReviewStep, ...]:
    """`steps` with the extra opinions of the round `before` of which somebody has the seat still: who said no is not left out."""
    seated = {place_of(seat) for seat in seats}
    return with_extras(steps, [step for step in before if all(not one.extra or one.key in seated for one in step.parties)])


def with_extras(steps: Sequence[ReviewStep], before: Sequence[ReviewStep]) -> tuple[ReviewStep, ...]:
    """`steps` with the extra opinions of the chain `before`, each behind the step it stood behind as far as that is still there.

    An extra party that the policy names by now is asked as such, not twice.
    """
    known = {party.key for step in steps for party in step.parties}
    made, behind = list(steps), 0
    for step in before:
        places = [number for number, one in enumerate(made) if one.key == step.key]
        if places:
            behind = places[0] + 1
        elif all(party.extra and party.key not in known for party in step.parties):
            made.insert(behind, step)
            behind += 1
    return tuple(made)


def _everybody(request: Request, pack: Pack) -> list[Party]:
    rules = [
        PartyRule(role=seat.role, department=seat.department, only=seat.only) for seat in pack.types[request.type].supporters
    ]
    asked = [_party(rule, request, pack) for rule in rules if rule.applies(0.0, request.details)]
    return list({party.key: party for party in asked}.values())


def _party(rule: PartyRule, request: Request, pack: Pack) -> Party:
    role = pack.pool_coordinator.get(rule.role, rule.role) if request.business_unit == pack.pool else rule.role
    return party(role, rule.department, pack, concerns=rule.concerns)


def party(role: str, department: str | None, pack: Pack, *, concerns: tuple[str, ...] = (), extra: bool = False) -> Party:
    """A place in the chain, called by its department where it has one."""
    name = Text(zh=pack.seat_name(role, department, "zh"), en=pack.seat_name(role, department, "en"))
    return Party(key=place(role, department), role=role, department=department, name=name, concerns=concerns, extra=extra)
