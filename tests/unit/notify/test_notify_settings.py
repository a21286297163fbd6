"""Settings: the console's address is optional, and one that is no address is refused at start."""

import pytest

from services.notify.app import _chat_vendor, _smtp_server
from services.notify.settings import NotifySettings
from shared.service.settings import SettingsError

PLAIN = {
    "BACKLINE_MONGO_URI": "mongodb://db",
    "BACKLINE_BROKER": "broker:9092",
    "BACKLINE_SERVICE_TOKEN": "a-service-token-of-tests",
}


def console(value: str | None) -> str | None:
    environ = PLAIN if value is None else {**PLAIN, "BACKLINE_CONSOLE_URL": value}
    return NotifySettings.read("notify", environ).console_url


@pytest.mark.parametrize("value", [None, ""])
def test_there_is_no_console_unless_one_is_named(value: str | None):
    assert console(value) is None


@pytest.mark.parametrize("value", ["https://desk.example/backline", "https://desk.example/backline/"])
def test_an_address_is_kept_without_its_trailing_slash(value: str):
    assert console(value) == "https://desk.example/backline"


@pytest.mark.parametrize(
    "value", ["desk.example", "javascript:alert(1)", "https://desk.example/a b", 'https://desk.example/"><b>']
)
def test_what_is_no_address_is_refused_with_the_variables_name(value: str):
    with pytest.raises(SettingsError, match="BACKLINE_CONSOLE_URL"):
        console(value)


@pytest.mark.parametrize("lease", ["8", "10", "60"])
def test_nobody_waits_for_a_chat_robot_until_their_lease_has_run_out(lease: str):
    allowance = _chat_vendor(NotifySettings.read("notify", {**PLAIN, "BACKLINE_LEASE_SECONDS": lease})).allowance
    given = 0.8 * float(lease)  # what a worker gives an effect
    assert allowance.patience < given
    assert allowance.patience <= 30


def patience(**changes: str) -> float:
    return _smtp_server(NotifySettings.read("notify", {**PLAIN, **changes})).timeout


def test_the_mail_server_has_its_time_and_never_more_than_half_a_lease():
    assert patience() == 20
    assert patience(BACKLINE_LEASE_SECONDS="8") == 4
    assert patience(BACKLINE_SMTP_TIMEOUT_SECONDS="300", BACKLINE_LEASE_SECONDS="600") == 300


def test_a_mail_server_that_may_take_longer_than_the_lease_allows_is_refused():
    with pytest.raises(SettingsError, match="BACKLINE_SMTP_TIMEOUT_SECONDS is more than half of BACKLINE_LEASE_SECONDS"):
        patience(BACKLINE_SMTP_TIMEOUT_SECONDS="31")
