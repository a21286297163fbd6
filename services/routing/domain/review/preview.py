"""Who would be asked about a request that is not filed yet, in which order, and who would have each seat at this moment. Pure.

Between people who score alike the id of the request decides, which a preview does not have: it names one of them.
"""

from services.routing.domain.context import Context
from services.routing.domain.review.chain import chain_of, worth_of
from services.routing.domain.review.following import NOBODY_NAMED, unseated
from services.routing.domain.review.places import place, place_of
from services.routing.domain.seating import seating
from services.routing.domain.state import State
from shared.catalogue import Pack
from shared.schemas.model import Frozen, Text
from shared.schemas.requests import Request
from shared.schemas.reviews import ReviewStep, Rule

RULES: dict[Rule, Text] = {
    "all": Text(zh="全部", en="all"),
    "any_of": Text(zh="任一", en="any one"),
    "in_turn": Text(zh="依次", en="in turn"),
}
NOBODY = Text(zh="暂无人选", en="nobody yet")
PREVIEW = "preview"


class PreviewedParty(Frozen):
    """`person` would be asked if the request came now; None when nobody fits, and `why` says so or says why them."""

    key: str
    name: Text
    person: str | None
    why: Text | None


class PreviewedStep(Frozen):
    key: str
    name: Text
    rule: Rule
    parties: tuple[PreviewedParty, ...]
    sentence: Text


class Preview(Frozen):
    """The steps in their order. `problem` says why a request like this could not be decided."""

    amount: float
    currency: str
    steps: tuple[PreviewedStep, ...]
    problem: Text | None


def previewed(request: Request, pack: Pack, context: Context) -> Preview:
    """The chain of `request` under `pack`, with whom the matrix would seat now."""
    steps = chain_of(request, pack, context.policy)
    seats = seating(PREVIEW, State(request=request, policy=pack.pin), context)
    wanted = seats.vacancies()
    found, records = seats.fill(wanted, ())
    whys = {place(one.role, one.department): record.explanation for one, record in zip(wanted, records, strict=True)}
    people = {place_of(seat): seat.person for seat in found}
    missing = tuple(party for step in steps for party in step.parties if party.key not in people)
    worth = worth_of(request, context.policy)
    return Preview(
        amount=worth.amount,
        currency=worth.currency,
        steps=tuple(_step(number, step, people, whys) for number, step in enumerate(steps, start=1)),
        problem=NOBODY_NAMED if not steps else unseated(missing) if missing else None,
    )


def _step(number: int, step: ReviewStep, people: dict[str, str], whys: dict[str, Text]) -> PreviewedStep:
    parties = tuple(
        PreviewedParty(key=party.key, name=party.name, person=people.get(party.key), why=whys.get(party.key))
        for party in step.parties
    )
    zh = "、".join(f"{party.name.zh}（{party.person or NOBODY.zh}）" for party in parties)
    en = ", ".join(f"{party.name.en} ({party.person or NOBODY.en})" for party in parties)
    rule = RULES[step.rule]
    sentence = Text(
        zh=f"第 {number} 步 {step.name.zh}（{rule.zh}）：{zh}。", en=f"Step {number}, {step.name.en} ({rule.en}): {en}."
    )
    return PreviewedStep(key=step.key, name=step.name, rule=step.rule, parties=parties, sentence=sentence)
