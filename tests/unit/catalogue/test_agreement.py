"""The validator agrees with the sample data: the same outcome, fields, preconditions and reasons for every message."""

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from shared.catalogue import EarlierRequest, JudgingContext, form_schema, judge, meaning, read_directory
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


def test_every_message_sent_again_means_what_it_meant_before(directory: Directory):
    folder = sample_folder()
    messages = bodies(folder)
    context = JudgingContext(now=NOW, directory=directory, earlier={})

    def meaning_of(file: str, line: int) -> str:
        return meaning(judge(the_pack(), messages[file, line], context).request)

    again = [row for row in lines_of(folder / "expected.jsonl") if row["outcome"] == "duplicate"]
    pairs = [((row["file"], row["line"]), (row["duplicate_of"]["file"], row["duplicate_of"]["line"])) for row in again]
    judgeable = [(one, other) for one, other in pairs if one in messages and other in messages]
    assert len(judgeable) == 4
    assert [one for one, other in judgeable if meaning_of(*one) != meaning_of(*other)] == []


def test_the_published_form_accepts_every_accepted_submission():
    folder = sample_folder()
    messages, refused = bodies(folder), []
    for row in lines_of(folder / "expected.jsonl"):
        body = messages.get((row["file"], row["line"]))
        if body is not None and (row["action"], row["outcome"]) == ("submit", "accepted"):
            schema = form_schema(the_pack().types[body["type"]])
            refused += [(row["file"], row["line"], error.message) for error in Draft202012Validator(schema).iter_errors(body)]
    assert refused == []


def _reference(row: dict[str, Any]) -> Reference:
    return row["business_unit"], row["system"], row["reference"]


def _completed(body: dict[str, Any]) -> EarlierRequest:
    return EarlierRequest(type=body["type"], opportunity_id=body["opportunity"]["id"], status="completed")
