"""What the other services may fetch while they render or send: personal values with their token, a file with an address signed for it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response

from services.intake.api.attachments import file_of
from services.intake.api.reading import NOT_FOUND, Reading
from services.intake.domain.state import State
from shared.catalogue import Pack, personal
from shared.http.downloads import download
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.http.signed import Link, Readers, Signer
from shared.schemas.model import Json
from shared.storage import BlobStore

AUDIENCES: frozenset[str] = frozenset({"documents", "notify"})
LINK_SECONDS = 300


def personal_routes(
    projection: Reading,
    blobs: BlobStore,
    packs: Mapping[tuple[str, str], Pack],
    authorised: Callable[..., Any],
    signer: Signer,
) -> APIRouter:
    """GET /internal/requests/{id}/personal, POST /internal/attachments/{sha256}/link, and what that answers."""
    router = APIRouter(prefix="/internal", include_in_schema=False)
    OneOfOurs = Annotated[Principal, Depends(authorised)]
    Holder = Annotated[Principal, Depends(Readers(signer, AUDIENCES).reader)]

    @router.get("/requests/{request_id}/personal")
    async def values(request_id: str, caller: OneOfOurs) -> Json:
        state = await projection.state(caller.sight, request_id)
        if state is None or (state.request is not None and state.private.current is None):
            # The second: lost with the database; a rendering waits until the unit has sent the request again.
            raise Refused(NOT_FOUND)
        return personal_values(state, packs)

    @router.post("/attachments/{sha256}/link")
    async def link(sha256: str, audience: Literal["documents", "notify"], request: str, caller: OneOfOurs) -> Link:
        state = await projection.state(caller.sight, request)
        if state is None or file_of(state, sha256) is None or sha256 not in await blobs.known([sha256]):
            raise Refused(NOT_FOUND)
        return signer.sign(f"/internal/attachments/{sha256}", audience=audience, seconds=LINK_SECONDS)

    @router.get("/attachments/{sha256}")
    async def attachment(sha256: str, request: Request, _holder: Holder) -> Response:
        opened = await blobs.open(sha256)
        if opened is None:
            raise Refused(NOT_FOUND)
        about = opened.about
        return download(opened, name=about.name, media_type=about.media_type, asked=request.headers)

    return router


def personal_values(state: State, packs: Mapping[tuple[str, str], Pack]) -> Json:
    """Dotted field → value, for every personal field of the wording that stands."""
    version = state.private.current
    if version is None or state.policy is None:
        return {}
    request_type = packs[(state.policy.name, state.policy.version)].types.get(version.request.type)
    return personal(version.request, request_type) if request_type else {}
