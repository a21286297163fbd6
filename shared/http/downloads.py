"""Hands a stored file out so that no browser runs or renders it: whole, in part (RFC 9110, 14), or not at all when it is known.

Invariant: the media type is one of those we tell by content, everything else is bytes; a piece at a time is in memory.
"""

import re
from collections.abc import AsyncIterator
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from shared.files.kinds import BYTES, HANDED_OUT
from shared.files.names import disposition
from shared.schemas.model import Json

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
    "Accept-Ranges": "bytes",
}
RANGE = re.compile(r"bytes=(\d{1,15})?-(\d{1,15})?")
TEXTS = frozenset({"text/plain", "text/csv"})
FILE: dict[int | str, Json] = {
    200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {
        "description": "The part of the file that Range asks for",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The file is the one that If-None-Match names"},
    416: {"description": "The file has no such part; Content-Range says how large it is"},
}
"""What the OpenAPI document says of a download."""


class About(Protocol):
    """What is known of a stored file."""

    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...


class Opened(Protocol):
    """A stored file, to be read in pieces."""

    @property
    def about(self) -> About: ...

    def pieces(self, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]: ...


def handed_out(media_type: str) -> str:
    """The media type under which a file may be handed out."""
    plain = media_type.partition(";")[0].strip().lower()
    if plain in TEXTS:
        return media_type if re.fullmatch(r"[a-z]+/[a-z]+(?:; charset=[a-z0-9-]{1,20})?", media_type) else plain
    return plain if plain in HANDED_OUT else BYTES


def download(opened: Opened, *, name: str, media_type: str, asked: Headers, method: str = "GET") -> Response:
    """The answer to a request with the headers `asked` for the file `opened`, which arrives as `name`."""
    about = opened.about
    headers = {**SAFE, "Content-Disposition": disposition(name), "ETag": f'"{about.sha256}"'}
    if _known(asked.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = handed_out(media_type)
    part = _part(asked, headers["ETag"], about.size)
    if part is None:
        headers["Content-Range"] = f"bytes */{about.size}"
        headers["Content-Type"] = BYTES
        return Response(status_code=416, headers=headers)
    first, last, status = part
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{about.size}"
    headers["Content-Length"] = str(last - first + 1)
    if method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(opened.pieces(first, last), status_code=status, headers=headers)


def _known(given: str, tag: str) -> bool:
    return given.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in given.split(","))


def _part(asked: Headers, tag: str, size: int) -> tuple[int, int, int] | None:
    """(first, last, status) of what is sent, or None for a part that is not there. Several parts, or an unknown unit: the whole."""
    whole = (0, size - 1, 200)
    match = RANGE.fullmatch(asked.get("range", "").replace(" ", ""))
    if match is None or (match[1] is None and match[2] is None) or asked.get("if-range", tag) != tag:
        return whole
    if match[1] is None:
        length = min(int(match[2]), size)
        return (size - length, size - 1, 206) if length else None
    first, last = int(match[1]), size - 1 if match[2] is None else min(int(match[2]), size - 1)
    if match[2] is not None and int(match[2]) < first:
        return whole
    return (first, last, 206) if first < size else None
