"""`backline import` and `backline people` against a server that answers as intake does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.commands import feeding
from infra.embedded.ports import free_port
from tests.infra.operator_desk import Desk, accepting, folder_of, open_desk

BATCH = "POST /v1/requests:batch"


@pytest.fixture
def intake() -> Iterator[Desk]:
    with open_desk() as desk:
        desk.answer(BATCH, (200, accepting))
        yield desk


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "RETRY_SECONDS", 0.0)


def a_file(folder: Path, lines: list[str]) -> Path:
    file = folder / "requests.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def imported(file: Path, desk: Desk, *arguments: str) -> Result:
    folder = folder_of(desk, file.parent)
    return CliRunner().invoke(app, ["import", str(file), "--unit", "east", "--folder", str(folder), *arguments])


def verdicts_of(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def test_every_line_gets_its_verdict_under_its_own_number(tmp_path: Path, intake: Desk) -> None:
    file = a_file(tmp_path, ['{"a": 1}', "", "no json", '{"b": 2}'])
    run = imported(file, intake, "--result", str(tmp_path / "out.jsonl"))
    assert run.exit_code == 0, run.output
    assert [row["line"] for row in verdicts_of(tmp_path / "out.jsonl")] == [1, 3, 4]
    assert "accepted" in run.output


def test_numbers_go_on_from_one_chunk_to_the_next(tmp_path: Path, intake: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "CHUNK_LINES", 2)
    file = a_file(tmp_path, ["{}"] * 5)
    run = imported(file, intake)
    assert run.exit_code == 0, run.output
    assert [asked.body.count(b"{}") for asked in intake.asked] == [2, 2, 1]
    assert [row["line"] for row in verdicts_of(tmp_path / "requests.verdicts.jsonl")] == [1, 2, 3, 4, 5]


def test_a_chunk_is_never_larger_than_intake_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "CHUNK_BYTES", 10)
    lines = [b"1234", b"1234", b"a line longer than all", b"1"]
    assert list(feeding.chunks(lines)) == [(0, lines[:2]), (2, lines[2:3]), (3, lines[3:])]


def test_an_empty_file_is_no_request_at_all(tmp_path: Path, intake: Desk) -> None:
    assert imported(a_file(tmp_path, []), intake).exit_code == 0
    assert intake.asked == []


def test_a_chunk_is_sent_again_while_intake_is_busy_or_breaks_off(tmp_path: Path, intake: Desk) -> None:
    intake.answer(
        BATCH, (503, {"detail": "busy"}), (200, b'{"line": 1, "outcome": "accepted", "duplicate": false}\n'), (200, accepting)
    )
    run = imported(a_file(tmp_path, ["{}", "{}"]), intake)
    assert run.exit_code == 0, run.output
    assert len({asked.body for asked in intake.asked}) == 1
    assert len(verdicts_of(tmp_path / "requests.verdicts.jsonl")) == 2


def test_an_intake_that_stays_busy_ends_the_import_and_says_it_may_be_repeated(tmp_path: Path, intake: Desk) -> None:
    intake.answer(BATCH, (503, {"detail": "busy"}))
    run = imported(a_file(tmp_path, ["{}"]), intake)
    assert run.exit_code == 1
    assert "safe" in run.output
    assert len(intake.asked) == feeding.ATTEMPTS


def test_an_intake_that_is_away_ends_the_import_without_a_trace(tmp_path: Path, intake: Desk) -> None:
    file = a_file(tmp_path, ["{}"])
    folder = folder_of(intake, tmp_path, {"intake-1": free_port()})
    run = CliRunner().invoke(app, ["import", str(file), "--unit", "east", "--folder", str(folder)])
    assert run.exit_code == 1
    assert "did not answer (ConnectError)" in run.output
    assert isinstance(run.exception, SystemExit)


def test_a_refused_token_is_told_in_the_problems_own_words(tmp_path: Path, intake: Desk) -> None:
    intake.answer(BATCH, (401, {"detail": "The token is missing or not valid."}))
    run = imported(a_file(tmp_path, ["{}"]), intake)
    assert run.exit_code == 1
    assert "401: The token is missing or not valid." in run.output
    assert len(intake.asked) == 1


def test_a_local_stack_is_sent_the_units_development_token(tmp_path: Path, intake: Desk) -> None:
    imported(a_file(tmp_path, ["{}"]), intake)
    assert {asked.token for asked in intake.asked} == {"dev-unit-east"}


def test_an_address_is_sent_the_token_that_came_with_it_and_never_a_development_token(
    tmp_path: Path, intake: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["import", str(a_file(tmp_path, ["{}"])), "--unit", "east", "--url", f"{intake.url}/"]
    monkeypatch.delenv("BACKLINE_TOKEN", raising=False)
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2
    assert "BACKLINE_TOKEN" in refused.output
    assert intake.asked == []
    assert CliRunner(env={"BACKLINE_TOKEN": "a-real-one"}).invoke(app, command).exit_code == 0
    assert {asked.token for asked in intake.asked} == {"a-real-one"}


def test_a_folder_without_a_stack_is_told_how_to_start_one(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["import", str(a_file(tmp_path, ["{}"])), "--unit", "east", "--folder", str(tmp_path / "none")])
    assert run.exit_code == 2
    assert "backline up" in run.output


def test_a_directory_is_imported_with_the_operators_token(tmp_path: Path, intake: Desk) -> None:
    intake.answer("POST /v1/people:import", (200, {"recorded": 3, "unchanged": 1, "version": "v9"}))
    file = a_file(tmp_path, ["people: []"])
    run = CliRunner().invoke(app, ["people", str(file), "--folder", str(folder_of(intake, tmp_path))])
    assert run.exit_code == 0, run.output
    assert "3 entries recorded, 1 unchanged; directory v9" in run.output
    assert [(asked.body, asked.token) for asked in intake.asked] == [(b"people: []", "local-service-token")]


def test_the_faults_of_a_directory_are_told(tmp_path: Path, intake: Desk) -> None:
    intake.answer("POST /v1/people:import", (422, {"detail": "people.0.email: is missing; add it."}))
    run = CliRunner().invoke(app, ["people", str(a_file(tmp_path, ["x"])), "--folder", str(folder_of(intake, tmp_path))])
    assert run.exit_code == 1
    assert "people.0.email: is missing; add it." in run.output
