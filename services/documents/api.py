"""The files of a request over HTTP: the list, and each file and internal sheet for download under its own name in any language."""

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
    """A file and where to download it, and its internal sheet if it goes to a customer and has one.

    One that is `superseded` says what the request said before an amendment.
    """

    address: str
    sheet_address: str | None
    superseded: bool = False


class Documents(Frozen):
    """The files of one request."""

    request: str
    documents: tuple[Listed, ...]


FILE: dict[int | str, Json] = {
    200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The file is the one that If-None-Match names"},
}


def document_routes(projection: Projection, blobs: BlobStore, principal: Callable[..., Any]) -> APIRouter:
    """GET /v1/requests/{id}/documents, GET /v1/documents/{document} and GET /v1/documents/{document}/sheet."""
    router = APIRouter(prefix="/v1", tags=["documents"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.get("/requests/{request_id}/documents", summary="The files of one request")
    async def listed(request_id: str, caller: Caller) -> Documents:
        state = await projection.state(request_id)
        if state is None or not visible(state, caller):
            raise Refused(NOT_FOUND)
        return Documents(request=request_id, documents=tuple(row(made, superseded=state.superseded(made)) for made in state.made))

    @router.get("/documents/{document}", summary="Download one file", response_class=Response, responses=FILE)
    async def download(document: str, caller: Caller, if_none_match: Annotated[str, Header()] = "") -> Response:
        found = await projection.document(document)
        if found is None or not visible(found[0], caller):
            raise Refused(NOT_FOUND)
        return await answer(found[1].name, found[1].sha256, found[1].media_type, if_none_match)

    @router.get(
        "/documents/{document}/sheet",
        summary="Download the internal sheet of a file that goes to a customer",
        response_class=Response,
        responses=FILE,
    )
    async def download_sheet(document: str, caller: Caller, if_none_match: Annotated[str, Header()] = "") -> Response:
        found = await projection.document(document)
        sheet = found[1].manifest.get("sheet") if found else None
        if found is None or sheet is None or not visible(found[0], caller):
            raise Refused(NOT_FOUND)
        return await answer(sheet["name"], sheet["sha256"], "application/pdf", if_none_match)

    async def answer(name: str, sha256: str, media_type: str, if_none_match: str) -> Response:
        headers = {
            "Content-Disposition": disposition(name),
            "ETag": f'"{sha256}"',
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        if headers["ETag"] in if_none_match or if_none_match == "*":
            return Response(status_code=304, headers=headers)
        blob = await blobs.get(sha256)
        if blob is None:
            raise Refused(NOT_FOUND)
        return Response(blob.data, media_type=media_type, headers=headers)

    return router


def row(made: DocumentRendered, *, superseded: bool = False) -> Listed:
    """A file as the list names it, with where it is to be had, and where its internal sheet is if it has one."""
    address = f"/v1/documents/{made.document}"
    sheet = f"{address}/sheet" if made.manifest.get("sheet") else None
    return Listed(**dict(made), address=address, sheet_address=sheet, superseded=superseded)


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
