"""The issuer's keys: kept for an hour, refreshed in the background, and fetched no oftener than we want whatever is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared.http import jwks
from shared.http.issuing import IssuerAwayError
from shared.http.jwks import APART_SECONDS, LIFETIME_SECONDS, MAX_BYTES, REFRESH_SECONDS, Jwks
from tests.unit.http.issuing import EC_KEY, OTHER_RSA_KEY, RSA_KEY, LocalIssuer, jwk, local_issuer


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with local_issuer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def keys(issuer: LocalIssuer, clock: Clock) -> AsyncIterator[Jwks]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Jwks(issuer.url, client, ["RS256", "ES256"], clock=clock)


async def settled(keys: Jwks) -> None:
    """The fetch under way, if there is one, has ended."""
    if keys._fetching is not None:
        await keys._fetching


def answering(issuer: LocalIssuer, *listed: Any) -> None:
    issuer.body = json.dumps({"keys": listed}).encode()


async def test_keys_are_fetched_once_for_many_who_ask_at_once(keys: Jwks, issuer: LocalIssuer):
    found = await asyncio.gather(*(keys.key("rsa") for _ in range(50)))
    assert all(key is not None and key.algorithm_name == "RS256" for key in found)
    assert len(issuer.asked) == 1


async def test_unknown_keys_make_us_ask_at_most_once_in_a_while(keys: Jwks, issuer: LocalIssuer, clock: Clock):
    for number in range(100):
        assert await keys.key(f"unknown-{number}") is None
    assert len(issuer.asked) == 1
    clock.at += APART_SECONDS
    assert await keys.key("unknown") is None
    assert len(issuer.asked) == 2


async def test_a_new_key_is_found_as_soon_as_we_may_ask_again(keys: Jwks, issuer: LocalIssuer, clock: Clock):
    await keys.key("rsa")
    answering(issuer, jwk(OTHER_RSA_KEY, "new"))
    assert await keys.key("new") is None
    clock.at += APART_SECONDS
    assert await keys.key("new") is not None
    assert await keys.key("rsa") is None, "the issuer took it back"


async def test_an_outage_is_tolerated_while_the_keys_are_fresh_and_no_longer(keys: Jwks, issuer: LocalIssuer, clock: Clock):
    await keys.key("rsa")
    issuer.status = 500
    clock.at += LIFETIME_SECONDS - 1
    assert await keys.key("rsa") is not None
    await settled(keys)
    clock.at += APART_SECONDS
    with pytest.raises(IssuerAwayError):
        await keys.key("rsa")
    issuer.status = 200
    clock.at += APART_SECONDS
    assert await keys.key("rsa") is not None


async def test_keys_are_refreshed_in_the_background(keys: Jwks, issuer: LocalIssuer, clock: Clock):
    await keys.key("rsa")
    clock.at += REFRESH_SECONDS + 1
    issuer.stalled.clear()
    assert await asyncio.wait_for(keys.key("rsa"), 0.5) is not None
    issuer.stalled.set()
    await settled(keys)
    assert len(issuer.asked) == 2


async def test_an_issuer_that_stalls_is_not_waited_for(keys: Jwks, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.2)
    issuer.stalled.clear()
    with pytest.raises(IssuerAwayError):
        await asyncio.wait_for(keys.key("rsa"), 5)


async def test_an_issuer_that_is_not_there_is_away(clock: Clock):
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(IssuerAwayError):
            await Jwks("http://127.0.0.1:1/keys", client, ["RS256"], clock=clock).key("rsa")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"keys": [' + b" " * MAX_BYTES + b"]}",
        json.dumps({"keys": [{}] * 101}).encode(),
    ],
    ids=["empty", "html", "a list", "an object", "deep", "large", "many"],
)
async def test_what_is_no_set_of_keys_is_no_answer(keys: Jwks, issuer: LocalIssuer, body: bytes):
    issuer.body = body
    with pytest.raises(IssuerAwayError):
        await keys.key("rsa")


async def test_redirects_are_not_followed(keys: Jwks, issuer: LocalIssuer):
    with local_issuer() as other:
        issuer.status, issuer.headers = 302, {"Location": other.url}
        with pytest.raises(IssuerAwayError):
            await keys.key("rsa")
        assert other.asked == []


UNUSABLE: dict[str, Any] = {
    "symmetric": {"kty": "oct", "k": "c2VjcmV0", "kid": "bad"},
    "for encryption": jwk(RSA_KEY, "bad", use="enc"),
    "private": jwk(RSA_KEY, "bad", d="AQAB"),
    "of another algorithm": jwk(RSA_KEY, "bad", alg="RS512"),
    "symmetric algorithm said": jwk(RSA_KEY, "bad", alg="HS256"),
    "not configured": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "bad"},
    "broken": {**jwk(EC_KEY, "bad"), "x": "AA"},
    "no number": {**jwk(RSA_KEY, "bad"), "n": 7},
    "without a kind": {"kid": "bad"},
    "kind a list": {"kid": "bad", "kty": ["RSA"]},
    "curve a list": {"kid": "bad", "kty": "EC", "crv": ["P-256"]},
}


@pytest.mark.parametrize("why", UNUSABLE)
async def test_a_key_that_is_not_for_this_is_passed_over_and_the_others_taken(keys: Jwks, issuer: LocalIssuer, why: str):
    answering(issuer, UNUSABLE[why], jwk(RSA_KEY, "good"), 7)
    assert await keys.key("bad") is None
    assert await keys.key("good") is not None


async def test_a_name_that_two_keys_have_is_nobodys(keys: Jwks, issuer: LocalIssuer):
    answering(issuer, jwk(RSA_KEY, "same"), jwk(EC_KEY, "same"), jwk(EC_KEY, "ec"))
    assert await keys.key("same") is None
    assert await keys.key("ec") is not None
