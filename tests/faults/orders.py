"""What the proving ground tells one service process: where to die, and which protections to do without.

The orders lie in a file named after the process's port; the process reads them when it starts and again at SIGUSR1.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

FOLDER = "FAULTS_FOLDER"
REACHED = "reached.jsonl"


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Die at `point` the `nth` time it is reached, or only freeze there (`frozen`), as SIGSTOP would have it.

    The next batch that is read takes `slow` seconds more to handle; every one is `noted` while it is handled. A process that is
    `held` joins no group as long as it is. `without` names protections; `values` changes figures such as time-outs.
    """

    point: str | None = None
    nth: int = 1
    frozen: bool = False
    slow: float = 0.0
    noted: bool = False
    held: bool = False
    without: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)


def file_of(folder: Path, port: int | str) -> Path:
    """Where the orders of the process on `port` lie."""
    return folder / f"orders-{port}.json"


def give(folder: Path, port: int, orders: Orders) -> None:
    """Put orders down, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = file_of(folder, port).with_suffix(".draft")
    draft.write_text(json.dumps(asdict(orders)), encoding="utf-8")
    draft.replace(file_of(folder, port))


def read(folder: Path, port: int | str) -> Orders:
    """The orders that lie there; none: nothing is ordered."""
    file = file_of(folder, port)
    if not file.exists():
        return Orders()
    found = json.loads(file.read_text(encoding="utf-8"))
    return Orders(**{**found, "without": tuple(found["without"])})


def note_arrival(folder: Path, process: str, point: str) -> None:
    """Say that the process is where it was told to end, in one write, right before it does."""
    line = json.dumps({"process": process, "pid": os.getpid(), "point": point}) + "\n"
    with (folder / REACHED).open("ab", buffering=0) as notes:
        notes.write(line.encode())
