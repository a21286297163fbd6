"""Erasing the personal values of a request: they are in no event, so that no event changes and every chain stays as it is. Pure.

The digest of the meaning stays, so that a late delivery of the same request is still known, and brings no value back.
"""

from services.intake.domain.state import Private, State, Version
from shared.catalogue import Pack, RequestType
from shared.catalogue.privacy import without_personal
from shared.ledger.messages import Decision
from shared.schemas.model import Json

SAID_ANYWAY = ("type", "business_unit", "source", "requester")
"""What an event says even of a request whose type is unknown."""


def erase(state: State, pack: Pack | None) -> Decision:
    """Every wording without its personal values; whether there were any is in the answer. Doing it again changes nothing.

    Without a policy there are only messages that came early: of them nothing is left but what an event would say anyway.
    """
    private = erased(state.private, pack)
    if private == state.private:
        return Decision(answer={"erased": False})
    return Decision(private=private, answer={"erased": True})


def erased(private: Private, pack: Pack | None) -> Private:
    """`private` with nothing in place of each personal value."""
    pending = tuple(asked.model_copy(update={"version": _version(asked.version, pack)}) for asked in private.pending)
    asking = tuple(_version(version, pack) for version in private.asking)
    current = private.current and _version(private.current, pack)
    kind = pack.types.get(current.request.type) if current and pack else None
    early = tuple(one.model_copy(update={"body": _body(one.body, kind)}) for one in private.early)
    return private.model_copy(update={"current": current, "asking": asking, "pending": pending, "early": early})


def _version(version: Version, pack: Pack | None) -> Version:
    kind = pack.types.get(version.request.type) if pack else None
    if kind is None:
        return version.model_copy(update={"body": _body(version.body, None)})
    details = without_personal(version.request.details, kind)
    return version.model_copy(
        update={"body": _body(version.body, kind), "request": version.request.model_copy(update={"details": details})}
    )


def _body(body: Json, kind: RequestType | None) -> Json:
    if kind is None:
        return {key: body[key] for key in SAID_ANYWAY if key in body}
    details = body.get("details")
    return {**body, "details": without_personal(details, kind)} if isinstance(details, dict) else body
