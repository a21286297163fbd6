"""The files of a request over HTTP: the list, and each file and internal sheet for download under its own name in any language."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Response

from services.documents.domain import State
from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.documents import DocumentRendered
from shared.schemas.model import Frozen, Json, Text
from shared.storage import BlobStore, Sight

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这份文件，或您无权查看。", en="There is no such document, or it is not yours to see."),
)


class Reading(Protocol):
    """Reads of documents' own requests, each as far as whoever asks may see."""

    async def state(self, sight: Sight, request: str) -> State | None: ...
    async def document(self, sight: Sight, document: str) -> DocumentRendered | None: ...


class Listed(DocumentRendered):
    """A file and where to download it, and its internal sheet if it goes to a customer and has one."""

    address: str
    sheet_address: str | None


class Documents(Frozen):
    """The files of one request."""

    request: str
    documents: tuple[Listed, ...]


FILE: dict[int | str, Json] = {
    200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The file is the one that If-None-Match names"},
}


def document_routes(projection: Reading, blobs: BlobStore, principal: Callable[..., Any]) -> APIRouter:
    """GET /v1/requests/{id}/documents, GET /v1/documents/{document} and GET /v1/documents/{document}/sheet."""
    router = APIRouter(prefix="/v1", tags=["documents"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.get("/requests/{request_id}/documents", summary="The files of one request")
    async def listed(request_id: str, caller: Caller) -> Documents:
        state = await projection.state(caller.sight, request_id)
        if state is None:
            raise Refused(NOT_FOUND)
        return Documents(request=request_id, documents=tuple(row(made) for made in state.made))

    @router.get("/documents/{document}", summary="Download one file", response_class=Response, responses=FILE)
    async def download(document: str, caller: Caller, if_none_match: Annotated[str, Header()] = "") -> Response:
        found = await projection.document(caller.sight, document)
        if found is None:
            raise Refused(NOT_FOUND)
        return await answer(found.name, found.sha256, found.media_type, if_none_match)

    @router.get(
        "/documents/{document}/sheet",
        summary="Download the internal sheet of a file that goes to a customer",
        response_class=Response,
        responses=FILE,
    )
    async def download_sheet(document: str, caller: Caller, if_none_match: Annotated[str, Header()] = "") -> Response:
        found = await projection.document(caller.sight, document)
        sheet = found.manifest.get("sheet") if found else None
        if sheet is None:
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


def row(made: DocumentRendered) -> Listed:
    """A file as the list names it, with where it is to be had, and where its internal sheet is if it has one."""
    address = f"/v1/documents/{made.document}"
    sheet = f"{address}/sheet" if made.manifest.get("sheet") else None
    return Listed(**dict(made), address=address, sheet_address=sheet)


def disposition(name: str) -> str:
    """RFC 6266: a plain fallback, and the real name in UTF-8 (RFC 8187)."""
    plain = "".join(
        character if (character.isascii() and character.isalnum()) or character in "-._" else "_" for character in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
