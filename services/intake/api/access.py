"""Keys of units' systems: issued, listed and revoked by operators, or by people who hold the role that settings name.

Invariant: a token is in the answer that issues its key and nowhere else; every issue and revocation is in the audit.
"""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.intake.domain.access import NO_SUCH_KEY
from services.intake.reception import Clock, Tells
from shared.http.access import Access
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Outcome, Refusal, Told
from shared.people.copy import DirectoryCopy
from shared.schemas.access import AccessKey, FilesFor, HeldKey, SystemAccess, UnitScope, subject_of
from shared.schemas.model import Frozen, Json, Text
from shared.service.audit import Audit

LONGEST_DAYS = 730
NOT_AN_ADMINISTRATOR = Refusal(
    code="administrators_only",
    status=403,
    message=Text(
        zh="只有运维凭证或具有密钥管理角色（BACKLINE_ACCESS_ROLE）的人员可以管理密钥。",
        en="Only an operator's token, or a person with the role that BACKLINE_ACCESS_ROLE names, may manage keys.",
    ),
)
NO_PEPPER = Refusal(
    code="no_pepper",
    status=409,
    message=Text(
        zh="尚未设置 BACKLINE_KEY_PEPPER，不能签发密钥；请在所有服务中设置同一个值后重启（见 docs/access.md）。",
        en="BACKLINE_KEY_PEPPER is not set, so no key can be issued; set the same one for all services and start them again "
        "(docs/access.md).",
    ),
)
UNKNOWN_UNIT = Refusal(
    code="unknown_unit",
    status=422,
    message=Text(
        zh="business_unit 不在人员目录中；请先导入目录，或改正编号。",
        en="business_unit is not in the directory; import the directory first, or correct the code.",
    ),
)
NOT_NOW = Refusal(
    code="not_now",
    status=503,
    message=Text(
        zh="由于系统自身的原因，现在不能更改密钥，什么都没有改变；请稍后重试。",
        en="For a reason of ours keys cannot be changed now, and nothing was; try again later.",
    ),
)
Authorised = Callable[..., Awaitable[Principal]]


def _printable(name: str) -> str:
    if not name.isprintable():
        raise PydanticCustomError("not_printable", "holds a character that cannot be shown; write the name without it")
    return name


Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_printable)]
By = Annotated[str | None, Query(min_length=1, max_length=100, description="for whom an operator acts, for the audit")]


class Body(BaseModel):
    """What is not named here is refused, so that a misspelt field is not lost."""

    model_config = ConfigDict(extra="forbid")


class Issuing(Body):
    """Which key is wanted: `system` is the source.system by which the unit's system files its requests."""

    business_unit: Name
    system: Name
    scopes: Annotated[list[UnitScope], Field(min_length=1, max_length=20)]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, description="how many days it lives")] = 365
    files_for: Annotated[FilesFor, Field(description="for whom it may file: any unit, its own, its own and this system")] = "unit"


class Revoking(Body):
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class ShownKey(Frozen):
    """A key without anything that could open anything. `last_used` is when this process of intake last saw it, since it started."""

    id: str
    business_unit: str
    system: str
    scopes: tuple[str, ...]
    files_for: FilesFor
    alive: bool
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    reason: str | None
    last_used: datetime | None = None


class Issued(Frozen):
    """The new key, and its token, which is shown this once."""

    key: ShownKey
    token: str


class Keys(Frozen):
    keys: tuple[ShownKey, ...]


