"""Waiting for what other processes do, with a limit."""

import time
from collections.abc import Callable
from pathlib import Path

LIMIT_SECONDS = 60.0


def eventually(condition: Callable[[], object], seconds: float = LIMIT_SECONDS) -> bool:
    """Whether `condition` becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
