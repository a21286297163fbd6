"""Services show each other a token of a minute, for one of them; the secret they share stays at home."""

import httpx
import pytest

from shared.http.access import Access
from shared.http.auth import Authenticator, Principal
from shared.http.service_tokens import LIFE_SECONDS, SKEW_SECONDS, ServiceAuth, ServiceTokens
from shared.schemas.people import Directory
from tests.unit.http.test_auth import asked, refusal_of

SECRET = "a-secret-that-services-share"
ADDRESSES = {"http://intake:8000": "intake", "http://gateway/routing": "routing"}


class Clock:
    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def at(service: str, clock: Clock) -> Authenticator:
    access = Access(services=ServiceTokens(SECRET, clock), service=service)
    return Authenticator(service_token=SECRET, environment="production", keys_file=None, directory=Directory, access=access)


async def test_a_service_is_known_by_its_name():
    clock = Clock()
    token = ServiceTokens(SECRET, clock).sign("routing", "intake")
    assert await at("intake", clock).service(asked(token)) == Principal(kind="service", id="routing")


async def test_a_token_is_over_after_a_minute_and_skewed_clocks_are_borne():
    clock = Clock()
    token = ServiceTokens(SECRET, clock).sign("routing", "intake")
    for passed, issuer in (
        (LIFE_SECONDS + SKEW_SECONDS, "routing"),
        (-SKEW_SECONDS, "routing"),
        (LIFE_SECONDS + SKEW_SECONDS + 1, None),
        (-SKEW_SECONDS - 1, None),
    ):
        moved = Clock()
        moved.at += passed
        assert ServiceTokens(SECRET, moved).issuer(token, "intake") == issuer, passed


async def test_a_token_for_one_service_opens_no_other():
    clock = Clock()
    token = ServiceTokens(SECRET, clock).sign("routing", "intake")
    assert await refusal_of(at("notify", clock), token) == "unauthorised"


@pytest.mark.parametrize("place", range(5))
async def test_a_token_of_which_anything_was_changed_is_refused(place: int):
    clock = Clock()
    parts = ServiceTokens(SECRET, clock).sign("routing", "intake").split("_")
    parts[place] = {3: str(int(clock.at) + 61)}.get(place, parts[place][:-1] + ("0" if parts[place][-1] != "0" else "1"))
    assert await refusal_of(at("intake", clock), "_".join(parts)) == "unauthorised"


async def test_another_secret_signs_nothing():
    clock = Clock()
    assert await refusal_of(at("intake", clock), ServiceTokens("another", clock).sign("routing", "intake")) == "unauthorised"


async def test_only_services_are_shown_a_token_and_the_secret_is_in_none():
    seen: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[str(request.url)] = request.headers.get("authorization", "")
        return httpx.Response(200)

    auth = ServiceAuth(ServiceTokens(SECRET), "documents", ADDRESSES)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), auth=auth) as client:
        for url in (
            "http://intake:8000/internal/heads?ledger=people",
            "http://gateway/routing/internal/heads",
            "http://gateway/other/x",
            "http://intake:80001/x",
            "http://intake.evil.example:8000/x",
        ):
            await client.get(url)
    shown = {url: token.split("_")[1:3] for url, token in seen.items() if token}
    assert shown == {
        "http://intake:8000/internal/heads?ledger=people": ["documents", "intake"],
        "http://gateway/routing/internal/heads": ["documents", "routing"],
    }
    assert not [token for token in seen.values() if SECRET in token]
