"""Amendments and withdrawals that come before their submission: held for a while, applied in order when it comes. Pure.

Invariant: what is held is applied once, or refused once for good and told to the unit's desk; a stop in between loses nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.intake.domain.evolve import FOLLOWING
from services.intake.domain.identity import identity
from services.intake.domain.refusals import NOT_YOURS, TOO_EARLY, TOO_MANY_EARLY, not_applied
from services.intake.domain.sending import amend, withdraw
from services.intake.domain.state import Applied, Context, Early, KnownEarlier, KnownFile, State, theirs
from shared.catalogue import earlier_references
from shared.catalogue.attachments import digests_in
from shared.ledger.messages import NOTHING, Decision, Item, ItemEnd, Refusal, Told
from shared.schemas.intake import RequestSubmitted, WithdrawalRequested
from shared.schemas.registry import TYPE_OF

OVER = "early_over"
MOST = 20
"""Of one unit, for one request: nobody takes another's place."""
MOST_KEPT = 50


def is_early(state: State, message: Told) -> bool:
    """Whether `message` changes a request that has yet to come, and names it in its body."""
    return state.status == "new" and message.name in {"amend", "withdraw"} and identity(message.data["body"]) == message.subject


def held(state: State, message: Told, context: Context) -> Decision:
    """Keep `message` until its submission comes, or its time is over."""
    private, data = state.private, message.data
    if any(one.command == message.id for one in private.early):
        return Decision(answer={"outcome": "held", "duplicate": True})
    if message.name == "withdraw" and (refusal := withdraw(state.model_copy(update={"status": "withdrawn"}), data).refusal):
        return Decision(refusal=refusal)
    if sum(one.filed_by == data["filed_by"] for one in private.early) >= MOST:
        return Decision(refusal=TOO_MANY_EARLY)
    known = (reference for reference in earlier_references(data["body"]) if reference in context.earlier)
    uploaded = context.uploaded or {}
    files = sorted(digests_in(data["body"]) & uploaded.keys())
    one = Early(
        command=message.id,
        name="withdraw" if message.name == "withdraw" else "amend",
        body=data["body"],
        by=data["by"],
        filed_by=data["filed_by"],
        channel=data["channel"],
        reply=data.get("reply"),
        pinned_to=tuple(data.get("pinned_to", ())),
        at=message.at,
        until=context.now + context.early_wait,
        known=tuple(KnownEarlier.of(reference, context.earlier[reference]) for reference in known),
        files=tuple(KnownFile.of(digest, uploaded[digest]) for digest in files),
    )
    return Decision(private=private.model_copy(update={"early": (*private.early, one)}), answer={"outcome": "held"})


def caught_up(state: State, decision: Decision, context: Context) -> Decision:
    """`decision` on the submission, and then on what was held for it, in the order in which it came."""
    waiting = [one for one in state.private.early if one.refusal is None]
    if not waiting or not decision.facts:
        return decision
    facts, refused = list(decision.facts), [one for one in state.private.early if one.refusal is not None]
    applied = list(state.private.applied_early)
    reached = _as_if(state, decision)
    for one in waiting:
        made = _applied(reached, one, context)
        facts += made.facts
        if made.facts:
            applied.append(Applied(command=one.command, number=state.head + len(facts)))
        reached = _as_if(reached, made)
        if why := _refusal(made):
            refused.append(one.refused(why))
    private = reached.private.model_copy(update={"early": tuple(refused), "applied_early": tuple(applied[-MOST_KEPT:])})
    outcome = "withdrawn" if reached.status == "dropped" else reached.verdict.outcome if reached.verdict else "accepted"
    return Decision(
        facts=tuple(facts),
        private=private,
        items=_items(one for one in refused if one in private.early),
        answer={**(decision.answer or {}), "outcome": outcome},
    )


def over(state: State, context: Context) -> Decision | None:
    """What has waited too long is refused for good; None when nothing has."""
    late = [one.command for one in state.private.early if one.refusal is None and one.until <= context.now]
    if not late:
        return None
    kept = tuple(one.refused(TOO_EARLY) if one.command in late else one for one in state.private.early)
    private = state.private.model_copy(update={"early": kept})
    return Decision(private=private, items=_items(one for one in kept if one.command in late))


def told(state: State, item: Item, end: ItemEnd) -> Decision:
    """The unit was told; what could not be told is tried again."""
    if end != "done":
        return Decision(again=(item.id,))
    command = str(item.data["early"])
    kept = tuple(one for one in state.private.early if one.command != command)
    if len(kept) == len(state.private.early):
        return NOTHING
    ended = (*state.private.refused_early, command)[-MOST_KEPT:]
    return Decision(private=state.private.model_copy(update={"early": kept, "refused_early": ended}))


def times(state: State) -> Sequence[datetime]:
    """When something held has waited long enough."""
    return [one.until for one in state.private.early if one.refusal is None]


def _applied(state: State, one: Early, context: Context) -> Decision:
    data = one.model_dump(include={"body", "by", "filed_by", "channel", "pinned_to"})
    if not theirs(state, data):
        return Decision(refusal=NOT_YOURS)
    if one.name == "withdraw":
        return withdraw(state, data)
    known = {each.reference: each.earlier for each in one.known}
    files = {file.sha256: file.uploaded for file in one.files}
    uploaded = None if context.uploaded is None else {**files, **context.uploaded}
    return amend(state, data, replace(context, earlier={**context.earlier, **known}, uploaded=uploaded))


def _refusal(made: Decision) -> Refusal | None:
    """Why a held message came to nothing; one that changes nothing is no fault."""
    if made.refusal is not None:
        return made.refusal
    said = made.answer or {}
    return not_applied(said["verdict"]) if not made.facts and "verdict" in said else None


def _as_if(state: State, decision: Decision) -> State:
    """`state` as it will be once what was decided has been said."""
    if decision.private is not None:
        state = state.model_copy(update={"private": decision.private})
    for fact in decision.facts:
        update: dict[str, object] = {"status": FOLLOWING.get(TYPE_OF[type(fact)], state.status)}
        if isinstance(fact, RequestSubmitted):
            update |= {"request": fact.request, "verdict": fact.verdict, "policy": fact.policy}
        if isinstance(fact, WithdrawalRequested):
            update |= {"withdrawing": True}
        state = state.model_copy(update=update)
    return state


def _items(refused: Iterable[Early]) -> tuple[Item, ...]:
    return tuple(Item(id=f"early:{one.command}", kind=OVER, data={"early": one.command}) for one in refused)
