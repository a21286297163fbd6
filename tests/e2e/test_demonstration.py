"""The README's first command, as a test: every process killed in the middle, every count as the sample says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.stack
@pytest.mark.timeout(400)
def test_the_demonstration_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "infra.demo", "--folder", str(tmp_path / "demo")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    figures = json.loads(run.stdout.strip().splitlines()[-1])
    answered = sum(figures[name] for name in ("accepted", "returned", "rejected", "duplicates", "amended", "withdrawn"))
    assert figures["submitted"] == answered >= 60
    assert figures["lost"] == figures["twice"] == 0
    assert figures["restarted_in_flight"] >= 10
    assert figures["documents"] == len(list((tmp_path / "demo" / "delivered").glob("*.pdf"))) + len(
        list((tmp_path / "demo" / "delivered").glob("*.docx"))
    )
