"""Progress is a bar on a terminal, and lines anywhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = """
from infra.commands.progress import progress
with progress("importing", 40) as shown:
    shown.by(30)
    shown.by(10)
"""


def test_on_a_terminal_it_is_a_bar() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, env=environment, stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "━" in shown
    assert "40/40" in shown


def test_off_a_terminal_it_is_a_line_for_each_page() -> None:
    ran = subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stderr == "importing: 30 of 40\nimporting: 40 of 40\n"
