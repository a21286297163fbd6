"""A person of a role that the policy names lets a returned request do without a precondition; it is judged again at once. Pure."""

from services.intake.domain import refusals
from services.intake.domain.judging import judged, said, worded
from services.intake.domain.state import OPEN, Context, State
from shared.catalogue import Pack
from shared.catalogue.waiving import waiving_role
from shared.ledger.messages import Decision
from shared.schemas.intake import PreconditionWaived
from shared.schemas.model import Json, Text
from shared.schemas.requests import PreconditionVerdict


def waive(state: State, data: Json, context: Context) -> Decision:
    """`body` is {precondition, reason}. Said are who, in which role and why, and then the new verdict."""
    current, request = state.private.current, state.request
    if state.status in {"new", "dropped"} or request is None or current is None:
        return Decision(refusal=refusals.UNKNOWN)
    kind, _, person = str(data["by"]).partition(":")
    pack = context.pack(state.policy if state.status in OPEN else None)
    known = context.directory.people.get(person) if kind == "person" else None
    if known is None:
        return Decision(refusal=refusals.PERSON_ONLY)
    if known.business_unit not in {request.business_unit, pack.pool}:
        return Decision(refusal=refusals.NOT_YOURS)
    name, reason = data["body"].get("precondition"), data["body"].get("reason")
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= refusals.LONGEST_REASON:
        return Decision(refusal=refusals.WAIVER_REASON_MISSING)
    found = _asked_for(state, name)
    if found is None:
        return Decision(refusal=refusals.unknown_precondition(_waivable(state, pack)))
    return _weighed(state, data, context, pack, known.id, found)


def _weighed(state: State, data: Json, context: Context, pack: Pack, person: str, found: PreconditionVerdict) -> Decision:
    """The decision on a precondition that the request does ask for."""
    request, name, reason = state.request, data["body"]["precondition"], data["body"]["reason"]
    assert request is not None, "only a request with a wording has a verdict"
    precondition = pack.preconditions[str(name)]
    if precondition.mode != "waivable":
        return Decision(refusal=refusals.not_waivable(precondition, _waivable(state, pack)))
    requester = request.requester.id
    role, fault = waiving_role(
        pack, precondition, context.directory, person=person, unit=request.business_unit, requester=requester
    )
    if role is None:
        return Decision(refusal=refusals.may_not_waive(fault or "not_a_person", precondition, pack))
    if state.status not in {*OPEN, "returned", "rejected"}:
        return Decision(refusal=refusals.closed(state))
    if found.state in {"met", "waived"} or state.status != "returned":
        return Decision(answer={"outcome": state.verdict.outcome if state.verdict else "accepted", "duplicate": True})
    label = Text(zh=precondition.zh, en=precondition.en)
    waiver = PreconditionWaived(precondition=str(name), label=label, by=person, role=role, reason=reason)
    return _judged_again(state, data, context, waiver)


def _judged_again(state: State, data: Json, context: Context, waiver: PreconditionWaived) -> Decision:
    current = state.private.current
    assert current is not None, "what is judged has a wording"
    waived = state.model_copy(update={"waivers": (*state.waivers, waiver)})
    filed_by = state.private.filed_by
    # What proves anything is what the unit that filed it may see, whoever waives.
    filed = {**data, "by": f"unit:{filed_by}", "filed_by": filed_by, "channel": state.private.channel}
    judgement = judged(current.body, waived, context, filed, state.private.channel)
    decision = said(state, judgement, worded(current.body, judgement), filed, context)
    return Decision(
        facts=(waiver, *decision.facts), private=decision.private, answer={"outcome": judgement.verdict.outcome, "amended": False}
    )


def _asked_for(state: State, name: object) -> PreconditionVerdict | None:
    verdicts = state.verdict.preconditions if state.verdict else ()
    return next((verdict for verdict in verdicts if name in verdict.any_of), None)


def _waivable(state: State, pack: Pack) -> list[str]:
    """The preconditions that are lacking and may be waived."""
    lacking = [
        name for one in (state.verdict.preconditions if state.verdict else ()) if one.state == "missing" for name in one.any_of
    ]
    return [name for name in lacking if name in pack.preconditions and pack.preconditions[name].mode == "waivable"]
