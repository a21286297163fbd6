"""Seasons over HTTP: what is, was and will be, and what those who may wish about them."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Response
from pydantic import ConfigDict, Field

from services.routing.api.commanding import Body
from services.routing.api.reading import PEOPLE_ONLY, Authenticate
from services.routing.api.telling import FAULTY, UNSTORABLE, Desk
from services.routing.domain.seasons.deciding import OPERATOR
from services.routing.domain.seasons.refusals import UNKNOWN_SEASON
from services.routing.domain.seasons.state import Kept, Phase, Seasons
from shared.http.idempotency import Key
from shared.http.idempotency import told as say_whether
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Told
from shared.schemas.model import Frozen, Json
from shared.schemas.seasons import SEASONS, SeasonFigures
from shared.service.once import Keys, Once, Wish, named
from shared.storage import Sight
from shared.telemetry.clock import Clock

Moment = Annotated[str, Field(max_length=40, description="a moment with an offset, or a date: a whole day in the unit's zone")]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(max_length=2000)]


class Figures(Body):
    """What is not given is as the policy says, or as it was. The policy has bounds for each."""

    cap_factor: Annotated[float, Field(allow_inf_nan=False)] | None = None
    cap_more: int | None = None
    borrowing: bool | None = None
    lenders_keep: int | None = None
    ageing: bool | None = None


class Declaring(Body):
    """Without `business_unit` it is a season of all units. `to`, when a date, is the last day."""

    name: Name
    business_unit: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    starts: Moment = Field(alias="from")
    ends: Moment = Field(alias="to")
    figures: Figures = Figures()
    reason: Reason = ""


class Changing(Body):
    """What is not given stays."""

    name: Name | None = None
    starts: Moment | None = Field(default=None, alias="from")
    ends: Moment | None = Field(default=None, alias="to")
    figures: Figures = Figures()
    reason: Reason = ""


class Over(Body):
    reason: Reason = ""


class ShownSeason(Frozen):
    """One season; in effect from `from` up to, and without, `to`."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    name: str
    business_unit: str | None
    starts: datetime = Field(alias="from")
    ends: datetime = Field(alias="to")
    phase: Phase
    figures: SeasonFigures
    by: str
    reason: str
    declared_at: datetime

    @classmethod
    def of(cls, season: Kept, now: datetime) -> "ShownSeason":
        """The season as it is at `now`."""
        fields = season.model_dump(include={"id", "name", "business_unit", "starts", "ends", "by", "reason", "declared_at"})
        return cls(**fields, figures=season.figures, phase=season.phase(now))


class ShownSeasons(Frozen):
    """Those that concern the caller, the latest first. `example`: the policy's figures are examples. `usual` are its figures."""

    example: bool
    usual: SeasonFigures
    seasons: tuple[ShownSeason, ...]


class Shelf(Protocol):
    async def seen(self, sight: Sight) -> Seasons: ...


@dataclass(frozen=True, kw_only=True)
class Manner:
    """What a list says of the policy."""

    example: bool
    usual: SeasonFigures


@dataclass(frozen=True, kw_only=True)
class Declarer:
    """Who wishes, under which key; and the response whose headers may say more."""

    by: Principal
    key: str | None
    response: Response


def season_routes(desk: Desk, shelf: Shelf, manner: Manner, clock: Clock, principal: Authenticate, keys: Keys) -> APIRouter:
    """GET and POST /v1/seasons, POST /v1/seasons/{id}/change, end and withdraw."""
    router = APIRouter(prefix="/v1", tags=["seasons"], route_class=StrictRoute)
    teller, declarer = SeasonTeller(desk, clock, keys), _declaring(principal)
    Caller = Annotated[Declarer, Depends(declarer)]

    @router.get("/seasons", summary="The seasons that are, were and will be, the latest first")
    async def seasons(caller: Annotated[Principal, Depends(principal)]) -> ShownSeasons:
        now = clock.now()
        seen = sorted((await shelf.seen(caller.sight)).seasons, key=lambda one: (one.starts, one.id), reverse=True)
        shown = tuple(ShownSeason.of(one, now) for one in seen)
        return ShownSeasons(example=manner.example, usual=manner.usual, seasons=shown)

    @router.post("/seasons", summary="Declare a season of one unit, or of all", status_code=201)
    async def declare(body: Declaring, caller: Caller) -> ShownSeason:
        return await teller.tell("declare", None, caller, _given(body))

    @router.post("/seasons/{season_id}/change", summary="Give a season other times, another name or other figures")
    async def change(season_id: str, body: Changing, caller: Caller) -> ShownSeason:
        return await teller.tell("change", season_id, caller, _given(body))

    @router.post("/seasons/{season_id}/end", summary="End a season that has begun now")
    async def end(season_id: str, caller: Caller, body: Over | None = None) -> ShownSeason:
        return await teller.tell("end", season_id, caller, _given(body or Over()))

    @router.post("/seasons/{season_id}/withdraw", summary="Take back a season that has not begun")
    async def withdraw(season_id: str, caller: Caller, body: Over | None = None) -> ShownSeason:
        return await teller.tell("withdraw", season_id, caller, _given(body or Over()))

    return router


def _given(body: Body) -> Json:
    found: Json = body.model_dump(by_alias=True, exclude_none=True)
    return found


def _declaring(principal: Authenticate) -> Callable[..., Any]:
    """The dependency that finds the Declarer: a person, or one of our services for an operator."""

    async def declarer(response: Response, who: Annotated[Principal, Depends(principal)], key: Key = None) -> Declarer:
        if who.kind == "unit":
            raise Refused(PEOPLE_ONLY)
        return Declarer(by=who, key=key, response=response)

    return declarer


class SeasonTeller:
    """Tells the desk what is wished of seasons; a wish with a key is answered but once."""

    def __init__(self, desk: Desk, clock: Clock, keys: Keys) -> None:
        self._desk = desk
        self._clock = clock
        self._once = Once(ShownSeason, keys)

    async def tell(self, name: str, season: str | None, caller: Declarer, body: Mapping[str, Any]) -> ShownSeason:
        """The season as the wish left it. Raises Refused."""
        by = caller.by.id if caller.by.kind == "person" else f"{OPERATOR}{caller.by.id}"
        key = named(caller.by.kind, caller.by.id, caller.key) if caller.key is not None else uuid.uuid4().hex
        data = {**body, "id": season or f"S{key[:11]}", "by": by}
        if caller.key is None:
            return await self._told(key, name, data)
        wish = Wish(name=key, operation=f"season:{name}", subject=season or SEASONS, body=dict(body))
        given = await self._once.answer(wish, lambda: self._told(f"{name}:{key}", name, data))
        say_whether(caller.response, repeated=given.repeated)
        return given.answer

    async def _told(self, identity: str, name: str, data: Json) -> ShownSeason:
        now = self._clock.now()
        outcome = await self._desk.tell(Told(id=identity, subject=SEASONS, name=name, data=data, at=now))
        if outcome.refusal is not None:
            raise Refused(outcome.refusal)
        if outcome.problem:
            raise Refused(UNSTORABLE if outcome.unstorable else FAULTY)
        season = outcome.state.get(data["id"])
        if season is None:
            raise Refused(UNKNOWN_SEASON)
        return ShownSeason.of(season, now)
