"""What a review makes of what was decided otherwise: it opens when everybody is seated, and follows amendments. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel

from services.routing.domain.assigning import assign
from services.routing.domain.context import Context
from services.routing.domain.evolve import evolve
from services.routing.domain.life import SEATED
from services.routing.domain.review.amending import again_and_account, touched_fields
from services.routing.domain.review.chain import chain_of, of_next_round, with_extras, worth_of
from services.routing.domain.review.deciding import decided
from services.routing.domain.review.evolving import reviewed
from services.routing.domain.review.model import Review, asked_people, lacking, newly_asked
from services.routing.domain.review.repricing import priced_otherwise
from services.routing.domain.state import State
from shared.ledger.messages import Decision
from shared.schemas.envelope import Event
from shared.schemas.links import LinkedRequestDecided
from shared.schemas.model import Text
from shared.schemas.registry import TYPE_OF
from shared.schemas.reviews import Party, ReviewAmended, ReviewOpened, ReviewWaiting
from shared.schemas.routing import POLICY, RequestAmended

NOBODY_NAMED = Text(
    zh="评审规则没有为这样的申请指定任何人；请管理员补充规则后变更申请，或撤回。",
    en="The rules name nobody to review a request like this; have them mended and amend the request, or withdraw it.",
)


@dataclass(frozen=True, kw_only=True)
class _Supposed:
    """A fact as the event it will be, for a look at the state after it; its `data` are the fact's own values."""

    fact: BaseModel
    type: str
    time: datetime
    sequence: int = 0

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.fact)

    def read_as(self, _model: object) -> BaseModel:
        return self.fact


def supposed(state: State, facts: Iterable[BaseModel], now: datetime) -> State:
    """`state` as it will be after `facts`."""
    for fact in facts:
        state = evolve(state, cast(Event, _Supposed(fact=fact, type=TYPE_OF[type(fact)], time=now)))
    return state


def followed(state: State, subject: str, decision: Decision, context: Context) -> Decision:
    """`decision` on `state` with what it means for the review, for the types that are reviewed."""
    if decision.refusal is not None or not (decision.facts or _stuck(state)) or not _is_reviewed(state, context):
        return decision
    after = supposed(state, decision.facts, context.now)
    if not after.open:
        return decision
    amended = next((fact for fact in decision.facts if isinstance(fact, RequestAmended)), None)
    facts: list[BaseModel] = []
    if amended is not None and after.review is not None and after.review.runs:
        facts.append(_amended(after, after.review, amended, context))
        after = supposed(after, facts, context.now)
    priced = next((fact for fact in decision.facts if isinstance(fact, LinkedRequestDecided)), None)
    if priced is not None and after.review is not None and (back := priced_otherwise(after.review, priced, after.supporters)):
        facts.append(back)
        after = supposed(after, [back], context.now)
    more = _going_on(after, subject, context) if after.status in SEATED else Decision()
    if after.status in SEATED and after.review is not None and after.review.runs and not more.facts:
        facts += decided(after.review, after, context, by=POLICY)
    reservations = (*decision.reservations, *more.reservations)
    return replace(decision, facts=(*decision.facts, *facts, *more.facts), reservations=reservations)


def _is_reviewed(state: State, context: Context) -> bool:
    """Whether the request's type is reviewed, as far as its policy is installed here."""
    if state.request is None or state.policy is None:
        return False
    pack = context.packs.get((state.policy.name, state.policy.version))
    kind = pack.types.get(state.request.type) if pack is not None else None
    return kind is not None and kind.review


def _stuck(state: State) -> bool:
    """Whether the review waits for something, or was never opened: the request was seated before there were reviews."""
    return state.status in SEATED and (state.review is None or state.review.waiting is not None)


def _going_on(state: State, subject: str, context: Context) -> Decision:
    """Open the review, or seek people for the parties that nobody has the seat of."""
    review = state.review
    if review is not None and review.runs:
        return _filled(state, review, subject, context)
    assert state.request is not None, "only submitted requests are reviewed"
    assert state.policy is not None, "a submitted request names its policy"
    steps = chain_of(state.request, context.pack(state.policy), context.policy)
    if review is not None:
        steps = of_next_round(steps, review.steps, state.supporters)
    missing = lacking(steps, state.supporters)
    if not steps or missing:
        return _waits(review, ReviewWaiting(cause="nobody_named", reason=NOBODY_NAMED) if not steps else _lacks(missing))
    worth = worth_of(state.request, context.policy)
    opened = ReviewOpened(
        round=(review.round if review else 0) + 1, steps=steps, amount=worth.amount, currency=worth.currency, asked=()
    )
    asked = asked_people(reviewed(review, opened), state.supporters)
    return Decision(facts=(opened.model_copy(update={"asked": asked}),))


def _filled(state: State, review: Review, subject: str, context: Context) -> Decision:
    if not review.steps:
        return _waits(review, ReviewWaiting(cause="nobody_named", reason=NOBODY_NAMED))
    missing = lacking(review.steps, state.supporters)
    if not missing:
        return Decision()
    again = assign(subject, state, context)
    return again if again.facts else _waits(review, _lacks(missing))


def _waits(review: Review | None, fact: ReviewWaiting) -> Decision:
    """What is known already is not said again."""
    known = review is not None and review.waiting == fact.reason
    return Decision() if known else Decision(facts=(fact,))


def unseated(missing: tuple[Party, ...]) -> Text:
    """That nobody has the seats of `missing`, and what to do."""
    zh, en = "、".join(party.name.zh for party in missing), ", ".join(party.name.en for party in missing)
    return Text(
        zh=f"评审规则要求{zh}的意见，但无人承担；请管理员更正规则，或撤回申请。",
        en=f"The rules want the opinion of {en}, but nobody has that seat; have the rules mended, or withdraw the request.",
    )


def _lacks(missing: tuple[Party, ...]) -> ReviewWaiting:
    return ReviewWaiting(cause="nobody_seated", reason=unseated(missing), lacking=tuple(party.key for party in missing))


def _amended(state: State, review: Review, said: RequestAmended, context: Context) -> ReviewAmended:
    assert state.request is not None, "only submitted requests are amended"
    assert state.policy is not None, "a submitted request names its policy"
    pack = context.pack(state.policy)
    kind, rule = pack.types[state.request.type], context.policy.reviews.get(state.request.type)
    steps = with_extras(chain_of(state.request, pack, context.policy), review.steps)
    changed = touched_fields(said.changes, state.request, kind, rule.amount.field if rule else None)
    again, account = again_and_account(review, steps, changed, kind)
    # Whoever asks for it now has decided nothing about it.
    own = (one.party for one in review.opinions if state.asked_for_by(one.by) or state.asked_for_by(one.on_behalf_of))
    again = tuple(dict.fromkeys((*again, *own)))
    worth = worth_of(state.request, context.policy)
    fact = ReviewAmended(
        version=said.version,
        amount=worth.amount,
        currency=worth.currency,
        steps=steps,
        changed=changed,
        again=again,
        account=account,
        asked=(),
    )
    asked = newly_asked(review, reviewed(review, fact), state.supporters)
    return fact.model_copy(update={"asked": asked})
