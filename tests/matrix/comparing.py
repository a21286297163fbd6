"""What was expected of each realistic message, in the words of expected.jsonl, and whether an answer is that. Pure."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
Row = dict[str, Any]
COMPARED = ("outcome", "fields", "preconditions", "reason")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One message on one channel: what was expected, what was told; `why` explains a difference."""

    channel: str
    file: str
    line: int
    type: str
    expected: Row
    told: Row

    @property
    def agrees(self) -> bool:
        """Whether it was answered as expected."""
        return self.expected == self.told


def lines(name: str) -> list[Row]:
    """The objects of one of the data's files, a line each."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def expected_of(file: str) -> list[Row]:
    """The rows of expected.jsonl about `file`, in their order."""
    return [row for row in lines("expected.jsonl") if row["file"] == file]


def wanted(row: Row, *, completed: bool = True) -> Row:
    """What is to come of a row's message; of one that assumes completed surveys, whether they were."""
    whole = row if completed else {**row, **row.get("otherwise", {})}
    return {key: whole[key] for key in COMPARED if key in whole}


def told(answer: Row) -> Row:
    """An answer in the words of expected.jsonl."""
    verdict = answer.get("verdict") or {}
    if answer["duplicate"] and answer["outcome"] not in {"returned", "rejected"}:
        return {"outcome": "duplicate"}
    said: Row = {"outcome": answer["outcome"]}
    if answer["outcome"] == "returned":
        missing = [entry["any_of"] for entry in verdict["preconditions"] if entry["state"] == "missing"]
        said["fields"] = [problem["field"] for problem in verdict["problems"]]
        said["preconditions"] = [{"any_of": names} if len(names) > 1 else names[0] for names in missing]
    if answer["outcome"] == "rejected":
        said["reason"] = verdict["reason"]
    if answer["outcome"] == "refused":
        said["reason"] = answer["problem"]["code"]
    return said
