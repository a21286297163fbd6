"""Pages for browsers: whatever a page may do besides, nothing comes in from elsewhere and nobody frames it."""

import pytest

from services.intake.desk import page as desk
from services.routing.pages import answering
from shared.http.pages import SAFE, page_headers


@pytest.mark.parametrize("headers", [answering.HEADERS, desk.headers_of(desk.PAGE.read_bytes())], ids=["answering", "desk"])
def test_every_page_goes_out_with_the_same_safe_headers(headers: dict[str, str]):
    assert SAFE.items() <= headers.items()
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert sum(one.startswith("style-src 'sha256-") for one in policy) == 1


def test_a_page_may_do_what_it_is_said_to_do_and_no_more():
    bare = page_headers(styles=[b"a"])["Content-Security-Policy"]
    assert "form-action 'none'" in bare
    assert all(word not in bare for word in ("script-src", "connect-src", "'self'"))
    more = page_headers(styles=[b"a"], scripts=[b"b", b"c"], connects=True, posts=True)["Content-Security-Policy"]
    assert more.count("sha256-") == 3
    assert {"connect-src 'self'", "form-action 'self'"} <= set(more.split("; "))
