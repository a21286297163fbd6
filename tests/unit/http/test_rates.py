"""How often somebody may ask: a caller by who it is, and whoever guesses by where it comes from."""

from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from starlette.requests import Request

from shared.http.access import Access, AccessSettings, OfService
from shared.http.auth import Authenticator
from shared.http.problems import Refused
from shared.http.rates import Buckets, Limits, Rate, networks
from shared.http.server import create_app
from shared.http.service_tokens import ServiceTokens
from shared.schemas.access import KeyRing
from shared.schemas.people import Directory
from shared.telemetry.health import Health
from tests.builders import NOW
from tests.unit.http.test_access_keys import MINTED, PEPPERS, RING

SERVICE = "a-service-token-of-tests"


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def buckets(clock: Clock, per_second: float = 2.0, burst: int = 3, **more: Any) -> Buckets:
    return Buckets(Rate(per_second=per_second, burst=burst), clock=clock, **more)


def test_a_burst_is_taken_and_then_the_rate():
    clock = Clock()
    taken = buckets(clock)
    assert [taken.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.at = 0.4
    assert taken.take("a") == pytest.approx(0.1)
    clock.at = 0.5
    assert taken.take("a") == 0
    clock.at = 100
    assert [taken.take("a") > 0 for _ in range(4)] == [False, False, False, True], "a pause gives no more than a burst"


def test_one_caller_takes_nothing_from_another():
    taken = buckets(Clock(), burst=1)
    assert (taken.take("a"), taken.take("b")) == (0, 0)
    assert taken.take("a") > 0


def test_what_is_remembered_is_bounded_and_whoever_asks_is_not_forgotten():
    taken = buckets(Clock(), burst=2, remembered=2)
    for caller in ("busy", "other", "busy", "third"):
        assert taken.take(caller) == 0
    assert taken.take("busy") > 0, "remembered"
    assert [taken.take("other"), taken.take("other")] == [0, 0], "forgotten, so its bucket is full again"


def asked(peer: str = "10.0.0.1", **headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": given, "client": (peer, 1)})


def guessing(proxies: str = "", burst: int = 2) -> Limits:
    return Limits(None, buckets(Clock(), burst=burst), networks(proxies))


def blocked(limits: Limits, request: Request) -> bool:
    try:
        limits.before(request)
    except Refused as refused:
        return refused.refusal.code == "too_many_guesses"
    return False


def test_an_address_that_guesses_is_not_listened_to_for_a_while_and_others_are():
    limits = guessing()
    for _ in range(2):
        assert not blocked(limits, asked())
        limits.guessed(asked())
    assert blocked(limits, asked())
    assert not blocked(limits, asked("10.0.0.2"))


def test_nobody_gets_a_bucket_of_their_own_by_saying_where_they_come_from():
    limits = guessing()
    for number in range(2):
        limits.guessed(asked(x_forwarded_for=f"1.2.3.{number}"))
    assert blocked(limits, asked(x_forwarded_for="9.9.9.9"))


def test_behind_a_proxy_of_ours_it_is_the_last_address_that_is_not_ours():
    limits = guessing("10.0.0.0/8, fd00::/8")
    for forged in ("1.1.1.1", "2.2.2.2"):
        limits.guessed(asked(x_forwarded_for=f"{forged}, 203.0.113.9, 10.0.0.7"))
    assert blocked(limits, asked(x_forwarded_for="8.8.8.8, 203.0.113.9"))
    assert not blocked(limits, asked(x_forwarded_for="203.0.113.10"))
    assert not blocked(limits, asked(x_forwarded_for="rubbish"))
    assert blocked(limits, asked("203.0.113.9", x_forwarded_for="7.7.7.7")), "who is no proxy of ours is not believed"


def test_of_ipv6_a_subscribers_whole_network_is_one():
    limits = guessing()
    for number in range(2):
        limits.guessed(asked(f"2001:db8::{number}"))
    assert blocked(limits, asked("2001:db8::ffff:1"))
    assert not blocked(limits, asked("2001:db8:1::1"))
    assert blocked_together("::ffff:10.0.0.1", "10.0.0.1")


def blocked_together(one: str, other: str) -> bool:
    limits = guessing(burst=1)
    limits.guessed(asked(one))
    return blocked(limits, asked(other))


def an_app(limits: Limits, ring: KeyRing | None = None) -> httpx.AsyncClient:
    access = Access(limits=limits, keys=lambda: ring or KeyRing(), peppers=PEPPERS, now=lambda: NOW)
    auth = Authenticator(service_token=SERVICE, environment="development", keys_file=None, directory=Directory, access=access)
    router = APIRouter(dependencies=[Depends(auth.principal)])

    @router.get("/thing")
    async def thing() -> int:
        return 1

    app = create_app(service="intake", health=Health(), routers=(router,))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake")


async def get(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get("/thing", headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"})


async def test_who_asks_too_often_is_told_when_to_come_back():
    async with an_app(Limits(buckets(Clock(), per_second=0.5, burst=2))) as client:
        assert [(await get(client, "dev-unit-east")).status_code for _ in range(2)] == [200, 200]
        answer = await get(client, "dev-unit-east")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_often")
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["ratelimit"] == '"caller";r=0;t=2'
        assert answer.headers["ratelimit-policy"] == '"caller";q=2;w=4'
        assert "Retry-After" in answer.json()["detail"]
        assert (await get(client, "dev-unit-west")).status_code == 200


async def test_our_own_services_may_ask_as_often_as_they_like():
    async with an_app(Limits(buckets(Clock(), burst=1))) as client:
        assert {(await get(client, SERVICE)).status_code for _ in range(20)} == {200}


async def test_whoever_has_a_key_is_not_shut_out_by_guesses_from_the_same_address():
    async with an_app(Limits(None, buckets(Clock(), burst=1)), RING) as client:
        guesses = [MINTED.token[:-1], "guess", MINTED.token[:-1] + "~"]
        assert [(await get(client, guess)).status_code for guess in guesses] == [401, 429, 429]
        assert (await get(client, SERVICE)).status_code == 429
        assert (await get(client, MINTED.token)).status_code == 200


async def test_a_guesser_is_stopped_before_its_token_is_looked_at():
    async with an_app(Limits(None, buckets(Clock(), burst=3))) as client:
        assert [(await get(client, f"guess-{n}")).status_code for n in range(5)] == [401, 401, 401, 429, 429]
        assert (await get(client, "dev-unit-east")).status_code == 429, "even the right guess"
        answer = await get(client, "guess")
        assert answer.headers["ratelimit"].startswith('"unauthenticated";r=0;t=')


def limits_of(development: bool, **settings: Any) -> Limits:
    access = Access.of(
        OfService(**settings, environment="development" if development else "production"),
        keys=KeyRing,
        now=lambda: NOW,
        outside=httpx.AsyncClient(),
        services=ServiceTokens(SERVICE),
    )
    return access.limits


def asks(limits: Limits, times: int) -> int:
    """How many of so many are let through at once."""
    through = 0
    for _ in range(times):
        try:
            limits.asked("unit:east/crm")
        except Refused:
            return through
        through += 1
    return through


def test_development_has_no_limits_unless_they_are_set_and_production_has():
    assert asks(limits_of(development=True), 2000) == 2000
    assert 500 <= asks(limits_of(development=False), 2000) < 2000
    assert asks(limits_of(development=True, rate_per_second=0.001, rate_burst=7), 20) == 7
    assert asks(limits_of(development=False, rate_per_second=0), 2000) == 2000


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "proxy.example", "10.0.0.0/99"])
def test_proxies_that_are_no_networks_are_refused(wrong: str):
    with pytest.raises(ValueError, match="trusted_proxies"):
        AccessSettings(trusted_proxies=wrong)
