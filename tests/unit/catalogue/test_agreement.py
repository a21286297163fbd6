"""The validator agrees with the sample data: the same outcome, fields, preconditions and reasons for every message."""

from typing import Any

import pytest
import yaml

from shared.catalogue import EarlierRequest, JudgingContext, judge, read_directory
from shared.schemas.people import Directory
from tests.builders import NOW, the_pack
from tests.unit.catalogue.sample_data import bodies, lines_of, sample_folder

Reference = tuple[str, str, str]


@pytest.fixture(scope="module")
def directory() -> Directory:
    raw = yaml.safe_load((sample_folder() / "directory.yaml").read_text(encoding="utf-8"))
    units, people, problems = read_directory(raw)
    assert problems == []
    return Directory().with_entries([*units, *people])


def as_expected(verdict: Any) -> dict[str, Any]:
    """A verdict in the words of expected.jsonl."""
    answer: dict[str, Any] = {"outcome": verdict.outcome}
    if verdict.outcome == "returned":
        missing = [condition.any_of for condition in verdict.preconditions if condition.state == "missing"]
        answer["fields"] = [problem.field for problem in verdict.problems]
        answer["preconditions"] = [{"any_of": list(names)} if len(names) > 1 else names[0] for names in missing]
    if verdict.outcome == "rejected":
        answer["reason"] = verdict.reason
    return answer


def wanted(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("outcome", "fields", "preconditions", "reason") if key in row}


def test_every_message_gets_the_expected_verdict(directory: Directory):
    folder = sample_folder()
    messages, expected = bodies(folder), lines_of(folder / "expected.jsonl")
    named = {_reference(row): messages[row["file"], row["line"]] for row in expected if (row["file"], row["line"]) in messages}
    wrong, checked = [], 0
    for row in expected:
        body = messages.get((row["file"], row["line"]))
        # Mails from nobody we know have no canonical form; duplicates and withdrawals are not a matter of judging.
        if body is None or row["outcome"] in {"duplicate", "withdrawn"}:
            continue
        completed = {reference: _completed(named[reference]) for reference in map(_reference, row.get("assumes_completed", []))}
        cases = [(row, completed), *([(row["otherwise"], {})] if "otherwise" in row else [])]
        for want, earlier in cases:
            context = JudgingContext(now=NOW, directory=directory, earlier=earlier)
            got = as_expected(judge(the_pack(), body, context).verdict)
            checked += 1
            if got != wanted(want):
                wrong.append((row["file"], row["line"], wanted(want), got))
    assert wrong == []
    assert checked == 168


def _reference(row: dict[str, Any]) -> Reference:
    return row["business_unit"], row["system"], row["reference"]


def _completed(body: dict[str, Any]) -> EarlierRequest:
    return EarlierRequest(type=body["type"], opportunity_id=body["opportunity"]["id"], status="completed")
