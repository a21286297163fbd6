"""Batches of requests for people who are scarce, and what they agree on."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.routing.domain import Context, State
from services.routing.domain.bursts.planning import agreed
from shared.ledger.messages import Decision
from shared.schemas.model import Json
from shared.schemas.routing import DecisionRecord, SupportersAssigned
from tests.unit.routing.routing_build import MANAGER, PACK, a_context, a_request, an_engineer

Requests = list[tuple[str, State]]
SKILLS = ("analysis", "writing", "bidding", "product")
WINDOW = {"start": "2027-03-02T09:00+08:00", "end": "2027-03-02T11:00+08:00", "place": "上海"}


def a_state(kind: str = "tech.survey", details: Json | None = None) -> State:
    return State(request=a_request(kind, details=details or {}), policy=PACK.pin)


def a_burst(seed: int, requests: int = 16, people: int = 8, seats: int = 3) -> tuple[Requests, Context]:
    """Requests of several kinds, bids of two seats and presentations at one hour among them, for people of few places."""
    chance = random.Random(seed)
    engineers = [
        an_engineer(
            f"e{number}",
            seats=chance.randint(1, seats),
            skills={skill: chance.randint(0, 3) for skill in SKILLS},
            industries=(chance.choice(("water", "ports")),),
        )
        for number in range(people)
    ]
    kinds = [chance.choice(("tech.survey", "tech.proposal", "tech.bid", "tech.presentation")) for _ in range(requests)]
    batch = [(f"R{number}", a_state(kind, _details(kind))) for number, kind in enumerate(kinds)]
    return batch, with_rules(a_context(MANAGER.model_copy(update={"seats": 1000}), *engineers), together_when="always")


def _details(kind: str) -> Json:
    return {"where": WINDOW} if kind == "tech.presentation" else {}


def a_rivalry() -> tuple[Requests, Context]:
    """The survey, which is first, would rather have the one person without whom there is no proposal."""
    both = an_engineer("both", seats=1, skills={"analysis": 3, "writing": 3})
    one = an_engineer("one", seats=1, skills={"analysis": 2})
    return [("R1", a_state("tech.survey")), ("R2", a_state("tech.proposal"))], a_context(MANAGER, both, one)


def one_by_one(context: Context) -> Context:
    """The same context, whose policy assigns nothing together."""
    return with_rules(context, together_at_most=0)


def with_rules(context: Context, **figures: object) -> Context:
    """The same context, whose policy has these figures for assignments."""
    rules = context.policy.assignment.model_copy(update=figures)
    return replace(context, policy=context.policy.model_copy(update={"assignment": rules}))


def decided(batch: Requests, context: Context) -> dict[str, Decision]:
    """What each request of a batch agrees to do."""
    return {subject: one.decision for subject, one in agreed(batch, context).items()}


def supporters(found: Mapping[str, Decision]) -> dict[str, list[str]]:
    """Who supports which request, of those that have people."""
    facts = {subject: fact for subject, one in found.items() for fact in one.facts if isinstance(fact, SupportersAssigned)}
    return {subject: [seat.person for seat in fact.seats] for subject, fact in facts.items()}


def compared(found: Mapping[str, Decision]) -> Sequence[tuple[str, DecisionRecord]]:
    """Every record that holds a comparison, with its request."""
    facts = [(subject, fact) for subject, one in found.items() for fact in one.facts if isinstance(fact, SupportersAssigned)]
    return [(subject, record) for subject, fact in facts for record in fact.decisions if record.together]
