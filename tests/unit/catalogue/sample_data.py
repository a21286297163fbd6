"""The team's sample messages beside the repository, for the tests that replay them."""

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def sample_folder() -> Path:
    """Where the sample data lies; skips the test, and says so, when it is not there."""
    if not (DATA / "expected.jsonl").is_file():
        pytest.skip("SAMPLE DATA ABSENT: ../shared/data is not beside the repository; agreement with it was NOT checked")
    return DATA


def lines_of(path: Path) -> list[Any]:
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def bodies(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Every message that is a request, by (file, line): HTTP and Kafka as sent, CSV rows and mails as they are meant."""
    found = {(row["file"], row["line"]): row["request"] for row in lines_of(folder / "requests" / "canonical.jsonl")}
    for file, key in (("requests/crm-east.jsonl", "body"), ("requests/erp-north.jsonl", "value")):
        found |= {(file, number): row[key] for number, row in enumerate(lines_of(folder / file), start=1)}
    return found
