"""The keys of one system: issued while fewer than two are alive, revoked once. Pure."""

from datetime import datetime

from shared.ledger.messages import NOTHING, Decision, Refusal
from shared.schemas.access import ALIVE_AT_ONCE, AccessKey, SystemAccess
from shared.schemas.intake import AccessRecorded
from shared.schemas.model import Json, Text

OVER_KEPT = 10
"""So many keys that are over stay in the entry; the events of the ledger keep all."""
TOO_MANY = Refusal(
    code="two_keys_alive",
    status=409,
    message=Text(
        zh="这个系统已有两个有效密钥；请先撤销其中一个（backline access revoke），再签发新的。",
        en="This system has two keys alive already; revoke one of them (backline access revoke) before another is issued.",
    ),
)
NO_SUCH_KEY = Refusal(
    code="no_such_key",
    status=404,
    message=Text(
        zh="没有这个密钥；请用 backline access list 查看密钥编号。",
        en="There is no such key; `backline access list` names the keys.",
    ),
)


def issued(access: SystemAccess | None, data: Json, now: datetime) -> Decision:
    """One more key for the system, unless two are alive."""
    known = access or SystemAccess(business_unit=data["business_unit"], system=data["system"])
    alive = [key for key in known.keys if key.alive(now)]
    if len(alive) >= ALIVE_AT_ONCE:
        return Decision(refusal=TOO_MANY)
    over = [key for key in known.keys if not key.alive(now)]
    kept = {key.id for key in (*over[-OVER_KEPT:], *alive)}
    keys = (*(key for key in known.keys if key.id in kept), AccessKey.model_validate(data["key"]))
    return Decision(facts=(AccessRecorded(access=known.model_copy(update={"keys": keys})),))


def revoked(access: SystemAccess | None, data: Json, now: datetime) -> Decision:
    """The key opens nothing from now on; one that was revoked already stays as it is."""
    found = [key for key in access.keys if key.id == data["key"]] if access else []
    if access is None or not found:
        return Decision(refusal=NO_SUCH_KEY)
    if found[0].revoked_at is not None:
        return NOTHING
    over = found[0].model_copy(update={"revoked_at": now, "revoked_by": data["by"], "reason": data["reason"]})
    keys = tuple(over if key.id == over.id else key for key in access.keys)
    return Decision(facts=(AccessRecorded(access=access.model_copy(update={"keys": keys})),))
