"""The results of runs: a line of JSON for each as it ends, kept in a file if wanted, and the sum of them all."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.cases import Profile
from tests.faults.plans import Planned
from tests.faults.points import OF_SERVICE
from tests.faults.runs import Verdict

BREACHES = ("lost", "twice", "inversions", "unlisted_doubtful")
SHOWS_NOTHING = ("unstruck", "slow")
SHOWN = 5
LEAST_FROM_OUTSIDE = 0.3
GRID_TURNS = 7


class Results:
    """What was found so far, in this life or, by `file`, in an earlier one."""

    def __init__(self, file: Path | None, commit: str = "") -> None:
        self._file = file
        self._commit = commit
        self._rows: list[dict[str, Any]] = []
        if file is not None and file.exists():
            whole, _, rest = file.read_bytes().rpartition(b"\n")
            self._rows = [row for row in map(json.loads, whole.splitlines()) if row.get("commit") == commit]
            if rest:  # killed while it wrote: that run has no result
                os.truncate(file, len(whole) + 1 if whole else 0)

    def has(self, run: Planned, profile: Profile) -> bool:
        """Whether that run was made already, with these figures and this code."""
        made = (run.case.name, run.seed, profile.name)
        return any((row["fault"], row["seed"], row["profile"]) == made for row in self._rows)

    def add(self, verdict: Verdict) -> None:
        """Print it, and keep it."""
        row = {**verdict.as_json(), "commit": self._commit}
        self._rows.append(row)
        shown = {name: value[:SHOWN] if name in BREACHES else value for name, value in row.items()}
        print(json.dumps(shown, ensure_ascii=False), flush=True)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab", buffering=0) as lines:
                lines.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
                os.fsync(lines.fileno())

    def kills(self) -> dict[str, int]:
        """How many service processes were killed, and how many of these from outside, where nothing in the code knew of it; and how
        many ended by themselves, or when they were asked to."""
        died = sum(row["figures"].get("restarts", 0) for row in self._rows)
        exits = sum(row["figures"].get("exits", 0) for row in self._rows)
        at_points = sum(row["figures"].get("at_points", 0) for row in self._rows if "zombie" not in row["fault"])
        return {"kills": died - exits, "from_outside": died - exits - at_points, "exits": exits}

    def unreached(self) -> list[str]:
        """The points of the grid at which no process died, once every turn of it was made."""
        grid = [row for row in self._rows if row["fault"].startswith("kill_grid_")]
        reached = {point for row in grid for point in row["figures"].get("points", ())}
        every = [f"{service} {point}" for service, points in OF_SERVICE.items() for point in points]
        return (
            [point for point in every if point not in reached]
            if len({row["fault"].partition("@")[0] for row in grid}) >= GRID_TURNS
            else []
        )

    def aside(self) -> dict[str, Any]:
        """The line before the last: what is no breach and still no success, and the kills."""
        words = Counter(row["verdict"] for row in self._rows)
        return {**self.kills(), "unreached": self.unreached(), **{word: words[word] for word in SHOWS_NOTHING}}

    def figures(self) -> dict[str, Any]:
        """The last line: breaches are counted over all runs but the controls. A run whose fault never struck is none."""
        runs = [row for row in self._rows if not row["control"] and row["verdict"] != "unstruck"]
        controls = [row for row in self._rows if row["control"]]
        return {
            "runs": len(runs),
            **{breach: sum(len(row[breach]) for row in runs) for breach in BREACHES},
            "controls": len(controls),
            "controls_caught": sum(row["verdict"] == "caught" for row in controls),
            "unknown": sum(row["unknown"] for row in runs),
            "by_broker": dict(Counter(row["broker"] for row in self._rows)),
            "seeds": sorted({row["seed"] for row in self._rows}),
        }

    def good(self) -> bool:
        """Whether there were runs, each struck by its fault and none too slow, no breach in them, and no control that was missed.

        Where processes were killed at points and from outside, the latter must be some three in ten at least.
        """
        sums = self.figures()
        struck = not any(row["verdict"] in SHOWS_NOTHING for row in self._rows)
        sound = not any(sums[breach] for breach in BREACHES) and sums["controls"] == sums["controls_caught"]
        return sums["runs"] > 0 and struck and sound and self._balanced()

    def _balanced(self) -> bool:
        faults, kills = {row["fault"].rsplit("_", 1)[0] for row in self._rows}, self.kills()
        return not faults >= {"kill_grid", "kill_outside"} or kills["from_outside"] >= LEAST_FROM_OUTSIDE * kills["kills"]
