"""What intake judges of a wording: by which pack, with whose waivers, and what of it may be said. Pure."""

from typing import Any

from services.intake.domain.enclosed import uploaded_for
from services.intake.domain.evidence import seen_by, without_unseen
from services.intake.domain.state import OPEN, Context, Private, State, Version
from shared.catalogue import Judgement, JudgingContext, changes, judge, meaning, public
from shared.ledger.messages import Decision
from shared.schemas.intake import RequestRejected, RequestReturned, RequestSubmitted
from shared.schemas.model import Json
from shared.schemas.requests import FieldChange, Origin, Request, Requester

FACTS: dict[str, type[RequestSubmitted]] = {
    "accepted": RequestSubmitted,
    "returned": RequestReturned,
    "rejected": RequestRejected,
}


def said(state: State, judgement: Judgement, version: Version, data: Json, context: Context) -> Decision:
    """Say the verdict and keep the wording it was given on."""
    fact = FACTS[judgement.verdict.outcome](
        request=sayable(without_unseen(version.request, data, context.earlier), judgement),
        verdict=judgement.verdict,
        policy=judgement.policy,
    )
    filed_by = state.private.filed_by or data["filed_by"]
    private = Private(
        current=version,
        filed_by=filed_by,
        channel=data["channel"],
        early=state.private.early,
        refused_early=state.private.refused_early,
        applied_early=state.private.applied_early,
    )
    answer = {"outcome": judgement.verdict.outcome, "amended": state.private.current is not None and state.status != "dropped"}
    return Decision(facts=(fact,), private=private, answer=answer)


def judged(body: Json, state: State, context: Context, data: Json, channel: str) -> Judgement:
    """By the pack the request is pinned to, and by the channel it was filed on, whichever amends it.

    What whoever tells `data` may not see proves nothing, and is as if it did not exist.
    """
    pack = context.pack(state.policy if state.status in OPEN else None)
    requester = _of(body.get("requester"), "id")
    waived = {
        waiver.precondition: waiver
        for waiver in state.waivers
        if (known := pack.preconditions.get(waiver.precondition)) and (known.own_waiver or waiver.by != requester)
    }
    asked = JudgingContext(
        now=context.now,
        directory=context.directory,
        earlier=seen_by(data, context.earlier),
        channel=channel,
        waived=waived,
        standing={one.any_of: one for one in state.owing},
        uploaded=uploaded_for(state, data, context),
    )
    return judge(pack, body, asked)


def worded(body: Json, judgement: Judgement, data: Json, before: Version | None = None) -> Version:
    """The wording that `data`'s sender sent, or made by a change to the one `before`."""
    request = judgement.request or _bare(body)
    whole_for = _whole_for(before, data) if before else data["filed_by"] or request.business_unit
    meant = meaning(judgement.request or body)
    return Version(body=body, request=request, meaning=meant, by=data["by"], unit=data["filed_by"], whole_for=whole_for)


def _whole_for(before: Version, data: Json) -> str | None:
    """Who may see a changed wording whole: whoever may see the one before, if the change is theirs, or our services' own, or made to
    what its request's unit sent; else nobody, for it holds what two units said.
    """
    if str(data["by"]).startswith("service:") or before.whole_for in {data["filed_by"], before.request.business_unit}:
        return before.whole_for
    return None


def sayable(request: Request, judgement: Judgement) -> Request:
    """What may be said of a request. Of one whose type is unknown nobody can tell what is personal."""
    return public(request, judgement.type) if judgement.type else _bare(request.model_dump(mode="json"))


def public_changes(before: Request, after: Request, judgement: Judgement) -> tuple[FieldChange, ...]:
    """All that differs; of a personal field that it does, and neither value."""
    old, new = (sayable(request, judgement).details for request in (before, after))
    return tuple(
        FieldChange(field=change.field, before=old.get(key), after=new.get(key))
        if (key := change.field.removeprefix("details.")) != change.field
        else change
        for change in changes(before, after)
    )


def _bare(body: Json) -> Request:
    """As much of a request as can be kept when its type is unknown: its identity, and nothing that may be personal."""
    source, requester = body.get("source"), body.get("requester")
    return Request(
        type=_text(body.get("type"))[:100],
        business_unit=_text(body.get("business_unit")),
        requester=Requester(id=_text(_of(requester, "id"))[:100], role=_text(_of(requester, "role"))[:100]),
        source=Origin(system=_text(_of(source, "system")), reference=_text(_of(source, "reference"))),
    )


def _of(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
