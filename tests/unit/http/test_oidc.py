"""Tokens of an issuer: those it made for us open what they name; whatever is forged, foreign, over or huge is refused."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared.http.access import Access, OfService
from shared.http.auth import Authenticator, Principal
from shared.http.problems import Refused
from shared.http.service_tokens import ServiceTokens
from shared.schemas.access import UNIT_SCOPES, KeyRing
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Directory, Person
from tests.builders import NOW
from tests.unit.http.issuing import (
    AUDIENCE,
    EC_KEY,
    ED_KEY,
    ISSUER,
    OTHER_RSA_KEY,
    PEM,
    RSA_KEY,
    SHORT_RSA_KEY,
    LocalIssuer,
    by_hand,
    claims,
    honest,
    jwk,
    local_issuer,
    signed,
)
from tests.unit.http.test_auth import asked

LI = Person(id="QH10001", name="Li", email="li@a.example", business_unit="east", roles=("account_manager",))
GONE = Person(id="QH10021", name="Gone", email="gone@a.example", business_unit="east", active=False)
PEOPLE = Directory().with_entries([LI, GONE, BusinessUnit(code="east", name=Text(zh="东", en="East"))])


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with local_issuer() as running:
        yield running


def authenticating(issuer: LocalIssuer, client: httpx.AsyncClient, **settings: Any) -> Authenticator:
    usual = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks_url": issuer.url}
    access = Access.of(
        OfService(**{**usual, **settings}),
        keys=KeyRing,
        now=lambda: NOW,
        outside=client,
        services=ServiceTokens("s" * 20),
    )
    return Authenticator(
        service_token="s" * 20, environment="production", keys_file=None, directory=lambda: PEOPLE, access=access
    )


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as opened:
        yield opened


@pytest.fixture
def auth(issuer: LocalIssuer, client: httpx.AsyncClient) -> Authenticator:
    return authenticating(issuer, client, oidc_algorithms="RS256,ES256,EdDSA", guesses_per_second=0)


def now(**changes: Any) -> dict[str, Any]:
    return claims(time.time(), **changes)


async def refused(auth: Authenticator, token: str) -> int:
    with pytest.raises(Refused) as refusal:
        await auth.principal(asked(token))
    return refusal.value.refusal.status


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec"), (ED_KEY, "EdDSA", "ed")]
)
async def test_a_units_token_is_its_system_with_the_tokens_scopes(auth: Authenticator, key: Any, algorithm: str, kid: str):
    assert await auth.principal(asked(signed(now(), key, algorithm, kid=kid))) == Principal(
        kind="unit",
        id="east/crm-client",
        business_unit="east",
        scopes=frozenset({"requests:read", "requests:write"}),
        files_for="unit",
    )


async def test_a_persons_token_is_the_person_with_the_directorys_roles(auth: Authenticator):
    token = now(business_unit=None, employee_id=LI.id, roles=["god"], scope="openid")
    principal = await auth.principal(asked(signed(token)))
    assert (principal.kind, principal.id, principal.roles) == ("person", LI.id, frozenset({"account_manager"}))
    assert principal.scopes == UNIT_SCOPES


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        ("openid requests:read", {"requests:read"}),
        ("access:manage", {"access:manage"}),
        ("openid profile", UNIT_SCOPES),
        ("", UNIT_SCOPES),
        (None, UNIT_SCOPES),
    ],
)
async def test_a_persons_token_that_names_our_scopes_is_narrowed_to_them(auth: Authenticator, scope: Any, scopes: set[str]):
    principal = await auth.principal(asked(signed(now(business_unit=None, employee_id=LI.id, scope=scope))))
    assert principal.scopes == scopes


async def test_a_unit_gets_no_scope_that_units_have_not(auth: Authenticator):
    principal = await auth.principal(asked(signed(now(scope="requests:read access:manage everything"))))
    assert principal.scopes == {"requests:read"}


async def test_a_token_without_scopes_may_nothing(auth: Authenticator):
    with pytest.raises(Refused) as refusal:
        await auth.needs("requests:read")(asked(signed(now(scope=None))))
    assert refusal.value.refusal.code == "scope_missing"


async def test_claims_are_mapped_by_settings(issuer: LocalIssuer, client: httpx.AsyncClient):
    mapped = authenticating(
        issuer, client, oidc_unit_claim="bu", oidc_scope_claim="scp", oidc_scope_prefix="backline/", oidc_person_scopes=""
    )
    token = signed(now(business_unit=None, bu="east", scope="requests:write", scp=["backline/requests:read", "people:read", 7]))
    assert (await mapped.principal(asked(token))).scopes == {"requests:read"}


def none_token(header: dict[str, Any]) -> str:
    return by_hand({"typ": "JWT", "kid": "rsa", **header}, now())


def hmac_with(secret: bytes, algorithm: str = "HS256") -> str:
    """A token whose HMAC is made with what everybody knows: the public key."""
    unsigned = by_hand({"typ": "JWT", "kid": "rsa", "alg": algorithm}, now()).rsplit(".", 1)[0]
    mac = hmac.digest(secret, unsigned.encode(), hashlib.sha256)
    return f"{unsigned}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def cut(token: str, place: int, text: str) -> str:
    parts = token.split(".")
    parts[place] = text
    return ".".join(parts)


def widened(token: str) -> str:
    """The signature of one token under the claims of another."""
    other = signed(now(scope="requests:read attachments:write"))
    return cut(token, 1, other.split(".")[1])


FORGED: dict[str, Any] = {
    "none": lambda: none_token({"alg": "none"}),
    "None": lambda: none_token({"alg": "None"}),
    "nOnE": lambda: none_token({"alg": "nOnE"}),
    "no alg": lambda: none_token({}),
    "alg null": lambda: none_token({"alg": None}),
    "alg a list": lambda: none_token({"alg": ["RS256"]}),
    "HS256 with the public key": lambda: hmac_with(PEM),
    "HS256 with the JWK": lambda: hmac_with(json.dumps(jwk(RSA_KEY, "rsa")).encode()),
    "HS256 with nothing": lambda: hmac_with(b""),
    "HS512 said": lambda: hmac_with(PEM, "HS512"),
    "RS256 said, HMAC made": lambda: hmac_with(PEM, "RS256"),
    "RS384 of the right key": lambda: signed(now(), RSA_KEY, "RS384"),
    "PS256 of the right key": lambda: signed(now(), RSA_KEY, "PS256"),
    "ES256 under an RSA kid": lambda: signed(now(), EC_KEY, "ES256", kid="rsa"),
    "RS256 under an EC kid": lambda: signed(now(), RSA_KEY, "RS256", kid="ec"),
    "another key": lambda: signed(now(), OTHER_RSA_KEY),
    "embedded jwk": lambda: signed(now(), OTHER_RSA_KEY, jwk=jwk(OTHER_RSA_KEY, "rsa")),
    "embedded jwk, its own kid": lambda: signed(now(), OTHER_RSA_KEY, kid="mine", jwk=jwk(OTHER_RSA_KEY, "mine")),
    "jku": lambda: signed(now(), OTHER_RSA_KEY, kid="mine", jku="http://127.0.0.1:1/keys"),
    "x5u": lambda: signed(now(), OTHER_RSA_KEY, kid="mine", x5u="http://127.0.0.1:1/cert"),
    "x5c": lambda: signed(now(), OTHER_RSA_KEY, x5c=["MIIB"]),
    "kid a path": lambda: signed(now(), OTHER_RSA_KEY, kid="../../../../dev/null"),
    "kid an absolute path": lambda: signed(now(), OTHER_RSA_KEY, kid="/dev/null"),
    "kid an address": lambda: signed(now(), OTHER_RSA_KEY, kid="http://127.0.0.1:1/keys"),
    "kid an injection": lambda: signed(now(), OTHER_RSA_KEY, kid="' OR '1'='1"),
    "kid with NUL": lambda: signed(now(), OTHER_RSA_KEY, kid="rsa\0"),
    "kid empty": lambda: signed(now(), kid=""),
    "kid long": lambda: signed(now(), kid="k" * 101),
    "kid a number": lambda: honest({"kid": 1}, now()),
    "kid a list": lambda: honest({"kid": ["rsa"]}, now()),
    "no kid": lambda: honest({"kid": None}, now()),
    "short RSA key": lambda: signed(now(), SHORT_RSA_KEY, kid="short"),
    "crit": lambda: honest({"crit": ["exp"]}, now()),
    "crit unknown": lambda: honest({"crit": ["x-demand"], "x-demand": True}, now()),
    "crit empty": lambda: honest({"crit": []}, now()),
    "crit null": lambda: honest({"crit": None}, now()),
    "b64 false": lambda: honest({"b64": False}, now()),
    "typ of something else": lambda: signed(now(), typ="secevent+jwt"),
    "other audience": lambda: signed(now(aud="payroll")),
    "no audience": lambda: signed(now(aud=None)),
    "audiences without ours": lambda: signed(now(aud=["payroll", "backlin"])),
    "other issuer": lambda: signed(now(iss="https://login.elsewhere.example")),
    "issuer a list": lambda: honest({}, now(iss=[ISSUER])),
    "no issuer": lambda: signed(now(iss=None)),
    "expired": lambda: signed(now(exp=int(time.time()) - 60)),
    "no exp": lambda: signed(now(exp=None)),
    "exp a text": lambda: signed(now(exp="tomorrow")),
    "exp without end": lambda: signed(now(exp=float("inf"))),
    "not yet": lambda: signed(now(nbf=int(time.time()) + 300)),
    "no nbf": lambda: signed(now(nbf=None)),
    "no iat": lambda: signed(now(iat=None)),
    "made tomorrow": lambda: signed(now(iat=int(time.time()) + 86_400)),
    "unit and person": lambda: signed(now(employee_id=LI.id)),
    "neither": lambda: signed(now(business_unit=None)),
    "unit unknown": lambda: signed(now(business_unit="nowhere")),
    "unit a list": lambda: signed(now(business_unit=["east"])),
    "person unknown": lambda: signed(now(business_unit=None, employee_id="QH99999")),
    "person who left": lambda: signed(now(business_unit=None, employee_id=GONE.id)),
    "no client": lambda: signed(now(sub=None, client_id=None)),
    "claims changed": lambda: widened(signed(now())),
    "signature cut": lambda: signed(now())[:-8],
    "signature empty": lambda: cut(signed(now()), 2, ""),
    "claims no JSON": lambda: cut(signed(now()), 1, "AAAA"),
    "header no JSON": lambda: cut(signed(now()), 0, "AAAA"),
    "header a list": lambda: by_hand(b"[]", now(), b"x"),
    "header keys twice": lambda: by_hand(b'{"alg":"none","alg":"RS256","kid":"rsa"}', now(), b"x"),
    "header 1,000 deep": lambda: by_hand(b'{"kid":"rsa","a":' + b"[" * 1000 + b"]" * 1000 + b"}", now(), b"x"),
    "header no base64": lambda: cut(signed(now()), 0, "!!!!"),
    "two parts": lambda: signed(now()).rsplit(".", 1)[0],
    "five parts (JWE)": lambda: signed(now()) + ".a.b",
    "dots": lambda: "..",
    "not ASCII": lambda: cut(signed(now()), 1, "é"),
    "huge claims": lambda: signed(now(padding="x" * 20_000)),
    "huge header": lambda: signed(now(), padding="x" * 4_000),
    "a megabyte": lambda: "a" * 1_000_000 + ".b.c",
    "a megabyte of dots": lambda: "." * 1_000_000,
}


@pytest.mark.parametrize("forged", FORGED)
async def test_whatever_is_forged_foreign_over_or_huge_is_refused(auth: Authenticator, forged: str):
    assert (await auth.principal(asked(signed(now())))).id == "east/crm-client", "the control: a good token is taken"
    assert await refused(auth, FORGED[forged]()) == 401


async def test_a_token_made_by_hand_as_it_should_be_is_taken(auth: Authenticator):
    assert (await auth.principal(asked(honest({}, now())))).id == "east/crm-client"


async def test_an_algorithm_that_is_not_configured_is_refused(issuer: LocalIssuer, client: httpx.AsyncClient):
    only = authenticating(issuer, client, oidc_algorithms="ES256")
    assert (await only.principal(asked(signed(now(), EC_KEY, "ES256", kid="ec")))).kind == "unit"
    assert await refused(only, signed(now())) == 401
    assert await refused(only, signed(now(), ED_KEY, "EdDSA", kid="ed")) == 401


async def test_nbf_may_be_left_out_when_the_issuer_never_says_it(issuer: LocalIssuer, client: httpx.AsyncClient):
    lenient = authenticating(issuer, client, oidc_needs_nbf=False)
    assert (await lenient.principal(asked(signed(now(nbf=None))))).kind == "unit"
    assert await refused(lenient, signed(now(nbf=int(time.time()) + 300))) == 401


async def test_no_token_makes_us_ask_another_address(auth: Authenticator, issuer: LocalIssuer):
    with local_issuer() as other:
        for name in ("jku", "x5u"):
            assert await refused(auth, signed(now(), OTHER_RSA_KEY, kid="rsa", **{name: other.url})) == 401
            assert await refused(auth, signed(now(), OTHER_RSA_KEY, kid=other.url)) == 401
        assert other.asked == []
    assert set(issuer.asked) == {"/keys"}


async def test_without_settings_no_issuer_is_believed(issuer: LocalIssuer, client: httpx.AsyncClient):
    nobody = authenticating(issuer, client, oidc_issuer=None, oidc_audience=None, oidc_jwks_url=None)
    assert await refused(nobody, signed(now())) == 401
