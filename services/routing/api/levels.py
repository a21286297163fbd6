"""Which of a unit's requests are due next."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.routing.api.reading import Authenticate, Limit, Reading
from services.routing.api.shown import Levels, shown
from shared.http.principal import Principal


def level_routes(router: APIRouter, projection: Reading, principal: Authenticate) -> None:
    @router.get("/service-levels", summary="The unit's requests whose clocks run, the one that is due next first")
    async def levels(caller: Annotated[Principal, Depends(principal)], limit: Limit = 50) -> Levels:
        found = await projection.nearest_due(caller.sight, limit)
        return Levels(requests=tuple(shown(request, state) for request, state in found))
