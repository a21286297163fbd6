"""Attachments: uploaded before the request that names them, and downloaded by whoever sees a request that names them.

Invariant: an upload costs the same memory whatever its size; nothing of one that was broken off or refused is kept.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.requests import ClientDisconnect

from services.intake.api.reading import NOT_FOUND, Reading
from services.intake.api.upload_slots import Slots
from services.intake.attachments import EVERYBODY, Attachments
from services.intake.domain.state import State
from shared.files.inspecting import Remark
from shared.files.refusals import FileRefused
from shared.http.downloads import FILE, download
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.http.signed import Link, Readers, Signer
from shared.ledger.messages import Refusal
from shared.schemas.access import Scope
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import Attachment
from shared.storage import BlobStore

MISMATCH = Refusal(
    code="digest_mismatch",
    status=422,
    message=Text(
        zh="内容与地址中的 SHA-256 不符；请重新计算后上传。",
        en="The content does not have the SHA-256 in the address; compute it anew.",
    ),
)
BROKEN_OFF = Refusal(
    code="upload_broken_off",
    status=400,
    message=Text(
        zh="上传中断，什么都没有保存；请重新上传。", en="The upload was broken off and nothing was kept; upload it again."
    ),
)
TOO_SLOW = Refusal(
    code="upload_too_slow",
    status=408,
    message=Text(
        zh="上传时间过长，什么都没有保存；请重新上传。", en="The upload took too long and nothing was kept; upload it again."
    ),
)
DOWNLOAD = "download"
IDLE_SECONDS = 30.0
PATIENCE_SECONDS = 600.0
"""How long we wait for the next piece, and for all of them."""
FIRST_SECONDS = 20.0
LEAST_RATE = 64 * 1024 / 10
"""Bytes a second. Whoever is slower falls behind, by FIRST_SECONDS at first and never by more than IDLE_SECONDS: a byte now
and then keeps no place.
"""
LINK_SECONDS = 300
A_FILE: Json = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


class Stored(Frozen):
    """What was kept: its digest and size in bytes, the media type and name it is handed out under, and what was put right."""

    sha256: str
    size: int
    media_type: str
    name: str
    remarks: tuple[Remark, ...] = ()


Name = Annotated[str, Query(max_length=1000, description="the file's name; it helps to tell what the content is")]
Seconds = Annotated[int, Query(ge=10, le=3600, description="how long the address may be used")]


def attachment_routes(
    attachments: Attachments, blobs: BlobStore, projection: Reading, signer: Signer, needs: Callable[[Scope], Callable[..., Any]]
) -> APIRouter:
    """PUT /v1/attachments/{sha256} and POST /v1/attachments; GET, HEAD and POST …/link of /v1/requests/{id}/attachments/{sha256}."""
    router = APIRouter(prefix="/v1", tags=["attachments"])
    Caller = Annotated[Principal, Depends(needs("attachments:write"))]
    slots = Slots()

    @router.put(
        "/attachments/{sha256}",
        status_code=201,
        summary="Store one attachment's bytes under their SHA-256 (hex)",
        openapi_extra=A_FILE,
    )
    async def put(
        sha256: str,
        request: Request,
        caller: Caller,
        name: Name = "attachment",
        content_type: Annotated[str, Header()] = "",
    ) -> Stored:
        async with slots.one(f"{caller.kind}:{caller.id}"):
            return await _taken(request, attachments, caller, name, content_type, expected=sha256.lower())

    @router.post(
        "/attachments",
        status_code=201,
        summary="Store one attachment's bytes; the answer says their SHA-256",
        openapi_extra=A_FILE,
    )
    async def post(
        request: Request, caller: Caller, name: Name = "attachment", content_type: Annotated[str, Header()] = ""
    ) -> Stored:
        async with slots.one(f"{caller.kind}:{caller.id}"):
            return await _taken(request, attachments, caller, name, content_type)

    _downloads(router, blobs, projection, signer, needs("requests:read"))
    return router


def _downloads(router: APIRouter, blobs: BlobStore, projection: Reading, signer: Signer, principal: Callable[..., Any]) -> None:
    Caller = Annotated[Principal, Depends(principal)]
    Reader = Annotated[Principal, Depends(Readers(signer, frozenset({DOWNLOAD}), principal, "requests:read").reader)]
    address = "/requests/{request_id}/attachments/{sha256}"

    async def get(request_id: str, sha256: str, request: Request, reader: Reader) -> Response:
        named = await _named(projection, request_id, sha256, reader)
        opened = await blobs.open(named.sha256)
        if opened is None:
            raise Refused(NOT_FOUND)
        media_type = opened.about.media_type
        return download(opened, name=named.name, media_type=media_type, asked=request.headers, method=request.method)

    summary = "Download one attachment of a request"
    router.get(address, summary=summary, response_class=Response, responses=FILE)(get)
    router.head(address, include_in_schema=False)(get)

    @router.post(address + "/link", status_code=201, summary="A short-lived address of one attachment that needs no token")
    async def link(request_id: str, sha256: str, caller: Caller, seconds: Seconds = LINK_SECONDS) -> Link:
        named = await _named(projection, request_id, sha256, caller)
        return signer.sign(f"/v1/requests/{request_id}/attachments/{named.sha256}", audience=DOWNLOAD, seconds=seconds)


async def _named(projection: Reading, request_id: str, sha256: str, caller: Principal) -> Attachment:
    """The attachment as the request names it. Raises Refused (404) unless `caller` sees the request and it names such a file."""
    state = await projection.state(caller.sight, request_id)
    if state is None or state.request is None:
        raise Refused(NOT_FOUND)
    found = file_of(state, sha256)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def file_of(state: State, sha256: str) -> Attachment | None:
    """The file of this digest that the wording that stands names; none of a request that was returned, which may name what is not
    its sender's: whose a file is was judged when it was accepted.
    """
    if state.request is None or state.status in {"returned", "rejected", "dropped"}:
        return None
    return next((file for file in state.request.attachments if file.sha256.lower() == sha256.lower()), None)


async def _taken(
    request: Request, attachments: Attachments, caller: Principal, name: str, claimed: str, expected: str | None = None
) -> Stored:
    """The upload on disk while it arrives, hashed by the way, then looked at and stored. Raises Refused."""
    with tempfile.TemporaryFile() as file:
        sha256, size = await _received(request, file)
        if expected is not None and sha256 != expected:
            raise Refused(MISMATCH)
        by = EVERYBODY if caller.kind == "service" else caller.business_unit or caller.id
        try:
            found = await attachments.store(file, sha256=sha256, size=size, name=name, claimed=claimed, by=by)
        except FileRefused as error:
            raise Refused(Refusal(code=error.code, status=422, message=error.text)) from error
    return Stored(sha256=sha256, size=size, media_type=found.media_type, name=found.name, remarks=found.remarks)


async def _received(request: Request, file: BinaryIO) -> tuple[str, int]:
    """Digest and size of the body, written to `file` piece by piece. The limit on its size is in front of us (BodyLimit)."""
    digest, size, clock = hashlib.sha256(), 0, asyncio.get_running_loop().time
    end, due = clock() + PATIENCE_SECONDS, clock() + FIRST_SECONDS
    try:
        async with asyncio.timeout_at(due) as patience:
            async for piece in request.stream():
                due = min(due + len(piece) / LEAST_RATE, clock() + IDLE_SECONDS, end)
                patience.reschedule(due)
                digest.update(piece)
                file.write(piece)
                size += len(piece)
    except ClientDisconnect as error:
        raise Refused(BROKEN_OFF) from error
    except TimeoutError as error:
        raise Refused(TOO_SLOW) from error
    return digest.hexdigest(), size
