"""A person of a role that the policy names lets a returned request do without a precondition; it is judged again at once. Pure."""

from services.intake.domain import refusals
from services.intake.domain.judging import judged, said, worded
from services.intake.domain.seats import seated
from services.intake.domain.state import OPEN, Context, State
from shared.catalogue import Pack
from shared.catalogue.waiving import waiving_role
from shared.ledger.messages import Decision
from shared.schemas.intake import PreconditionWaived
from shared.schemas.model import Json, Text
from shared.schemas.people import Person
from shared.schemas.requests import PreconditionVerdict


def waive(state: State, data: Json, context: Context) -> Decision:
    """`body` is {precondition, reason}. Said are who, in which role and why, and then the new verdict."""
    current, request = state.private.current, state.request
    kind, _, person = str(data["by"]).partition(":")
    known = context.directory.people.get(person) if kind == "person" else None
    if known is None:
        return Decision(refusal=refusals.PERSON_ONLY)
    if state.status in {"new", "dropped"} or request is None or current is None:
        return Decision(refusal=refusals.UNKNOWN)
    pack = context.pack(state.policy if state.status in OPEN else None)
    if not (_sees(state, known) or _has_a_role(state, pack, context, person)):
        return Decision(refusal=refusals.UNKNOWN)
    if known.business_unit not in {request.business_unit, pack.pool}:
        return Decision(refusal=refusals.NOT_YOURS)
    name, reason = data["body"].get("precondition"), data["body"].get("reason")
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= refusals.LONGEST_REASON:
        return Decision(refusal=refusals.WAIVER_REASON_MISSING)
    found = _asked_for(state, name)
    if found is None:
        return Decision(refusal=refusals.unknown_precondition(_waivable(state, pack)))
    return _weighed(state, data, context, pack, known.id, found)


def _sees(state: State, person: Person) -> bool:
    """Whether the person could look at the request: one of its unit, or of the unit that filed it, or with a part in it."""
    assert state.request is not None, "only a request with a wording is looked at"
    units = {state.request.business_unit, state.private.filed_by} - {""}
    return person.business_unit in units or person.id in {state.request.requester.id, *seated(state)}


def _has_a_role(state: State, pack: Pack, context: Context, person: str) -> bool:
    """Whether the policy lets the person waive any precondition that the request asks for; nobody else is told which there are."""
    request = state.request
    assert request is not None, "only a request with a wording has a verdict"
    about = {"person": person, "unit": request.business_unit, "requester": request.requester.id}
    asked = [name for verdict in (state.verdict.preconditions if state.verdict else ()) for name in verdict.any_of]
    waivable = [one for name in asked if (one := pack.preconditions.get(name)) and one.mode == "waivable"]
    return any(waiving_role(pack, one, context.directory, **about)[0] is not None for one in waivable)


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
    # What proves anything is what whoever sent it may see, whoever waives.
    filed = {**data, "by": current.by, "filed_by": current.unit, "channel": state.private.channel}
    judgement = judged(current.body, waived, context, filed, state.private.channel)
    version = worded(current.body, judgement, filed).model_copy(update={"whole_for": current.whole_for})
    decision = said(state, judgement, version, filed, context)
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