class Administration:
    """Issues and revokes; each is written down before and after, with who asked."""

    def __init__(self, *, desk: Tells, people: DirectoryCopy, clock: Clock, audit: Audit, access: Access) -> None:
        self._desk = desk
        self._people = people
        self._clock = clock
        self._audit = audit
        self._access = access

    async def issue(self, wanted: Issuing, by: str) -> Issued:
        """A new key. Raises Refused: no_pepper, unknown_unit, two_keys_alive, not_now."""
        if not self._access.peppers.usable:
            raise Refused(NO_PEPPER)
        if wanted.business_unit not in self._people.directory.units:
            raise Refused(UNKNOWN_UNIT)
        minted, now = self._access.peppers.mint(), self._clock.now()
        key = AccessKey(
            id=minted.id,
            mac=minted.mac,
            scopes=tuple(dict.fromkeys(wanted.scopes)),
            files_for=wanted.files_for,
            issued_at=now,
            issued_by=by,
            expires_at=now + timedelta(days=wanted.days),
        )
        held = HeldKey(key=key, business_unit=wanted.business_unit, system=wanted.system)
        about = {"key": key.id, **wanted.model_dump()}
        data = {"business_unit": held.business_unit, "system": held.system, "key": key.model_dump(mode="json")}
        async with self._audit.deed("issue_key", by, about) as outcome:
            await self._told("issue_key", subject_of(held.business_unit, held.system), data)
            outcome.update(issued=True)
        return Issued(key=shown(held, now), token=minted.token)

    async def revoke(self, identity: str, reason: str, by: str) -> ShownKey:
        """The key, which opens nothing any more. Raises Refused: no_such_key, not_now."""
        held = self._people.keys.by_id.get(identity)
        if held is None:
            raise Refused(NO_SUCH_KEY)
        async with self._audit.deed("revoke_key", by, {"key": identity, "reason": reason}) as outcome:
            told = await self._told(
                "revoke_key", subject_of(held.business_unit, held.system), {"key": identity, "by": by, "reason": reason}
            )
            outcome.update(revoked=True)
        access: SystemAccess = told.state.access
        key = next(key for key in access.keys if key.id == identity)
        return shown(held.model_copy(update={"key": key}), self._clock.now())

    def keys(self, business_unit: str | None) -> Keys:
        """All keys, or a unit's; by unit and system, oldest first."""
        now = self._clock.now()
        held = [one for one in self._people.keys.by_id.values() if business_unit in {None, one.business_unit}]
        ordered = sorted(held, key=lambda one: (one.business_unit, one.system, one.key.issued_at, one.key.id))
        used = self._access.used
        return Keys(keys=tuple(shown(one, now).model_copy(update={"last_used": used.get(one.key.id)}) for one in ordered))

    async def _told(self, name: str, subject: str, data: Json) -> Outcome:
        outcome = await self._desk.tell(Told(id=uuid.uuid4().hex, subject=subject, name=name, data=data, at=self._clock.now()))
        if outcome.refusal is not None:
            raise Refused(outcome.refusal)
        if outcome.problem:
            raise Refused(NOT_NOW)
        return outcome


def access_routes(administration: Administration, principal: Authorised, role: str | None) -> APIRouter:
    """POST and GET /v1/access/keys, POST /v1/access/keys/{id}/revoke."""
    router = APIRouter(prefix="/v1/access", tags=["access"], route_class=StrictRoute)

    async def administrator(caller: Annotated[Principal, Depends(principal)], by: By = None) -> str:
        """Who acts. Besides our services, people with the role."""
        if caller.kind == "service":
            return f"service:{by or caller.id}"
        if caller.kind == "person" and role is not None and role in caller.roles:
            return f"person:{caller.id}"
        raise Refused(NOT_AN_ADMINISTRATOR)

    Acting = Annotated[str, Depends(administrator)]

    @router.post("/keys", status_code=201, summary="Issue a key to a unit's system; its token is shown this once")
    async def issue(wanted: Issuing, by: Acting) -> Issued:
        return await administration.issue(wanted, by)

    @router.get("/keys", summary="The keys of units' systems, without anything secret")
    async def listed(_by: Acting, business_unit: Annotated[str | None, Query(max_length=100)] = None) -> Keys:
        return administration.keys(business_unit)

    @router.post("/keys/{key}/revoke", summary="Revoke a key, with a reason; it holds everywhere within seconds")
    async def revoke(key: str, body: Revoking, by: Acting) -> ShownKey:
        return await administration.revoke(key, body.reason, by)

    return router


def shown(held: HeldKey, now: datetime) -> ShownKey:
    """A key as it is listed."""
    values = held.key.model_dump(exclude={"mac"})
    return ShownKey(**values, business_unit=held.business_unit, system=held.system, alive=held.key.alive(now))
