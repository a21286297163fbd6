"""The settings about callbacks: a weak or known secret ends the start, with the variable's name and never its value."""

from pathlib import Path

import pytest

from services.notify.settings import NotifySettings
from shared.callbacks.settings import DEVELOPMENT_SECRET
from shared.service.settings import SettingsError

NEEDED = {"BACKLINE_MONGO_URI": "mongodb://x", "BACKLINE_BROKER": "x:1", "BACKLINE_SERVICE_TOKEN": "a-token-of-tests"}
SECRET = "a-random-secret-of-more-than-32-characters"


def read(**given: str) -> NotifySettings:
    return NotifySettings.read("notify", {**NEEDED, **{f"BACKLINE_{name.upper()}": value for name, value in given.items()}})


def test_without_a_secret_there_are_callbacks_in_development_alone():
    assert read().callback_master is None
    assert read(environment="development").callback_master == DEVELOPMENT_SECRET.encode()


def test_the_secret_comes_from_the_environment_or_from_a_file_and_is_not_shown(tmp_path: Path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    for settings in (read(callback_secret=SECRET), read(callback_secret_file=str(file))):
        assert settings.callback_master == SECRET.encode()
        assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("callback_secret", "short"),
        ("callback_secret", DEVELOPMENT_SECRET),
        ("callback_ports", "443,x"),
        ("callback_ports", "0"),
        ("callback_networks", "10.0.0.0/33"),
        ("callback_networks", "10.0.0.1/8"),
    ],
)
def test_what_is_wrong_is_named_by_its_variable_and_not_by_its_value(name: str, value: str):
    with pytest.raises(SettingsError) as refused:
        read(**{name: value})
    assert f"BACKLINE_{name.upper()}" in str(refused.value)
    assert "secret" not in name or value not in str(refused.value)


def test_what_the_operator_allows_is_read_as_lists():
    rules = read(
        callback_ports="443, 9443", callback_networks="10.0.0.0/8, fd00::/8", callback_http_hosts="Desk.Example"
    ).callback_rules
    assert rules.ports == {443, 9443}
    assert [str(network) for network in rules.networks] == ["10.0.0.0/8", "fd00::/8"]
    assert rules.http_hosts == {"desk.example"}
