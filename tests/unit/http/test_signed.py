"""Signed addresses: good for what was signed and as long as was said, and for nothing else."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.http.signed import LONGEST_SECONDS, SKEW_SECONDS, Grant, Signer

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
PATH = "/v1/documents/D-1"
SECRET = "a secret of these tests"


def a_signer(*secrets: str, at: float = 0.0) -> Signer:
    return Signer(secrets or (SECRET,), lambda: NOW + timedelta(seconds=at))


def a_grant(seconds: int = 60, **changes: object) -> Grant:
    query = parse_qs(urlsplit(a_signer().sign(PATH, audience="download", seconds=seconds).address).query)
    given = {"expires": int(query["expires"][0]), "audience": query["audience"][0], "signature": query["signature"][0]}
    return Grant(**(given | changes))  # type: ignore[arg-type]


def test_what_was_signed_is_let_through_and_what_may_be_got_may_be_asked_about():
    assert a_signer().allows("GET", PATH, a_grant())
    assert a_signer().allows("HEAD", PATH, a_grant())


@pytest.mark.parametrize(
    ("method", "path", "grant"),
    [
        ("POST", PATH, a_grant()),
        ("DELETE", PATH, a_grant()),
        ("GET", "/v1/documents/D-2", a_grant()),
        ("GET", PATH + "/sheet", a_grant()),
        ("GET", PATH + "/", a_grant()),
        ("GET", PATH, a_grant(expires=int(NOW.timestamp()) + 61)),
        ("GET", PATH, a_grant(expires=None)),
        ("GET", PATH, a_grant(expires=2**40)),
        ("GET", PATH, a_grant(audience="documents")),
        ("GET", PATH, a_grant(audience="")),
        ("GET", PATH, a_grant(audience="download\n")),
        ("GET", PATH, a_grant(signature="")),
        ("GET", PATH, a_grant(signature="\ud800")),
        ("GET", PATH, a_grant(signature=a_grant().signature[:-1])),
        ("GET", PATH, a_grant(signature=a_grant().signature + "=")),
    ],
)
def test_what_was_changed_is_not(method: str, path: str, grant: Grant):
    assert not a_signer().allows(method, path, grant)


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        (59, True),
        (60 + SKEW_SECONDS, True),
        (61 + SKEW_SECONDS, False),
        (-LONGEST_SECONDS + 60, True),
        (-2 * LONGEST_SECONDS, False),
    ],
)
def test_it_expires_and_clocks_may_differ_a_little(at: float, valid: bool):
    assert a_signer(at=at).allows("GET", PATH, a_grant(60)) is valid


def test_nobody_gets_more_than_an_hour():
    link = a_signer().sign(PATH, audience="download", seconds=10**6)
    assert link.expires_at == NOW + timedelta(seconds=LONGEST_SECONDS)


def test_secrets_are_rotated_without_breaking_links_under_way():
    grant = a_grant()
    assert a_signer("a newer secret of theirs", SECRET).allows("GET", PATH, grant)
    assert not a_signer("a newer secret of theirs").allows("GET", PATH, grant)
