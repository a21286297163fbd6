"""`backline import` and `backline people` against a server that answers as intake does."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.embedded.ports import free_port
from shared.client import batches
from shared.client.attempts import Patience
from tests.infra.operator_desk import Desk, accepting, folder_of, open_desk

BATCH = "POST /v1/requests:batch"


@pytest.fixture
def intake() -> Iterator[Desk]:
    with open_desk() as desk:
        desk.answer(BATCH, (200, accepting))
        yield desk


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "pause", lambda *_: 0.0)
    monkeypatch.setenv("COLUMNS", "200")


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
    file = a_file(tmp_path, ['{"a": 1}', "", "{}", '{"b": 2}'])
    run = imported(file, intake, "--result", str(tmp_path / "out.jsonl"))
    assert run.exit_code == 0, run.output
    assert [row["line"] for row in verdicts_of(tmp_path / "out.jsonl")] == [1, 3, 4]
    assert "accepted" in run.output


def test_numbers_go_on_from_one_chunk_to_the_next(tmp_path: Path, intake: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_LINES", 2)
    file = a_file(tmp_path, ["{}"] * 5)
    run = imported(file, intake)
    assert run.exit_code == 0, run.output
    assert [asked.body.count(b"{}") for asked in intake.asked] == [2, 2, 1]
    assert [row["line"] for row in verdicts_of(tmp_path / "requests.verdicts.jsonl")] == [1, 2, 3, 4, 5]


NAMED = {"id": None, "action": "submit"}


def answering(*answers: dict[str, Any]) -> Callable[[bytes], bytes]:
    """What intake says to the lines of a batch, one after the other."""
    rows = [{**NAMED, "line": number, "duplicate": False, **answer} for number, answer in enumerate(answers, start=1)]
    return lambda _body: b"".join(json.dumps(row).encode() + b"\n" for row in rows)


LABEL = {"zh": "证明", "en": "proof"}
ACCEPTED = {"outcome": "accepted"}
REJECTED = {
    "outcome": "rejected",
    "verdict": {
        "outcome": "rejected",
        "message": {"zh": "申请人不在人员目录中。", "en": "The requester is not in the directory."},
    },
}
RETURNED = {
    "outcome": "returned",
    "verdict": {
        "outcome": "returned",
        "message": {"zh": "申请退回。", "en": "The request is returned."},
        "problems": [{"field": "details.mode", "code": "missing", "message": {"zh": "请填写方式。", "en": "Give the mode."}}],
        "preconditions": [
            {
                "any_of": ["budget"],
                "label": LABEL,
                "state": "missing",
                "message": {"zh": "请证明预算。", "en": "Prove the budget."},
            },
            {"any_of": ["contact"], "label": LABEL, "state": "met", "message": None},
        ],
    },
}
REFUSED = {"outcome": "refused", "problem": {"code": "not_json", "message": {"zh": "不是 JSON。", "en": "No [valid] JSON."}}}


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([ACCEPTED, {**ACCEPTED, "duplicate": True}], 0),
        ([ACCEPTED, RETURNED], 3),
        ([ACCEPTED, {**RETURNED, "duplicate": True}], 3),
        ([ACCEPTED, REJECTED], 3),
        ([ACCEPTED, REFUSED], 1),
        ([RETURNED, REJECTED], 1),
        ([REFUSED], 1),
    ],
)
def test_the_exit_status_says_whether_every_line_was_taken(
    tmp_path: Path, intake: Desk, answers: list[dict[str, Any]], status: int
) -> None:
    intake.answer(BATCH, (200, answering(*answers)))
    assert imported(a_file(tmp_path, ["{}"] * len(answers)), intake).exit_code == status


def test_lines_that_were_not_taken_are_shown_with_field_and_remedy(tmp_path: Path, intake: Desk) -> None:
    intake.answer(BATCH, (200, answering(ACCEPTED, RETURNED, REFUSED)))
    shown = imported(a_file(tmp_path, ["{}"] * 3), intake, "--locale", "en").output
    assert re.search(r"accepted\W+1\W", shown)
    assert re.search(r"2\W+returned\W+details\.mode\W+Give the mode\.", shown)
    assert re.search(r"2\W+returned\W+evidence\.budget\W+Prove the budget\.", shown)
    assert re.search(r"3\W+refused\W+No \[valid\] JSON\.", shown)


def test_only_the_first_reasons_are_shown_and_the_rest_counted(tmp_path: Path, intake: Desk) -> None:
    intake.answer(BATCH, (200, answering(*[REJECTED] * 14)))
    shown = imported(a_file(tmp_path, ["{}"] * 14), intake, "--locale", "en").output
    assert shown.count("The requester is not in the directory.") == 10
    assert "and 4 more reasons" in shown


def test_reasons_are_told_in_the_terminals_language(tmp_path: Path, intake: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    intake.answer(BATCH, (200, answering(REJECTED)))
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    for lang, sentence in (("zh_CN.UTF-8", "申请人不在人员目录中。"), ("de_DE.UTF-8", "The requester is not in the directory.")):
        monkeypatch.setenv("LANG", lang)
        assert sentence in imported(a_file(tmp_path, ["{}"]), intake).output


def test_progress_off_a_terminal_is_a_line_for_each_chunk(tmp_path: Path, intake: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_LINES", 2)
    run = imported(a_file(tmp_path, ["{}"] * 3), intake)
    assert run.stderr == "importing: 2 of 3\nimporting: 3 of 3\n"


def test_a_chunk_is_never_larger_than_intake_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES", 10)
    raw = [b"1234", b"1234", b"a line longer than all", b"1"]
    cut = [[line.content for line in chunk.lines] for chunk in batches.cut(raw)]
    assert cut == [raw[:2], raw[2:3], raw[3:]]


def test_an_empty_file_is_no_request_at_all(tmp_path: Path, intake: Desk) -> None:
    assert imported(a_file(tmp_path, []), intake).exit_code == 0
    assert intake.asked == []


def test_a_chunk_is_sent_again_while_intake_is_busy_or_breaks_off(tmp_path: Path, intake: Desk) -> None:
    intake.answer(BATCH, (503, {"detail": "busy"}), (200, answering(ACCEPTED)), (200, accepting))
    run = imported(a_file(tmp_path, ["{}", "{}"]), intake)
    assert run.exit_code == 0, run.output
    assert len({asked.body for asked in intake.asked}) == 1
    assert len(verdicts_of(tmp_path / "requests.verdicts.jsonl")) == 2


def test_an_intake_that_stays_busy_ends_the_import_and_says_it_may_be_repeated(tmp_path: Path, intake: Desk) -> None:
    intake.answer(BATCH, (503, {"detail": "busy"}))
    run = imported(a_file(tmp_path, ["{}"]), intake)
    assert run.exit_code == 1
    assert "safe" in run.output
    assert len(intake.asked) == Patience().attempts


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
    assert "The token is missing or not valid. (401" in run.output
    assert len(intake.asked) == 1


@pytest.mark.parametrize("nobody", ["", " ", "\t"])
def test_in_nobodys_name_nothing_is_sent(tmp_path: Path, intake: Desk, nobody: str) -> None:
    run = imported(a_file(tmp_path, ["{}"]), intake, "--unit", nobody)
    assert run.exit_code == 2
    assert "give the code of the business unit" in run.output
    assert intake.asked == []


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


DIRECTORY = """business_units:
- code: east
people:
- id: BE01
  email: nonsense
