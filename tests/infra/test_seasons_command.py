"""`backline season` tells routing what was typed, and shows what became of it or why not."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.commands.target import Target

ONE = {
    "id": "S0123456789a",
    "name": "春标",
    "business_unit": "east",
    "from": "2027-03-01T00:00:00Z",
    "to": "2027-03-20T16:00:00Z",
    "phase": "declared",
    "figures": {"cap_factor": 1.5, "cap_more": 2, "borrowing": True, "lenders_keep": 2, "ageing": True},
}


@pytest.fixture
def routing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, str, Any]]]:
    """Has routing answer; what it was asked."""

    def answering(answer: Any, status: int = 200) -> list[tuple[str, str, Any]]:
        asked: list[tuple[str, str, Any]] = []

        def answer_to(request: httpx.Request) -> httpx.Response:
            asked.append((request.method, request.url.path, json.loads(request.content) if request.content else None))
            return httpx.Response(status, json=answer)

        def client(_self: Target, *_given: Any, **_more: Any) -> httpx.Client:
            return httpx.Client(transport=httpx.MockTransport(answer_to))

        monkeypatch.setattr(Target, "client", client)
        return asked

    return answering


def backline(*words: str) -> Any:
    return CliRunner().invoke(app, ["season", *words, "--url", "http://127.0.0.1:1"], env={"BACKLINE_TOKEN": "x" * 20})


def test_declaring_sends_what_was_typed_and_leaves_the_rest_to_the_policy(routing: Callable[..., Any]):
    asked = routing(ONE)
    told = backline("declare", "春标", "--unit", "east", "--from", "2027-03-01", "--to", "2027-03-20", "--cap-more", "2")
    assert told.exit_code == 0, told.output
    body = {"name": "春标", "business_unit": "east", "from": "2027-03-01", "to": "2027-03-20", "reason": ""}
    assert asked == [("POST", "/v1/seasons", {**body, "figures": {"cap_more": 2}})]
    assert "S0123456789a" in told.output
    assert "×1.5 +2" in told.output


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (
            ("change", "S1", "--to", "2027-03-25", "--no-borrowing"),
            "change",
            {"to": "2027-03-25", "figures": {"borrowing": False}},
        ),
        (("end", "S1", "--reason", "已开标"), "end", {}),
        (("withdraw", "S1"), "withdraw", {}),
    ],
)
def test_the_others_name_the_season(routing: Callable[..., Any], words: tuple[str, ...], path: str, body: dict[str, Any]):
    asked = routing(ONE)
    assert backline(*words).exit_code == 0
    ((_, place, sent),) = asked
    assert place == f"/v1/seasons/S1/{path}"
    assert sent == {"reason": "已开标" if path == "end" else "", **body}


def test_they_are_listed(routing: Callable[..., Any]):
    routing({"example": True, "usual": ONE["figures"], "seasons": [ONE, {**ONE, "id": "S2", "business_unit": None}]})
    told = backline("list")
    assert told.exit_code == 0
    assert "all" in told.output


def test_a_refusal_ends_it(routing: Callable[..., Any]):
    routing({"code": "season_overlaps", "detail": "This overlaps with season S9."}, 409)
    told = backline("withdraw", "S1")
    assert told.exit_code != 0
    assert "S9" in told.output
