"""The results of runs: a line of JSON for each as it ends, kept in a file if wanted, and the sum of them all."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.plans import Planned
from tests.faults.runs import Verdict

BREACHES = ("lost", "twice", "inversions", "unlisted_doubtful")
SHOWN = 5


class Results:
    """What was found so far, in this life or, by `file`, in an earlier one."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._rows: list[dict[str, Any]] = []
        if file is not None and file.exists():
            self._rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def has(self, run: Planned) -> bool:
        """Whether that run was made already."""
        return any((row["fault"], row["seed"]) == (run.case.name, run.seed) for row in self._rows)

    def add(self, verdict: Verdict) -> None:
        """Print it, and keep it."""
        row = verdict.as_json()
        self._rows.append(row)
        shown = {name: value[:SHOWN] if name in BREACHES else value for name, value in row.items()}
        print(json.dumps(shown, ensure_ascii=False), flush=True)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")

    def kills(self) -> dict[str, int]:
        """How many service processes died, and how many of these from outside, where nothing in the code knew of it."""
        died = sum(row["figures"].get("restarts", 0) for row in self._rows)
        at_points = sum(row["figures"].get("at_points", 0) for row in self._rows if "zombie" not in row["fault"])
        return {"kills": died, "from_outside": died - at_points}

    def figures(self) -> dict[str, Any]:
        """The last line: breaches are counted over all runs but the controls."""
        runs = [row for row in self._rows if not row["control"]]
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
        """Whether there were runs, each struck by its fault, no breach in them, and no control that was missed."""
        sums = self.figures()
        struck = all(row["verdict"] != "unstruck" for row in self._rows)
        sound = not any(sums[breach] for breach in BREACHES) and sums["controls"] == sums["controls_caught"]
        return sums["runs"] > 0 and struck and sound