- id: BE02
- id: BE02
  roles: [sales]
"""
FAULTS = {
    "detail": "many",
    "errors": [
        {"pointer": "people.0.email", "message": {"zh": "people.0.email：内容有误。", "en": "people.0.email is wrong."}},
        {"pointer": "people.BE02.id", "message": {"zh": "工号重复。", "en": "the id is used twice."}},
        {"pointer": "people.BE02.id", "message": {"zh": "工号重复。", "en": "the id is used twice."}},
        {"pointer": "people.1.name", "message": {"zh": "姓名缺失。", "en": "the name is missing."}},
    ],
}


@pytest.mark.parametrize(
    ("locale", "faults"),
    [
        ("en", ["5: BE01: people.0.email is wrong.", "6: BE02: the id", "7: BE02: the id", "6: BE02: the name is missing."]),
        ("zh", ["5: BE01: people.0.email：内容有误。", "6: BE02: 工号重复。", "7: BE02: 工号重复。", "6: BE02: 姓名缺失。"]),
    ],
)
def test_the_faults_of_a_directory_are_told_with_line_and_person_in_the_chosen_language(
    tmp_path: Path, intake: Desk, locale: str, faults: list[str]
) -> None:
    intake.answer("POST /v1/people:import", (422, FAULTS))
    file = a_file(tmp_path, DIRECTORY.splitlines())
    run = CliRunner().invoke(app, ["people", str(file), "--folder", str(folder_of(intake, tmp_path)), "--locale", locale])
    assert run.exit_code == 1
    told = run.output.splitlines()
    for fault, line in zip(faults, told, strict=False):
        assert line.startswith(f"{file}:{fault}")
    assert told[-1].startswith("4 faults; nothing was imported.")


def test_a_directory_that_is_refused_as_a_whole_is_told_so(tmp_path: Path, intake: Desk) -> None:
    intake.answer("POST /v1/people:import", (403, {"detail": "Only an operator's token may import the directory."}))
    run = CliRunner().invoke(app, ["people", str(a_file(tmp_path, ["x"])), "--folder", str(folder_of(intake, tmp_path))])
    assert run.exit_code == 1
    assert "Only an operator's token may import the directory. (403" in run.output
