"""Attachments: stored under their content's SHA-256 before the request that names them.

Invariant: a content is there for the units that stored it, and for no other; whoever stores it learns nothing of who did before.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request

from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Frozen, Text
from shared.storage import OURS, BlobStore

MISMATCH = Refusal(
    code="digest_mismatch",
    status=422,
    message=Text(
        zh="内容与地址中的 SHA-256 不符；请重新计算后上传。",
        en="The content does not have the SHA-256 in the address; compute it anew.",
    ),
)


class Stored(Frozen):
    sha256: str
    size: int


def attachment_routes(blobs: BlobStore, principal: Callable[..., Any]) -> APIRouter:
    """PUT /v1/attachments/{sha256}: safe to repeat, since the address is the content."""
    router = APIRouter(prefix="/v1", tags=["attachments"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.put(
        "/attachments/{sha256}",
        status_code=201,
        summary="Store one attachment's bytes under their SHA-256 (hex)",
        openapi_extra={"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def put(
        sha256: str,
        request: Request,
        caller: Caller,
        name: str = "attachment",
        content_type: Annotated[str, Header()] = "application/octet-stream",
    ) -> Stored:
        data = await request.body()
        if hashlib.sha256(data).hexdigest() != sha256.lower():
            raise Refused(MISMATCH)
        await blobs.put(data, name=name, media_type=content_type, holder=caller.business_unit or OURS)
        return Stored(sha256=sha256.lower(), size=len(data))

    return router
