"""`python -m tests.hostile.feeding`: an import of 100,000 lines into a real intake; lines a second, peak memory of both.

Only intake runs: what is measured is that every line is judged, kept and answered. The last line is the result as JSON.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from tests.bench.feeding import measured
from tests.builders import a_body
from tests.hostile.ground import open_ground


def requests(path: Path, number: int) -> Path:
    """Good requests for material, each its own."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(number):
            file.write(json.dumps(a_body("tools.company", source={"system": "feeding", "reference": f"R-{n}"})) + "\n")
    return path


def peak_mib(process: int | None) -> int:
    """The most that a process has held so far."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) // 1024


async def main(lines: int) -> dict[str, float]:
    """Import them, and count what is in the ledger."""
    with tempfile.TemporaryDirectory() as name:
        async with open_ground(Path(name) / "stack", services=("intake",)) as ground:
            file = requests(Path(name) / "requests.jsonl", lines)
            figures = await asyncio.to_thread(measured, file, ground.stack.folder)
            kept = ground.collection("intake", "requests").count_documents({"state.request.source.system": "feeding"})
            return {**figures, "kept": kept, "intake_peak_mib": peak_mib(ground.stack.services["intake-1"].pid)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    print(json.dumps(asyncio.run(main(parser.parse_args().lines))))
