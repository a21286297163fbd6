"""What the other services may fetch with their token while they render or send: personal values and attachments."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from services.intake.api.reading import NOT_FOUND, Reading
from services.intake.domain.state import State
from shared.catalogue import Pack, personal
from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.schemas.model import Json
from shared.storage import BlobStore


def personal_routes(
    projection: Reading, blobs: BlobStore, packs: Mapping[tuple[str, str], Pack], authorised: Callable[..., Any]
) -> APIRouter:
    """GET /internal/requests/{id}/personal and GET /internal/attachments/{sha256}?request={id}."""
    router = APIRouter(prefix="/internal", include_in_schema=False)
    OneOfOurs = Annotated[Principal, Depends(authorised)]

    @router.get("/requests/{request_id}/personal")
    async def values(request_id: str, caller: OneOfOurs) -> Json:
        state = await projection.state(caller.sight, request_id)
        if state is None or (state.request is not None and state.private.current is None):
            # The second: lost with the database; a rendering waits until the unit has sent the request again.
            raise Refused(NOT_FOUND)
        return personal_values(state, packs)

    @router.get("/attachments/{sha256}")
    async def attachment(sha256: str, request: str, caller: OneOfOurs) -> Response:
        state = await projection.state(caller.sight, request)
        blob = await blobs.held(sha256, holders_of(state)) if state is not None else None
        if blob is None:
            raise Refused(NOT_FOUND)
        return Response(blob.data, media_type=blob.media_type, headers={"X-Content-Type-Options": "nosniff"})

    return router


def holders_of(state: State) -> frozenset[str]:
    """Whose attachments a request may name: its unit's, and those of the unit that filed it or of our own services."""
    return frozenset({state.private.filed_by} | ({state.request.business_unit} if state.request else set()))


def personal_values(state: State, packs: Mapping[tuple[str, str], Pack]) -> Json:
    """Dotted field → value, for every personal field of the wording that stands."""
    version = state.private.current
    if version is None or state.policy is None:
        return {}
    request_type = packs[(state.policy.name, state.policy.version)].types.get(version.request.type)
    return personal(version.request, request_type) if request_type else {}
