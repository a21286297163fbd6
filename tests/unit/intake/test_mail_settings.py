"""Mails are received where a port is set, on the addresses that are named, and nowhere otherwise."""

from pathlib import Path

import pytest

from services.intake.settings import IntakeSettings
from shared.service.settings import SettingsError

NEEDED = {
    "BACKLINE_MONGO_URI": "mongodb://x/?w=majority&journal=true",
    "BACKLINE_BROKER": "x:1",
    "BACKLINE_SERVICE_TOKEN": "a-token-of-a-test",
    "BACKLINE_LINK_SECRET": "q4Wz-links-of-files-are-signed-with-this-0815",
}


def settings(**given: str) -> IntakeSettings:
    return IntakeSettings.read("intake", NEEDED | {f"BACKLINE_{name.upper()}": value for name, value in given.items()})


def test_nothing_is_received_unless_a_port_is_set():
    assert settings().mail_port is None
    assert settings().mailboxes == frozenset()


def test_our_addresses_are_compared_in_small_letters():
    given = settings(mail_port="2525", mail_addresses="Support@Firm.example, ,help@firm.example")
    assert (given.mail_port, given.mailboxes) == (2525, {"support@firm.example", "help@firm.example"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mail_port", "smtp"),
        ("mail_port", "70000"),
        ("mail_protocol", "pop3"),
        ("mail_vouching_server", ""),
        ("max_mail_bytes", "1"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str):
    with pytest.raises(SettingsError, match=f"BACKLINE_{name.upper()}"):
        settings(**{name: value})


def test_the_locks_of_production_hold_what_the_receiver_needs():
    lock = (Path(__file__).resolve().parents[3] / "requirements.runtime.lock").read_text(encoding="ascii")
    assert all(f"\n{package}==" in lock for package in ("aiosmtpd", "atpublic", "attrs"))
