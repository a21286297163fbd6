"""The files of a request over HTTP: the list, and the download under its own name in any language."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Response

from services.documents.domain import State
from services.documents.projection import Projection
from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.documents import DocumentRendered
from shared.schemas.model import Frozen, Json, Text
from shared.storage import BlobStore

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这份文件，或您无权查看。", en="There is no such document, or it is not yours to see."),
)


class Listed(DocumentRendered):
    """A file and where to download it."""

    address: str


class Documents(Frozen):
    """The files of one request."""

    request: str
    documents: tuple[Listed, ...]


FILE: dict[int | str, Json] = {
    200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The file is the one that If-None-Match names"},
}


def document_routes(projection: Projection, blobs: BlobStore, principal: Callable[..., Any]) -> APIRouter:
    """GET /v1/requests/{id}/documents and GET /v1/documents/{document}."""
    router = APIRouter(prefix="/v1", tags=["documents"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.get("/requests/{request_id}/documents", summary="The files of one request")
    async def listed(request_id: str, caller: Caller) -> Documents:
        state = await projection.state(request_id)
        if state is None or not visible(state, caller):
            raise Refused(NOT_FOUND)
        rows = tuple(Listed(**dict(made), address=f"/v1/documents/{made.document}") for made in state.made)
        return Documents(request=request_id, documents=rows)

    @router.get("/documents/{document}", summary="Download one file", response_class=Response, responses=FILE)
    async def download(document: str, caller: Caller, if_none_match: Annotated[str, Header()] = "") -> Response:
        found = await projection.document(document)
        if found is None or not visible(found[0], caller):
            raise Refused(NOT_FOUND)
        headers = {
            "Content-Disposition": disposition(found[1].name),
            "ETag": f'"{found[1].sha256}"',
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        if headers["ETag"] in if_none_match or if_none_match == "*":
            return Response(status_code=304, headers=headers)
        blob = await blobs.get(found[1].sha256)
        if blob is None:
            raise Refused(NOT_FOUND)
        return Response(blob.data, media_type=found[1].media_type, headers=headers)

    return router


def visible(state: State, caller: Principal) -> bool:
    """Services, the request's unit, the requester, and whoever has a seat."""
    if state.request is None:
        return caller.kind == "service"
    seats = [state.coordinator] if state.coordinator else []
    people = {state.request.requester.id, *(seat.person for seat in (*seats, *state.supporters))}
    return caller.sees(units={state.request.business_unit}, people=people)


def disposition(name: str) -> str:
    """RFC 6266: a plain fallback, and the real name in UTF-8 (RFC 8187)."""
    plain = "".join(
        character if (character.isascii() and character.isalnum()) or character in "-._" else "_" for character in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
