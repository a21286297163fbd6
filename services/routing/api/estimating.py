"""An estimate before a request is sent: it changes nothing, reserves nobody and is kept nowhere."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from services.routing.api.reading import Authenticate
from services.routing.domain.estimating import Wanted
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.estimates import Estimate
from shared.storage import Sight

Unit = Annotated[str, Query(min_length=1, max_length=100)]
Type = Annotated[str, Query(alias="type", min_length=1, max_length=100)]


class Estimates(Protocol):
    """Reckons as far as whoever asks may know."""

    async def estimate(self, sight: Sight, wanted: Wanted) -> Estimate | Refusal: ...


def estimating_routes(estimates: Estimates, principal: Authenticate) -> APIRouter:
    """GET /v1/estimate."""
    router = APIRouter(prefix="/v1", tags=["estimates"], route_class=StrictRoute)

    @router.get("/estimate", summary="When a request sent now would have its people, and when it could be done: ranges")
    async def estimated(
        caller: Annotated[Principal, Depends(principal)],
        kind: Type,
        business_unit: Unit,
        needed_by: AwareDatetime | None = None,
    ) -> Estimate:
        found = await estimates.estimate(caller.sight, Wanted(type=kind, business_unit=business_unit, needed_by=needed_by))
        if isinstance(found, Refusal):
            raise Refused(found)
        return found

    return router
