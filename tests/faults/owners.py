"""Who is at work on which record, as the processes note it themselves: never two at a time on one."""

import json
import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.faults.history import Handled

NOTES = "handled.jsonl"
NEVER = float("inf")
Place = tuple[str, int, int]


def note(folder: Path, process: str, what: str, places: Sequence[Place] = ()) -> None:
    """Say, in one write, that `process` begins or has ended its work on `places`, or that it is asked for its partitions."""
    line = json.dumps({"process": process, "what": what, "at": time.monotonic(), "places": places}) + "\n"
    with (folder / NOTES).open("ab", buffering=0) as notes:
        notes.write(line.encode())


def notes(folder: Path) -> list[Mapping[str, Any]]:
    """Everything that was noted, in its order."""
    file = folder / NOTES
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def forget(folder: Path) -> None:
    """What is noted from here on is of another run."""
    (folder / NOTES).unlink(missing_ok=True)


def handled(folder: Path) -> list[Handled]:
    """Every record that was worked on, with by whom and how long."""
    open_: dict[tuple[str, Place], float] = {}
    found: list[Handled] = []
    for one in notes(folder):
        for place in map(tuple, one["places"]):
            if one["what"] == "begin":
                open_[one["process"], place] = one["at"]
            elif (begun := open_.pop((one["process"], place), None)) is not None:
                found.append(_handled(one["process"], place, begun, one["at"]))
    return found + [_handled(process, place, begun, NEVER) for (process, place), begun in open_.items()]


def at_once(records: Sequence[Handled]) -> list[str]:
    """A sentence for each record on which two processes were at work at one time."""
    by_place: dict[Place, list[Handled]] = {}
    for one in records:
        by_place.setdefault((one.topic, one.partition, one.offset), []).append(one)
    return [
        f"{one.process} and {other.process} were both at work on {place}"
        for place, those in by_place.items()
        for one, other in combinations(those, 2)
        if one.process != other.process and one.begun < other.ended and other.begun < one.ended
    ]


def _handled(process: str, place: Place, begun: float, ended: float) -> Handled:
    topic, partition, offset = place
    return Handled(process=process, topic=topic, partition=partition, offset=offset, begun=begun, ended=ended)
