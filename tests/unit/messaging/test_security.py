"""Who a service is to Kafka comes from its environment, is refused when incomplete, and is shown nowhere."""

from pathlib import Path

import pytest

from shared.messaging.security import PLAIN, Security, SecurityError
from shared.service.settings import Settings, SettingsError

NEEDED = {"BACKLINE_MONGO_URI": "mongodb://x/", "BACKLINE_BROKER": "x:1", "BACKLINE_SERVICE_TOKEN": "a-service-token-of-tests"}
SASL = {**NEEDED, "BACKLINE_KAFKA_SECURITY": "SASL_PLAINTEXT"}


def test_without_settings_nothing_is_said():
    assert Settings.read("routing", NEEDED).kafka.client() == PLAIN.client()


def test_the_user_is_the_service_unless_it_is_named():
    kafka = Settings.read("routing", {**SASL, "BACKLINE_KAFKA_PASSWORD": "hidden-word"}).kafka
    assert (kafka.username, kafka.client()["sasl_mechanism"]) == ("routing", "SCRAM-SHA-512")
    named = Settings.read("routing", {**SASL, "BACKLINE_KAFKA_PASSWORD": "w", "BACKLINE_KAFKA_USERNAME": "r2"}).kafka
    assert named.username == "r2"


def test_the_password_may_come_from_a_file(tmp_path: Path):
    file = tmp_path / "password"
    file.write_text("of-the-file\n")
    given = {**SASL, "BACKLINE_KAFKA_PASSWORD_FILE": str(file)}
    assert Settings.read("routing", given).kafka.client()["sasl_plain_password"] == "of-the-file"


def test_it_is_shown_nowhere():
    settings = Settings.read("routing", {**SASL, "BACKLINE_KAFKA_PASSWORD": "hidden-word"})
    assert "hidden-word" not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json() + repr(settings.kafka)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "BACKLINE_KAFKA_PASSWORD"),
        ({"BACKLINE_KAFKA_PASSWORD_FILE": "/nowhere/at/all"}, "PASSWORD_FILE"),
    ],
)
def test_what_is_missing_is_named(given: dict[str, str], named: str):
    with pytest.raises(SettingsError, match=named):
        _ = Settings.read("routing", {**SASL, **given}).kafka


def test_a_certificate_file_that_cannot_be_read_is_named():
    with pytest.raises(SecurityError, match="CA_FILE"):
        Security(protocol="SSL", ca_file="/nowhere/ca.pem").client()
