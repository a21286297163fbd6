"""Who is asked about one request, in which order: the policy's chain with what its conditions leave of it. Pure."""

from collections.abc import Mapping, Sequence

from services.routing.domain.review.places import place
from services.routing.domain.review.rules import ChainRule, PartyRule
from shared.catalogue import Pack
from shared.schemas.model import Text
from shared.schemas.requests import Request
from shared.schemas.reviews import Party, ReviewStep

EVERYBODY = Text(zh="各方评审", en="Everybody's opinion")


def amount_of(request: Request, chains: Mapping[str, ChainRule]) -> float:
    """What the chain is chosen by; 0 for a type of which the policy names none."""
    rule = chains.get(request.type)
    return rule.amount.of(request.details) if rule else 0.0


def chain_of(request: Request, pack: Pack, chains: Mapping[str, ChainRule]) -> tuple[ReviewStep, ...]:
    """The steps that apply, each with the parties that do; none when nobody is named for a request like this.

    A reviewed type of which the policy names no chain asks everybody whom the matrix seats, side by side.
    """
    rule = chains.get(request.type)
    if rule is None:
        parties = tuple(_everybody(request, pack))
        return (ReviewStep(key="everybody", name=EVERYBODY, rule="all", parties=parties),) if parties else ()
    amount = rule.amount.of(request.details)
    steps: list[ReviewStep] = []
    for step in rule.steps:
        asked = tuple(_party(one, request, pack) for one in step.parties if one.applies(amount, request.details))
        if asked:
            steps.append(ReviewStep(key=step.key, name=step.name, rule=step.rule, parties=asked))
    return tuple(steps)


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
