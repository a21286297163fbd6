"""The rejection desk for people in a browser: one page without anything from elsewhere, which asks the desk's own addresses.

Invariant: nothing runs or is styled but what stands in the page (by its digest), it talks to this service alone, and no one may frame it.
"""

import re
from pathlib import Path

from fastapi import APIRouter, Response

from shared.http.pages import page_headers

PAGE = Path(__file__).with_name("page.html")
ADDRESS = "/desk"


def page_routes() -> APIRouter:
    """GET /desk: the page itself is for everybody; what it shows is asked for with the reader's token."""
    content = PAGE.read_bytes()
    headers = headers_of(content)
    router = APIRouter(include_in_schema=False)

    @router.get(ADDRESS)
    async def page() -> Response:
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)

    return router


def headers_of(page: bytes) -> dict[str, str]:
    """What lets run and style what stands in `page`, and nothing else."""
    styles, scripts = _inline(page, b"style"), _inline(page, b"script")
    return page_headers(styles=styles, scripts=scripts, connects=True, kept="no-cache")


def _inline(page: bytes, tag: bytes) -> list[bytes]:
    """The content of each element `tag`."""
    return re.findall(b"<" + tag + b">(.*?)</" + tag + b">", page, re.DOTALL)
