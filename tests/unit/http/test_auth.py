"""Who is asking: development tokens in development alone, real ones from a keys file, and no careless bind."""

import hashlib
from pathlib import Path

import pytest
from starlette.requests import Request

from shared.http.auth import Authenticator, Principal, UnsafeBindError, authenticator, check_bind
from shared.http.keys import KeysFileError, read_keys
from shared.http.problems import Refused
from shared.schemas.people import Directory, Person

SERVICE_TOKEN = "a-service-token-of-some-length"
LI = Person(id="QH10001", name="Li", email="li@a.example", business_unit="east", roles=("account_manager",))
GONE = Person(id="QH10021", name="Gone", email="gone@a.example", business_unit="east", active=False)
PEOPLE = Directory().with_entries([LI, GONE])


def asked(token: str | None, scheme: str = "Bearer") -> Request:
    headers = [] if token is None else [(b"authorization", f"{scheme} {token}".encode())]
    return Request({"type": "http", "headers": headers})


def authenticating(environment: str = "development", keys_file: Path | None = None) -> Authenticator:
    return Authenticator(
        service_token=SERVICE_TOKEN,
        environment=environment,
        keys_file=str(keys_file) if keys_file else None,
        directory=lambda: PEOPLE,
    )


async def refusal_of(authenticator: Authenticator, token: str | None, scheme: str = "Bearer") -> str:
    with pytest.raises(Refused) as refused:
        await authenticator.principal(asked(token, scheme))
    assert refused.value.refusal.status == 401
    return refused.value.refusal.code


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.yaml"
    path.write_text(
        f"- {{sha256: {sha256('unit-secret')}, kind: unit, id: east}}\n"
        f"- {{sha256: {sha256('person-secret')}, kind: person, id: {LI.id}}}\n"
        f"- {{sha256: {sha256('gone-secret')}, kind: person, id: {GONE.id}}}\n"
        f"- {{sha256: {sha256('operator-secret')}, kind: service, id: operator}}\n"
    )
    return path


async def test_a_units_development_token_is_its_system():
    assert await authenticating().principal(asked("dev-unit-east")) == Principal(kind="unit", id="east", business_unit="east")


async def test_a_persons_development_token_is_the_person_with_their_roles():
    principal = await authenticating().principal(asked("dev-person-QH10001"))
    assert principal == Principal(kind="person", id="QH10001", business_unit="east", roles=frozenset({"account_manager"}))


@pytest.mark.parametrize(
    "token", ["dev-person-QH99999", "dev-person-QH10021", "dev-person-", "dev-unit-", "dev-unit-a\x00b", "anything", ""]
)
async def test_unknown_people_leavers_and_malformed_tokens_are_refused(token: str):
    assert await refusal_of(authenticating(), token) == "unauthorised"


async def test_no_token_at_all_is_refused():
    assert await refusal_of(authenticating(), None) == "unauthorised"


async def test_another_scheme_is_refused():
    assert await refusal_of(authenticating(), "dev-unit-east", "Basic") == "unauthorised"


async def test_the_schemes_case_does_not_matter():
    assert (await authenticating().principal(asked("dev-unit-east", "bearer"))).kind == "unit"


@pytest.mark.parametrize("token", ["dev-unit-east", "dev-person-QH10001"])
async def test_development_tokens_are_refused_in_production(token: str, keys: Path):
    assert await refusal_of(authenticating("production"), token) == "unauthorised"
    assert await refusal_of(authenticating("production", keys), token) == "unauthorised"


async def test_the_service_token_works_everywhere():
    for environment in ("development", "production"):
        assert await authenticating(environment).principal(asked(SERVICE_TOKEN)) == Principal(kind="service", id="service")


async def test_internal_addresses_take_the_service_token_alone():
    auth = authenticating()
    assert (await auth.service(asked(SERVICE_TOKEN))).kind == "service"
    with pytest.raises(Refused) as refused:
        await auth.service(asked("dev-unit-east"))
    assert (refused.value.refusal.status, refused.value.refusal.code) == (403, "services_only")


async def test_the_keys_file_says_who_holds_a_token(keys: Path):
    auth = authenticating("production", keys)
    assert await auth.principal(asked("unit-secret")) == Principal(kind="unit", id="east", business_unit="east")
    assert await auth.principal(asked("operator-secret")) == Principal(kind="service", id="operator")
    assert (await auth.principal(asked("person-secret"))).roles == {"account_manager"}


async def test_who_has_left_is_refused_in_spite_of_a_key(keys: Path):
    assert await refusal_of(authenticating("production", keys), "gone-secret") == "unauthorised"


async def test_a_tokens_digest_is_no_token(keys: Path):
    assert await refusal_of(authenticating("production", keys), sha256("unit-secret")) == "unauthorised"


async def test_settings_make_an_authenticator(keys: Path):
    class Settings:
        service_token = SERVICE_TOKEN
        environment = "production"
        keys_file = str(keys)

    assert (await authenticator(Settings(), lambda: PEOPLE).principal(asked("unit-secret"))).id == "east"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("", "no list"),
        ("{}", "no list"),
        ("- {sha256: abc, kind: unit, id: east}", "entry 1: sha256"),
        (f"- {{sha256: {sha256('a')}, kind: god, id: east}}", "entry 1: kind"),
        (f"- {{sha256: {sha256('a')}, kind: unit}}", "entry 1: id"),
        (f"- {{sha256: {sha256('a')}, kind: unit, id: east, role: x}}", "entry 1: role"),
        (f"- {{sha256: {sha256('a')}, kind: unit, id: east}}\n- {{sha256: {sha256('a')}, kind: unit, id: west}}", "entry 2"),
        ("- [", "cannot be read"),
    ],
)
def test_a_keys_file_not_wholly_understood_is_refused_whole(tmp_path: Path, content: str, names: str):
    path = tmp_path / "keys.yaml"
    path.write_text(content)
    with pytest.raises(KeysFileError, match=names):
        read_keys(str(path))


def test_a_missing_keys_file_is_named():
    with pytest.raises(KeysFileError, match=r"nowhere\.yaml"):
        read_keys("nowhere.yaml")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_keys(host: str):
    check_bind(host, "development", None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.8", "backline.example", "localhost.example"])
def test_a_bind_that_others_reach_needs_a_keys_file(host: str):
    with pytest.raises(UnsafeBindError, match="BACKLINE_KEYS_FILE"):
        check_bind(host, "production", None)
    check_bind(host, "production", "keys.yaml")


def test_a_bind_that_others_reach_is_refused_in_development_even_with_keys():
    with pytest.raises(UnsafeBindError, match="BACKLINE_ENVIRONMENT=production"):
        check_bind("0.0.0.0", "development", "keys.yaml")


@pytest.mark.parametrize("token", ["short", "dev-service-token-that-is-long"])
def test_a_service_token_that_can_be_guessed_is_refused_where_others_reach_it(token: str):
    with pytest.raises(UnsafeBindError, match="BACKLINE_SERVICE_TOKEN"):
        check_bind("0.0.0.0", "production", "keys.yaml", service_token=token)
    check_bind("127.0.0.1", "development", None, service_token=token)
