"""Where a process spends its CPU time: a sampler without dependencies, and its report.

ITIMER_PROF raises SIGPROF as the process uses CPU time; the handler gives each thread's CPU time since the last sample to
the line that thread is at. Time in C functions counts for the Python line that called them.
"""

import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import orjson

INTERVAL_SECONDS = 0.002
DEEPEST = 120
Line = tuple[str, str, int]
"""File, function, line."""


class Sampler:
    """Counts CPU seconds by line (`own`) and by function on the stack (`total`)."""

    def __init__(self) -> None:
        self._own: dict[tuple[CodeType, int], float] = defaultdict(float)
        self._total: dict[CodeType, float] = defaultdict(float)
        self._threads: dict[str, float] = defaultdict(float)
        self._clocks: dict[int, float] = {}

    def start(self) -> None:
        """Begin anew."""
        for counter in (self._own, self._total, self._threads):
            counter.clear()
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def write(self, file: Path) -> None:
        """Stop, and write the counts as JSON."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        own = [[code.co_filename, code.co_qualname, line, spent] for (code, line), spent in self._own.items()]
        total = [[code.co_filename, code.co_qualname, 0, spent] for code, spent in self._total.items()]
        file.write_bytes(orjson.dumps({"own": own, "total": total, "threads": dict(self._threads)}))

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        main = threading.main_thread().ident
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, top in sys._current_frames().items():
            spent = self._spent(ident)
            if spent <= 0.0:
                continue
            at = frame if ident == main and frame is not None else top
            self._threads[_group(str(names.get(ident, "?")), main=ident == main)] += spent
            self._count(at, spent)

    def _count(self, frame: FrameType, spent: float) -> None:
        self._own[(frame.f_code, frame.f_lineno)] += spent
        seen: set[CodeType] = set()
        at: FrameType | None = frame
        while at is not None and len(seen) < DEEPEST:
            seen.add(at.f_code)
            at = at.f_back
        for code in seen:
            self._total[code] += spent

    def _spent(self, ident: int) -> float:
        """CPU seconds of a thread since it was last asked about; 0 for the first time."""
        try:
            now = time.clock_gettime(time.pthread_getcpuclockid(ident))
        except (OSError, OverflowError):
            return 0.0
        before, self._clocks[ident] = self._clocks.get(ident, now), now
        return now - before


def _group(name: str, *, main: bool) -> str:
    if main:
        return "main"
    return "database calls" if name.startswith("ThreadPoolExecutor") else "others"


def functions(own: list[list[Any]], most: int) -> list[tuple[str, float, int]]:
    """The `most` functions with most time of their own: (where, seconds, hottest line)."""
    spent: dict[tuple[str, str], float] = defaultdict(float)
    hottest: dict[tuple[str, str], tuple[float, int]] = {}
    for file, function, line, seconds in own:
        spent[(file, function)] += seconds
        hottest[(file, function)] = max(hottest.get((file, function), (0.0, 0)), (seconds, line))
    most_spent = sorted(spent.items(), key=lambda entry: -entry[1])[:most]
    return [(f"{_short(file)}:{name}", seconds, hottest[(file, name)][1]) for (file, name), seconds in most_spent]


def ours(total: list[list[Any]], most: int, below: float = 0.9) -> list[tuple[str, float, int]]:
    """The `most` costly of the project's own functions with all they call; those on every stack say nothing and are left out."""
    top = max((spent for *_, spent in total), default=0.0)
    own = [row for row in total if _is_ours(row[0]) and row[3] < top * below]
    return functions(own, most)


def _is_ours(file: str) -> bool:
    return "site-packages" not in file and ("/shared/" in file or "/services/" in file)


def _short(file: str) -> str:
    for marker in ("/site-packages/", "/lib/python3.11/", "/lib/python3.12/", "/lib/python3.13/"):
        if marker in file:
            return file.rsplit(marker, maxsplit=1)[-1]
    return "/".join(Path(file).parts[-3:])
