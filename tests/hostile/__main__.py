"""`python -m tests.hostile`: every hostile case on a stack of its own, and what became of it. The last line is JSON.

Exit status 1 when anything came out otherwise than it should, or something does not hold afterwards.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from rich.console import Console

from tests.hostile import aftermath, papers, strings
from tests.hostile.ground import Ground, open_ground
from tests.hostile.running import run
from tests.hostile.table import Results, all_cases, selection, show, surprises, totals


async def tried(ground: Ground, cases: list) -> tuple[Results, list[str]]:
    """What became of `cases`, and what does not hold afterwards."""
    known = {document["_id"] for document in ground.collection("intake", "requests").find({}, {"_id": 1})}
    results = await run(ground, cases)
    ends = [request for case, seen in results if case.finished for request in seen.requests]
    await papers.finished(ground, ends)
    await aftermath.settled(ground)
    return results, [*await aftermath.faults(ground, results, known=known), *await on_paper(ground, results)]


async def on_paper(ground: Ground, results: Results) -> list[str]:
    """Faults of the documents of requests that were driven to their end; there is one of each at least."""
    found = []
    for case, seen in results:
        for request in seen.requests if case.finished else ():
            made = await papers.texts(ground, request)
            if not made:
                found.append(f"{case.name} has no document")
            wanted = strings.TEMPLATES["braces"] if case.group == "every template at once" else ""
            whole = "\n".join(text for _, text in made)
            found += papers.faults(case.name, whole, wanted if made and "tools" not in case.name else "")
    return found


async def main(*, small: bool, folder: Path) -> int:
    """Run, show, and say how it went."""
    console = Console(width=200)
    async with open_ground(folder / "stack") as ground:
        results, faults = await tried(ground, selection() if small else all_cases())
    show(results, console)
    wrong = surprises(results)
    for sentence in [*wrong, *faults]:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    print(json.dumps({**totals(results), "surprises": len(wrong) + len(faults)}))
    return 1 if wrong or faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the selection that is tried with every change")
    parser.add_argument("--folder", type=Path, help="where the stack's data are kept; a temporary folder if not said")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        raise SystemExit(asyncio.run(main(small=given.small, folder=given.folder or Path(temporary))))
