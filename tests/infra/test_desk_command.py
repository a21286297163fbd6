"""`backline desk` against a server that answers as intake does: lists, an entry, and a correction, in both languages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from tests.infra.operator_desk import Desk, folder_of, open_desk

LINE = {
    "entry": "d-7",
    "kind": "line",
    "outcome": "refused",
    "action": "submit",
    "business_unit": "east",
    "channel": "batch",
    "at": "2027-03-01T01:00:00.000Z",
    "request": None,
    "number": None,
    "type": None,
    "place": "3",
    "why": [{"field": "details.purpose", "code": "missing", "message": {"zh": "请填写期望目的。", "en": "State the purpose."}}],
    "settled": None,
}
PAGE: dict[str, Any] = {
    "entries": [LINE],
    "counts": {"returned": 1, "rejected": 0, "refused": 1, "settled": 2},
    "next": "2027-03-01T01:00:00.000Z~d-7",
}


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("COLUMNS", "200")
    with open_desk() as desk:
        yield desk


def run(tmp_path: Path, desk: Desk, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["desk", *arguments, "--folder", str(folder_of(desk, tmp_path))])


@pytest.mark.parametrize(
    ("locale", "named"),
    [("zh", ["拒收", "请填写期望目的。", "退回 1 条"]), ("en", ["refused", "State the purpose.", "1 returned"])],
)
def test_a_list_says_what_and_why_in_the_language_that_was_chosen(tmp_path: Path, intake: Desk, locale: str, named: list[str]):
    intake.answer("GET /v1/desk?state=open&limit=50", (200, PAGE))
    found = run(tmp_path, intake, "list", "--unit", "east", "--locale", locale)
    assert found.exit_code == 0, found.output
    assert all(word in found.output for word in (*named, "d-7", "--after 2027-03-01T01:00:00.000Z~d-7"))
    assert intake.asked[0].token.endswith("dev-unit-east")


def test_whose_desk_must_be_said(tmp_path: Path, intake: Desk):
    found = run(tmp_path, intake, "list")
    assert (found.exit_code, intake.asked) == (2, [])
    assert "--unit" in found.output


def test_an_entry_is_shown_with_what_was_sent(tmp_path: Path, intake: Desk):
    intake.answer("GET /v1/desk/d-7", (200, {**LINE, "body": {"details": {"purpose": "目的"}}, "raw": None, "seen": None}))
    found = run(tmp_path, intake, "show", "d-7", "--unit", "east")
    assert json.loads(found.output)["body"] == {"details": {"purpose": "目的"}}


@pytest.mark.parametrize(("outcome", "status"), [("accepted", 0), ("returned", 1)])
def test_a_correction_is_sent_as_it_lies_in_the_file(tmp_path: Path, intake: Desk, outcome: str, status: int):
    intake.answer("POST /v1/desk/d-7/resend", (202, {"id": "i", "action": "submit", "number": "BL-12345678", "outcome": outcome}))
    file = tmp_path / "patch.json"
    file.write_text('{"details": {"purpose": "补上"}}', encoding="utf-8")
    found = run(tmp_path, intake, "resend", "d-7", "--unit", "east", "--patch", str(file), "--action", "amend", "--locale", "en")
    assert (found.exit_code, json.loads(intake.asked[0].body)) == (
        status,
        {"action": "amend", "patch": {"details": {"purpose": "补上"}}},
    )
    assert f"BL-12345678: {outcome}" in found.output


@pytest.mark.parametrize("content", ["{oops", "[]"])
def test_a_file_that_is_no_object_is_not_sent(tmp_path: Path, intake: Desk, content: str):
    file = tmp_path / "patch.json"
    file.write_text(content, encoding="utf-8")
    found = run(tmp_path, intake, "resend", "d-7", "--unit", "east", "--body", str(file))
    assert (found.exit_code, intake.asked) == (2, [])


def test_a_refusal_is_said_in_its_own_words(tmp_path: Path, intake: Desk):
    intake.answer("POST /v1/desk/d-7/resend", (409, {"detail": "已经处理"}))
    found = run(tmp_path, intake, "resend", "d-7", "--unit", "east")
    assert (found.exit_code, "已经处理" in found.output) == (1, True)
