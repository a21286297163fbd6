"""What intake says about what units send: one verdict per submission, one answer per meaning, whatever the channel."""

from datetime import datetime
from typing import Any

from services.intake.domain.erasing import erase
from services.intake.domain.evolve import evolve, in_free_order
from services.intake.domain.older import lifted
from services.intake.domain.refusals import LONGEST_REASON, NOT_YOURS, REASON_MISSING, TYPE_FIXED, UNKNOWN, closed, conflict
from services.intake.domain.state import OPEN, Context, Private, State, Version
from shared.catalogue import Judgement, JudgingContext, changes, judge, meaning, public
from shared.ledger.messages import NOTHING, Decision, Message, Told
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import (
    AmendmentRequested,
    RequestDropped,
    RequestRejected,
    RequestReturned,
    RequestSubmitted,
    WithdrawalRequested,
)
from shared.schemas.model import Json
from shared.schemas.requests import FieldChange, Origin, Request, Requester

FACTS: dict[str, type[RequestSubmitted]] = {
    "accepted": RequestSubmitted,
    "returned": RequestReturned,
    "rejected": RequestRejected,
}
IDENTITY = ("business_unit", "source")


class RequestDomain:
    """The Domain of a request in intake. Commands: submit, amend, withdraw; `data` as the channel built it."""

    source: Source = "intake"
    hears: frozenset[Source] = frozenset({"routing", "documents", "notify"})
    state = State
    schema = 3

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """The verdict on a command. What others say needs no answer."""
        match message:
            case Told(data=data) if not _theirs(state, data):
                return Decision(refusal=NOT_YOURS)
            case Told(name="submit", data=data):
                return _submit(state, data, context)
            case Told(name="amend", data=data):
                return _amend(state, data, context)
            case Told(name="withdraw", data=data):
                return _withdraw(state, data)
            case Told(name="erase"):
                return erase(state, context.pack(state.policy)) if state.policy else Decision(refusal=UNKNOWN)
            case _:
                return NOTHING

    def evolve(self, state: State, event: Event) -> State:
        """See `evolve`."""
        return evolve(state, event)

    def wake_at(self, _state: State) -> datetime | None:
        """Intake waits for nothing by itself."""
        return None

    def upcast(self, document: dict[str, Any], schema: int) -> dict[str, Any]:
        """See `lifted`."""
        return lifted(document, schema)

    def comparable(self, state: State) -> State:
        """See `in_free_order`."""
        return in_free_order(state)


def _theirs(state: State, data: Json) -> bool:
    """Whether who tells may: of a request that exists, its unit, the unit that filed it, who asked, and our own services."""
    if state.request is None:
        return True
    kind, _, identity = str(data["by"]).partition(":")
    own = (kind == "person" and identity == state.request.requester.id) or kind == "service"
    return own or data["filed_by"] in {state.request.business_unit, state.private.filed_by} - {""}


def _submit(state: State, data: Json, context: Context) -> Decision:
    judgement = _judge(data["body"], state, context, data["channel"])
    version = _version(data["body"], judgement)
    current = state.private.current
    if state.status in {"new", "dropped", "returned", "rejected"}:
        if (
            current is not None
            and current.meaning == version.meaning
            and judgement.verdict == state.verdict
            and state.status != "dropped"
        ):
            return Decision(answer={"outcome": judgement.verdict.outcome, "duplicate": True})
        return _said(state, judgement, version, data)
    standing = state.private.latest
    if (standing is not None and standing.meaning == version.meaning) or (current and current.meaning == version.meaning):
        return Decision(answer={"outcome": "accepted", "duplicate": True})
    if _is_forgotten(state, judgement) and _public(version.request, judgement) == state.request:
        filed_by = state.private.filed_by or data["filed_by"]
        private = Private(current=version, filed_by=filed_by, channel=state.private.channel or data["channel"])
        return Decision(private=private, answer={"outcome": "accepted", "duplicate": True})
    fields = [change.field for change in changes(standing.request, version.request)] if standing else []
    return Decision(refusal=conflict(fields))


def _is_forgotten(state: State, judgement: Judgement) -> bool:
    """Whether the wording that stands was lost with the database, and only what was said of it is known (docs/decisions/0016)."""
    current = state.private.current
    return current is None or (not state.amending and _public(current.request, judgement) != state.request)


def _amend(state: State, data: Json, context: Context) -> Decision:
    current = state.private.latest
    if state.status in {"new", "dropped"} or current is None:
        return Decision(refusal=UNKNOWN)
    body = merged(current.body, data["body"]) | {key: current.body[key] for key in IDENTITY if key in current.body}
    judgement = _judge(body, state, context, state.private.channel)
    version = _version(body, judgement)
    if state.status in {"returned", "rejected"}:
        if version.meaning == current.meaning and judgement.verdict == state.verdict:
            return Decision(answer={"outcome": judgement.verdict.outcome, "duplicate": True})
        return _said(state, judgement, version, {**data, "channel": state.private.channel})
    return _amend_open(state, data, judgement, version) if state.status in OPEN else Decision(refusal=closed(state))


def _amend_open(state: State, data: Json, judgement: Judgement, version: Version) -> Decision:
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
        request=_public(version.request, judgement),
        changes=_public_changes(current.request, version.request, judgement),
        verdict=judgement.verdict,
    )
    private = state.private.model_copy(update={"asking": version})
    return Decision(facts=(fact,), private=private, answer={"outcome": "accepted", "amended": True})


def _withdraw(state: State, data: Json) -> Decision:
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


def _said(state: State, judgement: Judgement, version: Version, data: Json) -> Decision:
    """Say the verdict and keep the wording it was given on."""
    fact = FACTS[judgement.verdict.outcome](
        request=_public(version.request, judgement), verdict=judgement.verdict, policy=judgement.policy
    )
    filed_by = state.private.filed_by or data["filed_by"]
    private = Private(current=version, filed_by=filed_by, channel=data["channel"])
    answer = {"outcome": judgement.verdict.outcome, "amended": state.private.current is not None and state.status != "dropped"}
    return Decision(facts=(fact,), private=private, answer=answer)


def _judge(body: Json, state: State, context: Context, channel: str) -> Judgement:
    """By the pack the request is pinned to, and by the channel it was filed on, whichever amends it."""
    opened = state.policy if state.status in OPEN else None
    pack = context.pack(opened)
    asked = JudgingContext(now=context.now, directory=context.directory, earlier=context.earlier, channel=channel)
    return judge(pack, body, asked)


def _version(body: Json, judgement: Judgement) -> Version:
    request = judgement.request or _bare(body)
    return Version(body=body, request=request, meaning=meaning(judgement.request or body))


def _public(request: Request, judgement: Judgement) -> Request:
    """What may be said of a request. Of one whose type is unknown nobody can tell what is personal."""
    return public(request, judgement.type) if judgement.type else _bare(request.model_dump(mode="json"))


def _public_changes(before: Request, after: Request, judgement: Judgement) -> tuple[FieldChange, ...]:
    """All that differs; of a personal field that it does, and neither value."""
    old, new = (_public(request, judgement).details for request in (before, after))
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
