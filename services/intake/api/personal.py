"""What the other services may fetch with their token while they render or send: personal values and attachments."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Depends, Response

from services.intake.api.reading import NOT_FOUND
from services.intake.domain.state import State
from services.intake.projection import Projection
from shared.catalogue import Pack, personal
from shared.http.problems import Refused
from shared.schemas.model import Json
from shared.storage import BlobStore


def personal_routes(
    projection: Projection, blobs: BlobStore, packs: Mapping[tuple[str, str], Pack], authorised: Callable[..., Any]
) -> APIRouter:
    """GET /internal/requests/{id}/personal and GET /internal/attachments/{sha256}."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.get("/requests/{request_id}/personal")
    async def values(request_id: str) -> Json:
        state = await projection.state(request_id)
        if state is None or (state.request is not None and state.private.current is None):
            # The second: lost with the database; a rendering waits until the unit has sent the request again.
            raise Refused(NOT_FOUND)
        return personal_values(state, packs)

    @router.get("/attachments/{sha256}")
    async def attachment(sha256: str) -> Response:
        blob = await blobs.get(sha256)
        if blob is None:
            raise Refused(NOT_FOUND)
        return Response(blob.data, media_type=blob.media_type, headers={"X-Content-Type-Options": "nosniff"})

    return router


def personal_values(state: State, packs: Mapping[tuple[str, str], Pack]) -> Json:
    """Dotted field → value, for every personal field of the wording that stands."""
    version = state.private.current
    if version is None or state.policy is None:
        return {}
    request_type = packs[(state.policy.name, state.policy.version)].types.get(version.request.type)
    return personal(version.request, request_type) if request_type else {}
