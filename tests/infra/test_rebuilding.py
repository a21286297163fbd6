"""`backline rebuild`: what it asks page by page, and what it shows and answers to the shell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from tests.infra.operator_desk import Desk, folder_of, open_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("COLUMNS", "200")
    with open_desk() as opened:
        opened.answer("GET /internal/rebuild", (200, {"requests": 3}))
        yield opened


def run(desk: Desk, folder: Path, *arguments: str) -> Result:
    command = ["rebuild", "notify", *arguments, "--as", "A1", "--folder", str(folder_of(desk, folder))]
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, command)


def a_page(following: str | None = None, *, rows: list[dict[str, str]] | None = None, **ends: int) -> dict[str, Any]:
    """A page of a rebuild."""
    counts = dict.fromkeys(("agree", "differ", "swapped", "changed", "impossible", "unasked"), 0) | ends
    told = {"ledger": "requests", "rebuilt": sum(ends.values()), "rows": rows or [], "checksum": "c0ffee", "next": following}
    return {**told, **counts}


DIFFERS = {"name": "r2", "end": "differs", "why": "it differs in: [status]"}


def test_a_rebuild_goes_from_page_to_page_and_tells_that_all_agree(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/rebuild?by=A1", (200, a_page("2", agree=2)))
    desk.answer("POST /internal/rebuild?by=A1&cursor=2", (200, a_page(agree=1)))
    answer = run(desk, tmp_path)
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "notify: 3 agree, 0 differ.\nchecksum of what was rebuilt: c0ffee\n"
    assert answer.stderr == "notify rebuilds: 2 of 3\nnotify rebuilds: 3 of 3\n"


def test_what_differs_is_shown_and_left_alone_and_the_exit_status_says_so(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/rebuild?by=A1", (200, a_page(agree=2, differ=1, rows=[DIFFERS])))
    answer = run(desk, tmp_path)
    assert answer.exit_code == 1
    assert "it differs in: [status]" in answer.stdout
    assert "2 agree, 1 differ." in answer.stdout


def test_a_swap_is_asked_for_by_name_and_is_no_failure(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/rebuild?by=A1&swap=true", (200, a_page(agree=2, swapped=1, rows=[{**DIFFERS, "end": "swapped"}])))
    answer = run(desk, tmp_path, "--swap")
    assert answer.exit_code == 0, answer.output
    assert "2 agree, 0 differ, 1 were swapped." in answer.stdout


@pytest.mark.parametrize("end", ["changed", "impossible", "unasked"])
def test_what_could_not_be_brought_to_an_end_fails_the_command(tmp_path: Path, desk: Desk, end: str) -> None:
    row = {"name": "r1", "end": end, "why": "w"}
    desk.answer("POST /internal/rebuild?by=A1&swap=true", (200, a_page(agree=2, rows=[row], **{end: 1})))
    assert run(desk, tmp_path, "--swap").exit_code == 1


def test_a_source_that_is_away_stops_it_with_how_to_go_on(tmp_path: Path, desk: Desk) -> None:
    row = {"name": "r1", "end": "unasked", "why": "intake could not be asked (ConnectError)"}
    desk.answer("POST /internal/rebuild?by=A1&swap=true", (200, a_page("the same", unasked=1, rows=[row])))
    answer = run(desk, tmp_path, "--swap")
    assert answer.exit_code == 1
    assert len(desk.asked) == 2, "it does not ask for ever"
    assert "intake could not be asked" in answer.output
    assert "backline rebuild notify --swap --cursor 'the same'" in answer.output


def test_one_request_alone(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/rebuild?by=A1&request=r2", (200, a_page(agree=1)))
    assert run(desk, tmp_path, "--request", "r2").exit_code == 0
    desk.answer("POST /internal/rebuild?by=A1&request=r9", (404, {"detail": "no such request"}))
    answer = run(desk, tmp_path, "--request", "r9")
    assert (answer.exit_code, "no such request" in answer.output) == (1, True)


def test_a_service_that_does_not_exist_is_refused(desk: Desk) -> None:
    answer = CliRunner().invoke(app, ["rebuild", "rooting"])
    assert answer.exit_code == 2
    assert desk.asked == []
