"""A person of a role that the policy names lets a returned request do without a precondition; it is judged again at once. Pure.

A person speaks for themselves, as their token or their mail proves. A unit's system proves its unit and no more: what it says of a
person counts where the unit has leave for that, and of people of that unit alone.
"""

from services.intake.domain import refusals
from services.intake.domain.judging import judged, said, worded
from services.intake.domain.seats import seated
from services.intake.domain.state import OPEN, Context, State, within_pin
from shared.catalogue import Pack
from shared.catalogue.waiving import waiving_role
from shared.ledger.messages import Decision, Refusal
from shared.schemas.intake import PreconditionWaived
from shared.schemas.model import Json, Text
from shared.schemas.people import Person
from shared.schemas.requests import PreconditionVerdict


def waive(state: State, data: Json, context: Context) -> Decision:
    """`body` is {precondition, reason}, and `by` where a unit's system says who. Said are who, in which role and why, and then the new
    verdict.
    """
    current, request = state.private.current, state.request
    known = _speaker(data, context)
    if isinstance(known, Refusal):
        return Decision(refusal=known)
    if state.status in {"new", "dropped"} or request is None or current is None:
        return Decision(refusal=refusals.UNKNOWN)
    pack = context.pack(state.policy if state.status in OPEN else None)
    if not within_pin(state, data) or not (_sees(state, known) or _has_a_role(state, pack, context, known.id)):
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


def _speaker(data: Json, context: Context) -> Person | Refusal:
    """Whose command it is, or why it is nobody's. `waives_for_people` says that the sender's unit has leave to name its people."""
    kind, _, sender = str(data["by"]).partition(":")
    named = data["body"].get("by")
    people = context.directory.people
    if kind == "person" and sender in people:
        return people[sender] if named in {None, sender} else refusals.WAIVED_BY_ANOTHER
    if kind != "unit" or not data.get("waives_for_people"):
        return refusals.PERSON_ONLY
    person = people.get(named) if isinstance(named, str) else None
    ours = person is not None and person.active and person.business_unit == data["filed_by"]
    return person if person is not None and ours else refusals.WAIVED_BY_WHOM


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
    through = None if data["by"] == f"person:{person}" else str(data["by"])
    waiver = PreconditionWaived(precondition=str(name), label=label, by=person, role=role, reason=reason, through=through)
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
