"""The secret of links to act, and the address that mails link to."""

import pytest

from services.notify.settings import NotifySettings
from services.routing.settings import RoutingSettings
from shared.service.settings import SettingsError

SECRET = "q4Wz-links-to-act-are-signed-with-this-0815"
PRODUCTION = {
    "BACKLINE_MONGO_URI": "mongodb://127.0.0.1:1",
    "BACKLINE_BROKER": "127.0.0.1:1",
    "BACKLINE_SERVICE_TOKEN": "a-service-token-of-a-test-4711-x",
    "BACKLINE_LINK_SECRET": "q4Wz-links-of-files-are-signed-with-this-0815",
}
DEVELOPMENT = {**PRODUCTION, "BACKLINE_ENVIRONMENT": "development"}


def test_without_a_secret_there_are_no_links_but_in_development():
    assert RoutingSettings.read("routing", PRODUCTION).act_links is None
    assert RoutingSettings.read("routing", {**PRODUCTION, "BACKLINE_ACT_SECRET": SECRET}).act_links is not None
    assert RoutingSettings.read("routing", DEVELOPMENT).act_links is not None


@pytest.mark.parametrize("name", ["routing", "notify"])
@pytest.mark.parametrize(
    "secret",
    [
        "too-short-a-secret",
        "x" * 40,
        PRODUCTION["BACKLINE_SERVICE_TOKEN"],
        PRODUCTION["BACKLINE_LINK_SECRET"],
        f"{SECRET},too-short-a-secret",
        f"{SECRET},",
        "a secret with blanks in it, and so none that was drawn",
    ],
)
def test_a_secret_that_others_may_know_or_guess_is_refused_outside_development(name: str, secret: str):
    model = {"routing": RoutingSettings, "notify": NotifySettings}[name]
    environ = {**PRODUCTION, "BACKLINE_ACT_SECRET": secret}
    with pytest.raises(SettingsError, match="ACT_SECRET") as raised:
        model.read(name, environ)  # type: ignore[arg-type]
    assert secret not in str(raised.value)
    environ["BACKLINE_ACT_SECRET"] = f"{SECRET},{SECRET[::-1]}"
    assert model.read(name, environ).act_secrets == (SECRET, SECRET[::-1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"BACKLINE_PUBLIC_URL": "http://backline.example", "BACKLINE_ACT_SECRET": SECRET}, "https"),
        ({"BACKLINE_PUBLIC_URL": "https://backline.example"}, "BACKLINE_ACT_SECRET"),
        ({"BACKLINE_PUBLIC_URL": 'https://x.example/"><', "BACKLINE_ACT_SECRET": SECRET}, "BACKLINE_PUBLIC_URL"),
        ({"BACKLINE_PUBLIC_URL": "backline.example", "BACKLINE_ACT_SECRET": SECRET}, "BACKLINE_PUBLIC_URL"),
    ],
)
def test_links_are_signed_and_go_over_https(settings: dict[str, str], said: str):
    with pytest.raises(SettingsError, match=said):
        NotifySettings.read("notify", PRODUCTION | settings)
    good = {"BACKLINE_PUBLIC_URL": "https://backline.example/support/", "BACKLINE_ACT_SECRET": SECRET}
    assert NotifySettings.read("notify", PRODUCTION | good).public_url == "https://backline.example/support"
    assert NotifySettings.read("notify", PRODUCTION | {"BACKLINE_PUBLIC_URL": ""}).public_url is None


def test_no_secret_is_in_what_the_settings_show():
    settings = NotifySettings.read("notify", {**PRODUCTION, "BACKLINE_ACT_SECRET": SECRET})
    assert SECRET not in repr(settings)
