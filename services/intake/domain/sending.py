"""What becomes of a request that is submitted, amended or withdrawn, at each stage it may have reached. Pure."""

from services.intake.domain.evidence import without_unseen
from services.intake.domain.judging import judged, public_changes, said, sayable, worded
from services.intake.domain.refusals import (
    LONGEST_REASON,
    MOVED_ON,
    REASON_MISSING,
    TYPE_FIXED,
    UNKNOWN,
    closed,
    conflict,
)
from services.intake.domain.state import OPEN, Context, State, Version
from shared.catalogue import Judgement, changes
from shared.ledger.messages import Decision
from shared.schemas.intake import AmendmentRequested, RequestDropped, WithdrawalRequested
from shared.schemas.model import Json

IDENTITY = ("business_unit", "source")


def submit(state: State, data: Json, context: Context) -> Decision:
    """A wording sent for the first time, corrected, or repeated. `seen` is the last word of ours that a correction rests on."""
    if data.get("seen") not in {None, state.head}:
        return Decision(refusal=MOVED_ON)
    judgement = judged(data["body"], state, context, data, data["channel"])
    current = state.private.current
    version = worded(data["body"], judgement, data, current if data.get("patched") else None)
    if state.status in {"new", "dropped", "returned", "rejected"}:
        if (
            current is not None
            and current.meaning == version.meaning
            and judgement.verdict == state.verdict
            and state.status != "dropped"
        ):
            return Decision(answer={"outcome": judgement.verdict.outcome, "duplicate": True})
        return said(state, judgement, version, data, context)
    standing = state.private.latest
    if (standing is not None and standing.meaning == version.meaning) or (current and current.meaning == version.meaning):
        return Decision(answer={"outcome": "accepted", "duplicate": True})
    if _is_forgotten(state, judgement) and sayable(version.request, judgement) == state.request:
        filed_by = state.private.filed_by or data["filed_by"]
        channel = state.private.channel or data["channel"]
        private = state.private.model_copy(update={"current": version, "filed_by": filed_by, "channel": channel})
        return Decision(private=private, answer={"outcome": "accepted", "duplicate": True})
    fields = [change.field for change in changes(standing.request, version.request)] if standing else []
    return Decision(refusal=conflict(fields))


def _is_forgotten(state: State, judgement: Judgement) -> bool:
    """Whether the wording that stands was lost with the database, and only what was said of it is known (docs/decisions/0016)."""
    current = state.private.current
    return current is None or (not state.amending and sayable(current.request, judgement) != state.request)


def amend(state: State, data: Json, context: Context) -> Decision:
    """A patch to the wording asked for last: what is not accepted yet is judged again, an open request asks routing."""
    current = state.private.latest
    if state.status in {"new", "dropped"} or current is None:
        return Decision(refusal=UNKNOWN)
    body = merged(current.body, data["body"]) | {key: current.body[key] for key in IDENTITY if key in current.body}
    judgement = judged(body, state, context, data, state.private.channel)
    version = worded(body, judgement, data, current)
    if state.status in {"returned", "rejected"}:
        if version.meaning == current.meaning and judgement.verdict == state.verdict:
            return Decision(answer={"outcome": judgement.verdict.outcome, "duplicate": True})
        return said(state, judgement, version, {**data, "channel": state.private.channel}, context)
    return _amend_open(state, data, judgement, version, context) if state.status in OPEN else Decision(refusal=closed(state))


def _amend_open(state: State, data: Json, judgement: Judgement, version: Version, context: Context) -> Decision:
    current = state.private.latest
    assert current is not None, "an open request has a wording"
    if not changes(current.request, version.request):
        return Decision(answer={"outcome": "accepted", "duplicate": True})
    if judgement.type is not None and judgement.type.key != current.request.type:
        return Decision(refusal=TYPE_FIXED)
    if judgement.verdict.outcome != "accepted":
        return Decision(answer={"outcome": judgement.verdict.outcome, "verdict": judgement.verdict.model_dump(mode="json")})
    fact = AmendmentRequested(
        by=data["by"],
        request=sayable(without_unseen(version.request, data, context.earlier), judgement),
        changes=public_changes(current.request, version.request, judgement),
        verdict=judgement.verdict,
    )
    private = state.private.model_copy(update={"asking": (*state.private.asking, version)})
    return Decision(facts=(fact,), private=private, answer={"outcome": "accepted", "amended": True})


def withdraw(state: State, data: Json) -> Decision:
    """The request is taken back: at once before it was accepted, by routing's leave after."""
    reason = data["body"].get("reason")
    if state.status == "new":
        return Decision(refusal=UNKNOWN)
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= LONGEST_REASON:
        return Decision(refusal=REASON_MISSING)
    if state.status in {"dropped", "withdrawn"} or state.withdrawing:
        return Decision(answer={"outcome": "withdrawn", "duplicate": True})
    if state.status in {"returned", "rejected"}:
        return Decision(facts=(RequestDropped(by=data["by"], reason=reason),), answer={"outcome": "withdrawn"})
    if state.status not in OPEN:
        return Decision(refusal=closed(state))
    return Decision(facts=(WithdrawalRequested(by=data["by"], reason=reason),), answer={"outcome": "withdrawn"})


def merged(body: Json, patch: Json) -> Json:
    """`body` with `patch` applied, as RFC 7396 (JSON Merge Patch) says: objects merge, null removes, all else replaces."""
    result = dict(body)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner = result.get(key)
            result[key] = merged(inner if isinstance(inner, dict) else {}, value)
        else:
            result[key] = value
    return result
