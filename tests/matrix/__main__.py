"""`python -m tests.matrix`: the realistic data on every channel; type × channel × verdict, and every disagreement.

Exit status 1 when a message was answered otherwise than expected, 2 when the data are not beside the repository.
"""

import asyncio
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from tests.hostile.ground import CLOCK, Ground, PatientStack
from tests.matrix import channels
from tests.matrix.comparing import DATA, Result

CHANNELS = ("HTTP", "topic", "CSV", "XLSX", "mail")
VERDICTS = ("accepted", "returned", "rejected", "duplicate", "withdrawn")


async def results(folder: Path) -> list[Result]:
    """Every message of the data on its channel."""
    stack = PatientStack(folder / "stack", clock=CLOCK, say=lambda _text: None)
    found: list[Result] = []
    try:
        await stack.start()
        async with httpx.AsyncClient(timeout=60) as client:
            ground = Ground(stack, client)
            await ground.front.employ((DATA / "directory.yaml").read_bytes())
            await ground.front.enclose(DATA)
            for given in (
                channels.over_http(ground),
                channels.over_topic(ground),
                channels.over_files(ground, folder),
                channels.over_mail(ground),
            ):
                found += [result async for result in given]
            ground.mongo.close()
    finally:
        await stack.stop()
    return found


def show(found: list[Result], console: Console) -> None:
    """The matrix: of each type and channel how many got which verdict; then what differs."""
    table = Table(title=f"{len(found)} messages: type × channel × verdict", title_justify="left")
    for heading in ("type", *CHANNELS, "agree"):
        table.add_column(heading)
    for kind in sorted({result.type for result in found}):
        own = [result for result in found if result.type == kind]
        cells = [", ".join(f"{number} {verdict}" for verdict, number in _verdicts(own, channel).items()) for channel in CHANNELS]
        table.add_row(kind, *cells, f"{sum(result.agrees for result in own)} of {len(own)}")
    console.print(table)
    for result in found:
        if not result.agrees:
            place = f"{result.channel} {result.file}:{result.line} ({result.type})"
            console.print(f"{place}: expected {result.expected}, told {result.told}", markup=False, soft_wrap=True)


def _verdicts(own: list[Result], channel: str) -> Counter[str]:
    return Counter(result.told["outcome"] for result in own if result.channel == channel)


def totals(found: list[Result]) -> dict[str, object]:
    """The last line."""
    by_channel = {channel: sum(1 for result in found if result.channel == channel) for channel in CHANNELS}
    by_verdict = Counter(result.told["outcome"] for result in found)
    return {"messages": len(found), "by_channel": by_channel, "by_verdict": by_verdict, "agree": sum(one.agrees for one in found)}


def main() -> int:
    """Run, show, and say how it went."""
    if not DATA.exists():
        print("THE REALISTIC DATA ARE NOT BESIDE THE REPOSITORY: nothing of them was tried", file=sys.stderr)
        print(json.dumps({"messages": 0, "missing": True}))
        return 2
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(results(Path(folder)))
    show(found, Console(width=200))
    print(json.dumps(totals(found)))
    return 0 if all(result.agrees for result in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
