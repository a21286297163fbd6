"""The realistic files beside the repository, imported as they are by the command, held against their expected outcomes."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.stack import Stack
from tests.e2e.front import Front

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
Row = dict[str, Any]
KAFKA_RECORDS = "records: {body: value, action: headers.action}\n"


def _lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _enclosed(folder: Path) -> Path:
    """The attachments under the names that requests give them."""
    folder.mkdir()
    for known in json.loads((DATA / "attachments" / "index.json").read_text(encoding="utf-8")).values():
        (folder / known["name"]).symlink_to(DATA / known["path"])
    return folder


def _expected(file: str) -> dict[int, Row]:
    """What is expected of each line when no survey was completed in between."""
    rows = [row for row in _lines(DATA / "expected.jsonl") if row["file"] == file]
    return {row["line"]: {**row, **row.get("otherwise", {})} for row in rows}


def _told(row: Row) -> Row:
    """A verdict in the words of expected.jsonl."""
    verdict = row.get("verdict") or {}
    if row["duplicate"] and row["outcome"] not in {"returned", "rejected"}:
        return {"outcome": "duplicate"}
    told: Row = {"outcome": row["outcome"]}
    if row["outcome"] == "returned":
        missing = [entry["any_of"] for entry in verdict["preconditions"] if entry["state"] == "missing"]
        told["fields"] = [problem["field"] for problem in verdict["problems"]]
        told["preconditions"] = [{"any_of": names} if len(names) > 1 else names[0] for names in missing]
    if row["outcome"] == "rejected":
        told["reason"] = verdict["reason"]
    if row["outcome"] == "refused":
        told["code"] = row["problem"]["code"]
    return told


def _differences(verdicts: list[Row], expected: dict[int, Row]) -> Iterator[str]:
    assert len(verdicts) == len(expected)
    for row in verdicts:
        line = row.get("record", row["line"])
        wanted = {key: expected[line][key] for key in ("outcome", "fields", "preconditions", "reason") if key in expected[line]}
        if (got := _told(row)) != wanted:
            yield f"line {line} ({expected[line]['action']}): expected {wanted}, got {got}"


@pytest.mark.stack
@pytest.mark.timeout(300)
@pytest.mark.skipif(not DATA.exists(), reason="THE REALISTIC DATA ARE NOT BESIDE THE REPOSITORY: none of the files was imported")
async def test_every_realistic_file_gets_the_expected_verdicts(stack: Stack, tmp_path: Path) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        await Front(stack, client).employ((DATA / "directory.yaml").read_bytes())
    wrapped = tmp_path / "kafka.mapping.yaml"
    wrapped.write_text(KAFKA_RECORDS, encoding="utf-8")
    files = ("--attachments", str(_enclosed(tmp_path / "files")))
    oa = ("--mapping", str(DATA / "requests" / "oa-south.mapping.yaml"), *files)

    async def imported(file: str, unit: str, *more: str) -> list[Row]:
        out = tmp_path / f"{file}.verdicts.jsonl"
        arguments = [
            str(DATA / "requests" / file),
            "--unit",
            unit,
            "--folder",
            str(tmp_path / "stack"),
            "--result",
            str(out),
            *more,
        ]
        run = await asyncio.to_thread(CliRunner().invoke, app, ["import", *arguments])
        assert out.exists(), run.output
        return _lines(out)

    differing: list[str] = []
    first = await imported("oa-south.csv", "south", *oa)
    others = [
        ("oa-south.csv", first),
        ("crm-east.jsonl", await imported("crm-east.jsonl", "east", *files)),
        ("erp-north.jsonl", await imported("erp-north.jsonl", "north", "--mapping", str(wrapped), *files)),
    ]
    for file, verdicts in others:
        found = list(_differences(verdicts, _expected(f"requests/{file}")))
        print(f"{file}: {len(verdicts) - len(found)} of {len(verdicts)} lines agree")
        differing += [f"{file}: {difference}" for difference in found]
    assert not differing, "\n".join(differing)
    again = await imported("oa-south.xlsx", "south", *oa)
    assert [(row["record"], row["id"], _told(row)) for row in again] == [(row["record"], row["id"], _told(row)) for row in first]
