"""`backline import` killed with -9 in the middle and run again from the start, before a real intake: nothing twice, nothing missing."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.builders import a_body
from tests.hostile.ground import UNIT, Ground, open_ground

LINES = 3_000
AT_LEAST = 500
"""So many are in the ledger when the command is killed: one batch of it."""


def _file(path: Path, mark: str) -> Path:
    body = a_body("tools.company", details={"items": ["brochure"], "quantity": 0})  # returned: what is counted is intake's alone
    lines = [json.dumps({**body, "source": {"system": mark, "reference": f"K-{n}"}}) for n in range(LINES)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _command(ground: Ground, file: Path, out: Path) -> list[str]:
    where = ["--unit", UNIT, "--folder", str(ground.stack.folder), "--result", str(out)]
    return [sys.executable, "-m", "infra.cli", "import", str(file), *where]


def _stored(ground: Ground, mark: str) -> Counter[str]:
    """How many requests there are of each reference, and how often each was said to be returned."""
    found: Counter[str] = Counter()
    for document in ground.collection("intake", "requests").find(
        {"state.request.source.system": mark}, {"events.type": 1, "state.request": 1}
    ):
        found[document["state"]["request"]["source"]["reference"]] += len(document["events"])
    return found


async def _killed_in_the_middle(ground: Ground, file: Path, out: Path, mark: str) -> int:
    """Start the command and kill it once some lines are in the ledger; how many are there then."""
    quiet = subprocess.DEVNULL
    run = await asyncio.create_subprocess_exec(*_command(ground, file, out), stdout=quiet, stderr=quiet)
    try:
        async with asyncio.timeout(120):
            while ground.collection("intake", "requests").count_documents({"state.request.source.system": mark}) < AT_LEAST:
                assert run.returncode is None, "the command ended before it could be killed"
                await asyncio.sleep(0.02)
    finally:
        run.kill()
        await run.wait()
    return ground.collection("intake", "requests").count_documents({"state.request.source.system": mark})


@pytest.mark.stack
@pytest.mark.timeout(600)
async def test_an_import_that_was_killed_is_run_again(tmp_path: Path) -> None:
    async with open_ground(tmp_path / "stack", services=("intake",)) as ground:
        file, out = _file(tmp_path / "first.jsonl", "killed"), tmp_path / "out.jsonl"
        there = await _killed_in_the_middle(ground, file, out, "killed")
        assert AT_LEAST <= there < LINES
        await asyncio.to_thread(subprocess.run, _command(ground, file, out), stdout=subprocess.DEVNULL, check=False)
        verdicts = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert Counter(row["outcome"] for row in verdicts) == {"returned": LINES}
        assert _stored(ground, "killed") == {f"K-{n}": 1 for n in range(LINES)}
        # The control: a file that is not run again after its kill lacks lines, and this count sees it.
        await _killed_in_the_middle(ground, _file(tmp_path / "second.jsonl", "control"), out, "control")
        assert len(_stored(ground, "control")) < LINES
