"""`backline import` of tables: what is sent, each row's verdict, dry runs, and result files that are safe to open."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.commands import sources
from shared.client import batches
from shared.client.attempts import Patience
from tests.builders.workbooks import a_sheet, a_workbook
from tests.infra.operator_desk import Desk, accepting, folder_of, open_desk

STORED = {"sha256": "", "size": 7, "media_type": "", "name": ""}
BATCH, PEOPLE = "POST /v1/requests:batch", "GET /v1/people"
SAMPLES = Path(__file__).resolve().parents[1] / "samples"
UNITS = {"version": "v1", "people": [], "business_units": [{"code": "harbour", "zh": "港湾事业部", "en": "Harbour Unit"}]}
TABLE = (
    "单据编号,来源系统,支持类型,经营单位,数量\nR-1,oa,公司资料,港湾事业部,5\n,,,,\nR-2,oa,公司资料,,6,stray\nR-3,oa,公司资料,,7\n"
)


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(Patience, "pause", lambda *_: 0.0)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    with open_desk() as desk:
        desk.answer(BATCH, (200, accepting))
        desk.answer(PEOPLE, (200, UNITS))
        yield desk


def imported(file: Path, desk: Desk, *arguments: str) -> Result:
    command = ["import", str(file), "--unit", "harbour", "--folder", str(folder_of(desk, file.parent)), *arguments]
    return CliRunner().invoke(app, command)


def sent(desk: Desk) -> list[dict[str, Any]]:
    batches = [asked.body for asked in desk.asked if asked.path == "/v1/requests:batch"]
    return [json.loads(line) for body in batches for line in body.splitlines()]


def verdicts_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.with_suffix(".verdicts.jsonl").read_bytes().splitlines()]


def test_a_row_that_is_not_understood_has_its_own_verdict_and_stops_no_other(tmp_path: Path, intake: Desk) -> None:
    file = tmp_path / "requests.csv"
    file.write_text(TABLE, encoding="gb18030")
    run = imported(file, intake)
    assert run.exit_code == 1, run.output
    assert [message["body"]["source"]["reference"] for message in sent(intake)] == ["R-1", "R-3"]
    assert {message["body"]["business_unit"] for message in sent(intake)} == {"harbour"}
    rows = verdicts_of(file)
    assert [(row["line"], row["record"], row["outcome"]) for row in rows] == [
        (2, 1, "accepted"),
        (4, 3, "refused"),
        (5, 4, "accepted"),
    ]
    assert rows[1]["problem"]["errors"][0]["code"] == "no_header"
    assert "Column 6 has content but no header" in run.output


def test_a_workbook_is_sent_under_the_rows_of_its_sheet(tmp_path: Path, intake: Desk) -> None:
    file = tmp_path / "requests.xlsx"
    header = ["单据编号", "来源系统", "支持类型", "数量"]
    file.write_bytes(a_workbook({"说明": a_sheet([["x"]]), "S": a_sheet([header, ["R-1", "oa", "公司资料", 5]])}))
    refused = imported(file, intake)
    assert refused.exit_code == 1
    assert "several visible sheets" in refused.output
    assert sent(intake) == []
    run = imported(file, intake, "--sheet", "S")
    assert run.exit_code == 0, run.output
    assert [(row["line"], row["record"]) for row in verdicts_of(file)] == [(2, 1)]


def test_quotes_that_do_not_match_end_the_reading_with_a_verdict_at_their_line(tmp_path: Path, intake: Desk) -> None:
    file = tmp_path / "requests.csv"
    file.write_text('单据编号,来源系统,支持类型\nR-1,oa,公司资料\nR-2,"oa,公司资料\nR-3,oa,公司资料\n', encoding="utf-8")
    run = imported(file, intake)
    assert run.exit_code == 1
    rows = verdicts_of(file)
    assert [(row["line"], row["outcome"]) for row in rows] == [(2, "accepted"), (3, "refused")]
    assert rows[1]["problem"]["code"] == "bad_quotes"
    assert "nothing is read beyond it" in run.output


def test_a_mapping_with_faults_ends_the_command_before_anything_is_sent(tmp_path: Path, intake: Desk) -> None:
    file, known = tmp_path / "requests.csv", tmp_path / "m.yaml"
    file.write_text(TABLE, encoding="utf-8")
    known.write_text("common: {a: nowhere}\n", encoding="utf-8")
    run = imported(file, intake, "--mapping", str(known))
    assert run.exit_code == 1
    assert "line 1: common.a: there is no field nowhere" in run.output
    assert "映射" not in run.output
    assert intake.asked == []


def test_a_header_without_identity_is_told_and_nothing_is_sent(tmp_path: Path, intake: Desk) -> None:
    file = tmp_path / "requests.csv"
    file.write_text("支持类型,数量\n公司资料,5\n", encoding="utf-8")
    run = imported(file, intake, "--locale", "zh")
    assert run.exit_code == 1
    assert "表头缺少“单据编号”列" in run.output
    assert sent(intake) == []


def test_a_dry_run_shows_what_the_file_means_and_sends_nothing(tmp_path: Path, intake: Desk) -> None:
    arguments = ["--mapping", str(SAMPLES / "oa-harbour.mapping.yaml"), "--dry-run"]
    file = Path(shutil.copy(SAMPLES / "oa-harbour.csv", tmp_path))
    run = imported(file, intake, *arguments)
    assert run.exit_code == 0, run.output
    assert '"reference": "H-1"' in run.output
    assert "details.amount" in run.output
    assert "流水号" in run.output
    assert "3 lines understood, 0 not; nothing was sent." in run.output
    assert intake.asked == []


def test_a_dry_run_says_what_is_not_understood(tmp_path: Path, intake: Desk) -> None:
    file = tmp_path / "requests.csv"
    file.write_text(TABLE, encoding="utf-8")
    run = imported(file, intake, "--dry-run")
    assert run.exit_code == 1
    assert "line 4: " in run.output
    assert "2 lines understood, 1 not" in run.output


def test_attachments_are_stored_before_the_rows_that_name_them(tmp_path: Path, intake: Desk) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "草案.docx").write_bytes(b"content")
    (tmp_path / "secret.txt").write_bytes(b"outside")
    digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    intake.answer(f"PUT /v1/attachments/{digest}?name=%E8%8D%89%E6%A1%88.docx", (201, STORED))
    file = tmp_path / "requests.csv"
    file.write_text(
        '单据编号,来源系统,支持类型,附件\nR-1,oa,合同评审,"草案.docx\n../secret.txt"\nR-2,oa,合同评审,草案.docx\n',
        encoding="utf-8",
    )
    run = imported(file, intake, "--attachments", str(files))
    assert run.exit_code == 0, run.output
    assert [asked.method for asked in intake.asked] == ["GET", "PUT", "POST"]
    known, unknown = sent(intake)[0]["body"]["attachments"]
    assert (known["sha256"], known["size"], unknown) == (digest, 7, {"name": "../secret.txt"})


def test_attachments_that_lines_of_json_name_are_stored_too(tmp_path: Path, intake: Desk) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a.txt", "unnamed.txt"):
        (files / name).write_bytes(b"content")
    digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    intake.answer(f"PUT /v1/attachments/{digest}?name=a.txt", (422, {"code": "macros"}))
    file = tmp_path / "requests.jsonl"
    file.write_text('{"attachments": [{"name": "a.txt"}, {"name": "../x"}, 7]}\nno json\n', encoding="utf-8")
    run = imported(file, intake, "--attachments", str(files))
    assert "2 " in run.output
    assert [asked.method for asked in intake.asked] == ["PUT", "POST"]


def test_a_result_table_holds_no_formula(tmp_path: Path, intake: Desk) -> None:
    problem = {"code": "x", "message": {"zh": "=HYPERLINK(1)", "en": "=HYPERLINK(1)"}}
    row = {
        "line": 1,
        "id": None,
        "action": "submit",
        "outcome": "refused",
        "duplicate": False,
        "number": "@x",
        "problem": problem,
    }
    intake.answer(BATCH, (200, json.dumps(row).encode() + b"\n"))
    file = tmp_path / "requests.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    imported(file, intake, "--result", str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as opened:
        header, only = csv.reader(opened)
    told = dict(zip(header, only, strict=True))
    assert (told["line"], told["why"], told["number"]) == ("1", "'=HYPERLINK(1)", "'@x")


def test_records_of_another_system_are_unwrapped_by_its_mapping(tmp_path: Path, intake: Desk) -> None:
    file, known = tmp_path / "erp.jsonl", tmp_path / "m.yaml"
    known.write_text("records: {body: value, action: headers.action}\n", encoding="utf-8")
    file.write_text('{"headers": {"action": "amend"}, "value": {"a": 1}}\n\n{"value": 5}\n{"a"\n', encoding="utf-8")
    run = imported(file, intake, "--mapping", str(known))
    assert run.exit_code == 1
    assert sent(intake) == [{"action": "amend", "body": {"a": 1}}]
    assert [(row["line"], row["outcome"]) for row in verdicts_of(file)] == [(1, "accepted"), (3, "refused"), (4, "refused")]


def test_a_line_that_is_too_long_is_refused_alone(tmp_path: Path, intake: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LONGEST_LINE", 100)
    file = tmp_path / "requests.jsonl"
    file.write_text("{}\n" + "x" * 1000 + "\n{}\n", encoding="utf-8")
    imported(file, intake)
    assert [(row["line"], row["outcome"]) for row in verdicts_of(file)] == [(1, "accepted"), (2, "refused"), (3, "accepted")]


def test_a_file_sent_again_is_sent_as_the_same_bytes(tmp_path: Path, intake: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_LINES", 2)
    file = tmp_path / "requests.csv"
    file.write_text(TABLE, encoding="utf-8")
    for _ in range(2):
        imported(file, intake)
    bodies = [asked.body for asked in intake.asked if asked.path == "/v1/requests:batch"]
    assert bodies[: len(bodies) // 2] == bodies[len(bodies) // 2 :]
