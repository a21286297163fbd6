"""The files of a request over HTTP: the list, and each file and internal sheet for download under its own name in any language."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Request, Response

from services.documents.domain import State
from shared.http.downloads import FILE, download
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.http.signed import Link, Readers, Signer
from shared.ledger.messages import Refusal
from shared.schemas.documents import DocumentRendered
from shared.schemas.model import Frozen, Text
from shared.storage import BlobStore, Sight

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这份文件，或您无权查看。", en="There is no such document, or it is not yours to see."),
)

ERASED = Refusal(
    code="erased",
    status=410,
    message=Text(
        zh="这份文件已随其中的个人信息一并删除。", en="This file was deleted together with the personal values that it held."
    ),
)


class Reading(Protocol):
    """Reads of documents' own requests, each as far as whoever asks may see."""

    async def state(self, sight: Sight, request: str) -> State | None: ...
    async def document(self, sight: Sight, document: str) -> DocumentRendered | None: ...


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


DOWNLOAD = "download"
LINK_SECONDS = 300
Seconds = Annotated[int, Query(ge=10, le=3600, description="how long the address may be used")]


async def _nothing(_sha256: str) -> bool:
    return False


def document_routes(
    projection: Reading,
    blobs: BlobStore,
    principal: Callable[..., Any],
    signer: Signer,
    was_erased: Callable[[str], Awaitable[bool]] = _nothing,
) -> APIRouter:
    """GET /v1/requests/{id}/documents; GET, HEAD and POST …/link of /v1/documents/{document} and /v1/documents/{document}/sheet."""
    router = APIRouter(prefix="/v1", tags=["documents"])
    Caller = Annotated[Principal, Depends(principal)]
    Reader = Annotated[Principal, Depends(Readers(signer, frozenset({DOWNLOAD}), principal, "documents:read").reader)]

    @router.get("/requests/{request_id}/documents", summary="The files of one request")
    async def listed(request_id: str, caller: Caller) -> Documents:
        state = await projection.state(caller.sight, request_id)
        if state is None:
            raise Refused(NOT_FOUND)
        return Documents(request=request_id, documents=tuple(row(made, superseded=state.superseded(made)) for made in state.made))

    async def answer(request: Request, name: str, sha256: str, media_type: str) -> Response:
        opened = await blobs.open(sha256)
        if opened is None:
            raise Refused(ERASED if await was_erased(sha256) else NOT_FOUND)
        return download(opened, name=name, media_type=media_type, asked=request.headers, method=request.method)

    async def whole(document: str, request: Request, reader: Reader) -> Response:
        made = await _made(projection, document, reader)
        return await answer(request, made.name, made.sha256, made.media_type)

    async def sheet(document: str, request: Request, reader: Reader) -> Response:
        inner = (await _made(projection, document, reader)).manifest.get("sheet")
        if inner is None:
            raise Refused(NOT_FOUND)
        return await answer(request, inner["name"], inner["sha256"], "application/pdf")

    for address, summary, get in (
        ("/documents/{document}", "Download one file", whole),
        ("/documents/{document}/sheet", "Download the internal sheet of a file that goes to a customer", sheet),
    ):
        router.get(address, summary=summary, response_class=Response, responses=FILE)(get)
        router.head(address, include_in_schema=False)(get)

    @router.post("/documents/{document}/link", status_code=201, summary="A short-lived address of one file that needs no token")
    async def link(document: str, caller: Caller, seconds: Seconds = LINK_SECONDS) -> Link:
        made = await _made(projection, document, caller)
        return signer.sign(f"/v1/documents/{made.document}", audience=DOWNLOAD, seconds=seconds)

    return router


async def _made(projection: Reading, document: str, caller: Principal) -> DocumentRendered:
    """The file called `document`. Raises Refused (404) unless it is there and `caller` sees its request."""
    found = await projection.document(caller.sight, document)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def row(made: DocumentRendered, *, superseded: bool = False) -> Listed:
    """A file as the list names it, with where it is to be had, and where its internal sheet is if it has one."""
    address = f"/v1/documents/{made.document}"
    sheet = f"{address}/sheet" if made.manifest.get("sheet") else None
    return Listed(**dict(made), address=address, sheet_address=sheet, superseded=superseded)
