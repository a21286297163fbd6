"""The rejection desk for people in a browser: one page without anything from elsewhere, which asks the desk's own addresses.

Invariant: nothing runs or is styled but what stands in the page (by its digest), it talks to this service alone, and no one may frame it.
"""

import base64
import hashlib
import re
from pathlib import Path

from fastapi import APIRouter, Response

PAGE = Path(__file__).with_name("page.html")
ADDRESS = "/desk"


def page_routes() -> APIRouter:
    """GET /desk: the page itself is for everybody; what it shows is asked for with the reader's token."""
    content = PAGE.read_bytes()
    headers = {
        "Content-Security-Policy": policy_of(content),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
    router = APIRouter(include_in_schema=False)

    @router.get(ADDRESS)
    async def page() -> Response:
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)

    return router


def policy_of(page: bytes) -> str:
    """The Content-Security-Policy that lets run and style what stands in `page`, and nothing else."""
    allowed = [f"{kind}-src {' '.join(_digests(page, tag))}" for kind, tag in (("script", b"script"), ("style", b"style"))]
    rest = ("default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")
    return "; ".join((*rest, *allowed))


def _digests(page: bytes, tag: bytes) -> list[str]:
    """'sha256-…' of the content of each element `tag` (CSP Level 3, 2.3.1)."""
    inline = re.findall(b"<" + tag + b">(.*?)</" + tag + b">", page, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in inline]
