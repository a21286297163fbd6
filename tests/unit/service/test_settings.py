"""Settings: secrets from files, and none that can be guessed outside development."""

from pathlib import Path

import pytest

from services.notify.settings import NotifySettings
from shared.http.access import peppers_of
from shared.service.settings import Settings, SettingsError

LONG = "x7Kq-this-is-no-word-of-any-dictionary-4711"
PRODUCTION = {
    "BACKLINE_MONGO_URI": "mongodb://db",
    "BACKLINE_BROKER": "broker:9092",
    "BACKLINE_SERVICE_TOKEN": "a-service-token-of-tests",
}


def read(**changes: str | None) -> Settings:
    environment = {**PRODUCTION, **{f"BACKLINE_{name}": value for name, value in changes.items()}}
    return Settings.read("intake", {name: value for name, value in environment.items() if value is not None})


def problem(**changes: str | None) -> str:
    with pytest.raises(SettingsError) as error:
        read(**changes)
    return str(error.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_may_lie_in_a_file(tmp_path: Path, ending: str):
    file = tmp_path / "token"
    file.write_text(f"{LONG}{ending}")
    assert read(SERVICE_TOKEN=None, SERVICE_TOKEN_FILE=str(file)).service_token == LONG
    pepper = read(KEY_PEPPER_FILE=str(file)).key_pepper
    assert pepper is not None
    assert pepper.get_secret_value() == LONG


def test_every_setting_may(tmp_path: Path):
    (tmp_path / "password").write_text("geheim 密码\n", encoding="utf-8")
    (tmp_path / "uri").write_text("mongodb://user:secret@db/?w=majority\n")
    environment = {
        **PRODUCTION,
        "BACKLINE_SMTP_PASSWORD_FILE": str(tmp_path / "password"),
        "BACKLINE_MONGO_URI_FILE": str(tmp_path / "uri"),
    }
    del environment["BACKLINE_MONGO_URI"]
    settings = NotifySettings.read("notify", environment)
    assert settings.smtp_password is not None
    assert settings.smtp_password.get_secret_value() == "geheim 密码"
    assert settings.mongo_uri == "mongodb://user:secret@db/?w=majority"


def test_the_keys_file_is_a_setting_of_its_own(tmp_path: Path):
    assert read(KEYS_FILE="/run/secrets/keys.yaml").keys_file == "/run/secrets/keys.yaml"


def test_a_secret_is_given_in_one_way_alone(tmp_path: Path):
    (tmp_path / "token").write_text(LONG)
    said = problem(SERVICE_TOKEN_FILE=str(tmp_path / "token"))
    assert "BACKLINE_SERVICE_TOKEN and BACKLINE_SERVICE_TOKEN_FILE are both set" in said


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n", b"\xff\xfe", b"x" * 300_000])
def test_a_file_that_says_nothing_usable_is_named(tmp_path: Path, content: bytes):
    (tmp_path / "token").write_bytes(content)
    said = problem(SERVICE_TOKEN=None, SERVICE_TOKEN_FILE=str(tmp_path / "token"))
    assert f"BACKLINE_SERVICE_TOKEN_FILE: {tmp_path / 'token'} cannot be used" in said


def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path: Path):
    assert "FileNotFoundError" in problem(KEY_PEPPER_FILE=str(tmp_path / "none"))
    assert "IsADirectoryError" in problem(KEY_PEPPER_FILE=str(tmp_path))


@pytest.mark.parametrize("weak", ["short-one", "dev-service-token-that-is-long", "local-service-token"])
def test_a_service_token_that_can_be_guessed_is_refused_outside_development(weak: str):
    said = problem(SERVICE_TOKEN=weak)
    assert "BACKLINE_SERVICE_TOKEN can be guessed" in said
    assert weak not in said
    assert read(SERVICE_TOKEN=weak, ENVIRONMENT="development").service_token == weak


@pytest.mark.parametrize("name", ["KEY_PEPPER", "KEY_PEPPER_BEFORE"])
@pytest.mark.parametrize("weak", ["too short to be one", "dev-pepper-of-every-local-stack-and-more"])
def test_a_pepper_that_can_be_guessed_is_refused_outside_development(name: str, weak: str):
    said = problem(**{name: weak})
    assert f"BACKLINE_{name} can be guessed" in said
    assert weak not in said
    read(**{name: weak, "ENVIRONMENT": "development"})


def test_development_has_a_pepper_and_production_only_what_it_was_given():
    assert peppers_of(read(ENVIRONMENT="development"), development=True).usable
    assert not peppers_of(read(), development=False).usable
    assert peppers_of(read(KEY_PEPPER=LONG), development=False).usable


def test_secrets_are_not_shown(tmp_path: Path):
    assert LONG not in repr(read(KEY_PEPPER=LONG))


ISSUER = {"OIDC_ISSUER": "https://login.example", "OIDC_AUDIENCE": "backline", "OIDC_JWKS_URL": "https://login.example/keys"}


def test_an_issuer_is_named_whole():
    assert read(**ISSUER).oidc_audience == "backline"
    for name in ISSUER:
        assert "go together" in problem(**{**ISSUER, name: None})


def test_an_issuers_keys_come_over_https_outside_development():
    plain = {**ISSUER, "OIDC_JWKS_URL": "http://login.example/keys"}
    assert "BACKLINE_OIDC_JWKS_URL is http" in problem(**plain)
    read(**plain, ENVIRONMENT="development")


@pytest.mark.parametrize("wrong", ["none", "HS256", "RS256,none", "RS512", "", ","])
def test_only_signatures_with_public_keys_can_be_configured(wrong: str):
    assert "BACKLINE_OIDC_ALGORITHMS" in problem(OIDC_ALGORITHMS=wrong)


def test_only_scopes_that_exist_can_be_given_to_people():
    assert "BACKLINE_OIDC_PERSON_SCOPES" in problem(OIDC_PERSON_SCOPES="requests:read,everything")
    assert read(OIDC_PERSON_SCOPES="").oidc_person_scopes == ""
