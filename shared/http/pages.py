"""What a page for people in a browser is sent with, so that nothing runs or is styled but what stands in it.

Invariant: a page loads nothing from elsewhere, nobody frames it, and no address of it is told to where a link leads.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable

SAFE = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


def page_headers(
    *, styles: Iterable[bytes], scripts: Iterable[bytes] = (), connects: bool = False, posts: bool = False, kept: str = "no-store"
) -> dict[str, str]:
    """The headers of a page with these inline styles and scripts. It may ask this service (`connects`) or send forms to it (`posts`);
    `kept` is its Cache-Control.
    """
    policy = {"default-src": "'none'", "style-src": _digests(styles), "script-src": _digests(scripts)}
    policy |= {"connect-src": "'self'" if connects else "", "form-action": "'self'" if posts else "'none'"}
    policy |= {"base-uri": "'none'", "frame-ancestors": "'none'"}
    said = "; ".join(f"{directive} {allowed}" for directive, allowed in policy.items() if allowed)
    return {**SAFE, "Content-Security-Policy": said, "Cache-Control": kept}


def _digests(contents: Iterable[bytes]) -> str:
    """'sha256-…' of each (CSP Level 3, 2.3.1)."""
    return " ".join(f"'sha256-{b64encode(hashlib.sha256(one).digest()).decode()}'" for one in contents)
