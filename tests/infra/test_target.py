"""The command line's token: it goes over https, or nowhere beyond this machine unless somebody says that it may."""

from pathlib import Path

import pytest
import typer

from infra.commands.target import IN_CLEAR_VARIABLE, Target

CLEAR = [
    "http://intake.example",
    "http://intake.example:8001/",
    "http://10.0.0.7:8001",
    "http://127.0.0.1.example",
    "HTTP://intake.example",
]
SAFE = ["https://intake.example", "http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001", "HTTPS://intake.example"]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_TOKEN", "a-token-of-tests")
    monkeypatch.delenv(IN_CLEAR_VARIABLE, raising=False)


def chosen(url: str) -> Target:
    return Target.chosen(Path("nowhere"), "intake", url)


@pytest.mark.parametrize("url", CLEAR)
def test_a_token_is_not_sent_in_clear_beyond_this_machine(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(typer.Exit) as ended:
        chosen(url)
    said = capsys.readouterr().err
    assert (ended.value.exit_code, IN_CLEAR_VARIABLE in said, "a-token-of-tests" in said) == (2, True, False)
    monkeypatch.setenv(IN_CLEAR_VARIABLE, "true")
    assert chosen(url).token == "a-token-of-tests"


@pytest.mark.parametrize("url", SAFE)
def test_it_is_sent_where_nobody_can_read_it_on_the_way(url: str):
    assert chosen(url).url("intake") == url.rstrip("/")
