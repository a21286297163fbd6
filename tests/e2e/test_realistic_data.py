"""The realistic requests beside the repository, through the running stack, held against their expected outcomes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.stack import Stack
from tests.e2e.front import Front

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
Row = dict[str, Any]


def _lines(name: str) -> list[Row]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def _messages() -> list[tuple[str, int, str, Row]]:
    """(file, line, action, body) of everything in the shape of a request: mails and rows as what they mean."""
    crm = [
        ("requests/crm-east.jsonl", n, row["action"], row["body"]) for n, row in enumerate(_lines("requests/crm-east.jsonl"), 1)
    ]
    erp = [
        ("requests/erp-north.jsonl", n, row["headers"]["action"], row["value"])
        for n, row in enumerate(_lines("requests/erp-north.jsonl"), 1)
    ]
    actions = {(row["file"], row["line"]): row["action"] for row in _lines("expected.jsonl")}
    others = [
        (row["file"], row["line"], actions.get((row["file"], row["line"]), "submit"), row["request"])
        for row in _lines("requests/canonical.jsonl")
    ]
    return crm + erp + others


def _agrees(expected: Row, answer: Row) -> bool:
    outcome = "duplicate" if answer["duplicate"] else answer["outcome"]
    if outcome != expected["outcome"]:
        return False
    verdict = answer.get("verdict") or {}
    if outcome == "rejected":
        return bool(verdict["reason"] == expected["reason"])
    if outcome == "returned":
        fields = [problem["field"] for problem in verdict["problems"]]
        missing = [entry["any_of"] for entry in verdict["preconditions"] if entry["state"] == "missing"]
        wanted = [entry["any_of"] if isinstance(entry, dict) else [entry] for entry in expected["preconditions"]]
        return fields == expected["fields"] and missing == wanted
    return True


@pytest.mark.stack
@pytest.mark.timeout(300)
@pytest.mark.skipif(not DATA.exists(), reason="THE REALISTIC DATA ARE NOT BESIDE THE REPOSITORY: nothing of them was tried")
async def test_every_realistic_message_gets_the_expected_answer(stack: Stack) -> None:
    expected = {(row["file"], row["line"]): row for row in _lines("expected.jsonl")}
    agreeing: Counter[str] = Counter()
    differing: list[str] = []
    async with httpx.AsyncClient(timeout=30) as client:
        front = Front(stack, client)
        await front.employ((DATA / "directory.yaml").read_bytes())
        await front.enclose(DATA)
        for file, line, action, body in _messages():
            wanted = expected[file, line]
            for reference in wanted.get("assumes_completed", ()):
                await front.complete(reference)
            answer = await front.send(action, body)
            if _agrees(wanted, answer):
                agreeing[file.split("/")[1]] += 1
            else:
                differing.append(
                    f"{file}:{line} expected {wanted['outcome']}, got {json.dumps(answer, ensure_ascii=False)[:300]}"
                )
    print(f"\n{sum(agreeing.values())} of {len(_messages())} realistic messages agree: {dict(agreeing)}")
    assert not differing, "\n".join(differing)
