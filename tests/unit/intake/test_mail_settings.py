"""Mails are received where a port is set, on the addresses that are named, and nowhere otherwise."""

import hashlib
from pathlib import Path

import pytest

from services.intake.settings import IntakeSettings
from shared.service.settings import SettingsError
from tests.certificates import a_certificate

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


DIGEST = hashlib.sha256(b"a secret").hexdigest()
CERTIFIED = {"mail_port": "2525", "mail_tls_cert_file": "x.pem", "mail_tls_key_file": "x.key"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"mail_port": "2525", "mail_tls_cert_file": "x.pem"}, "MAIL_TLS_KEY_FILE"),
        ({"mail_port": "2525", "mail_tls_key_file": "x.key"}, "MAIL_TLS_CERT_FILE"),
        ({"mail_port": "2525", "mail_tls_required": "true"}, "MAIL_TLS_REQUIRED needs a certificate"),
        ({"mail_port": "2525", "mail_relays": f"relay:{DIGEST}"}, "MAIL_RELAYS needs a certificate"),
        ({name: CERTIFIED[name] for name in CERTIFIED if name != "mail_port"}, "MAIL_PORT"),
        (CERTIFIED | {"mail_relays": "relay:a secret"}, "MAIL_RELAYS.*line 1"),
        (CERTIFIED | {"mail_relays": f"# ours\nrelay:{DIGEST}\nrelay:{DIGEST}"}, "MAIL_RELAYS.*line 3"),
        (CERTIFIED | {"mail_relays": f"relay:{hashlib.sha256(b'').hexdigest()}"}, "MAIL_RELAYS.*line 1"),
        (CERTIFIED | {"mail_relays": "# nobody"}, "MAIL_RELAYS.*names no relay"),
    ],
)
def test_a_receiver_that_is_secured_by_half_does_not_start(given: dict[str, str], named: str):
    with pytest.raises(SettingsError, match=named) as refused:
        settings(**given)
    assert "a secret" not in str(refused.value)


def test_a_certificate_that_cannot_be_used_is_named_before_the_first_mail(tmp_path: Path):
    pair, other = a_certificate(tmp_path), a_certificate(tmp_path, "other")
    given = {"mail_port": "2525", "mail_tls_cert_file": pair.certificate, "mail_relays": f"relay:{DIGEST}"}
    secured = settings(**given, mail_tls_key_file=pair.key, mail_tls_required="true").secured
    assert secured.required
    assert secured.options()["auth_required"]
    for key in (other.key, str(tmp_path / "none.key")):
        with pytest.raises(SettingsError, match="MAIL_TLS_CERT_FILE"):
            _ = settings(**given, mail_tls_key_file=key).secured
    assert settings(mail_port="2525").secured.options() == {}


MAILBOX = {"mail_imap_host": "mail.example", "mail_imap_user": "support", "mail_imap_password": "a secret"}


def test_no_mailbox_is_polled_unless_one_is_named():
    assert settings().mailbox is None


@pytest.mark.parametrize(("tls", "port"), [("implicit", 993), ("starttls", 143)])
def test_a_mailbox_has_the_port_of_its_kind(tls: str, port: int):
    mailbox = settings(**MAILBOX, mail_imap_tls=tls).mailbox
    assert mailbox is not None
    assert (mailbox.port, mailbox.folder, mailbox.password) == (port, "INBOX", "a secret")
    assert "a secret" not in repr(mailbox) + repr(settings(**MAILBOX))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"mail_imap_host": "mail.example"}, "MAIL_IMAP_USER and BACKLINE_MAIL_IMAP_PASSWORD"),
        ({"mail_imap_user": "support"}, "MAIL_IMAP_HOST"),
        (MAILBOX | {"mail_imap_tls": "none"}, "in clear"),
        (MAILBOX | {"mail_imap_tls": "ssl3"}, "MAIL_IMAP_TLS"),
        (MAILBOX | {"mail_imap_done_folder": "Done"}, "MAIL_IMAP_REFUSED_FOLDER"),
        (MAILBOX | {"mail_imap_done_folder": "Done", "mail_imap_refused_folder": "Done"}, "two other folders"),
        (MAILBOX | {"mail_imap_done_folder": "INBOX", "mail_imap_refused_folder": "No"}, "two other folders"),
        (MAILBOX | {"mail_imap_seconds": "0"}, "MAIL_IMAP_SECONDS"),
    ],
)
def test_a_mailbox_that_is_described_by_half_is_not_polled(given: dict[str, str], named: str):
    with pytest.raises(SettingsError, match=named) as refused:
        settings(**given)
    assert "a secret" not in str(refused.value)
