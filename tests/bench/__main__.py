"""`python -m tests.bench`: the comparison; see docs/decisions/0009."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from shared.schemas.model import Json
from tests.bench import mix
from tests.bench.backline import Backline
from tests.bench.comparison import compare
from tests.bench.ground import Finished
from tests.bench.sampling import functions, ours

TOP = 20
console = Console(width=150)


async def profile(requests: int, folder: Path, top: int) -> None:
    """Run side B once with every service sampled, and print where its CPU time went."""
    side = Backline(folder, profile=True)
    try:
        await side.start()
        await side.survey(requests)
        finished = await side.run(mix.requests(requests, side.requesters))
    finally:
        await side.stop()
    _print_cpu(finished)
    for service in ("intake", "routing", "notify", "documents"):
        _print_profile(service, orjson.loads((folder / "profiles" / f"{service}.json").read_bytes()), requests, top)


def _print_cpu(finished: Finished) -> None:
    table = Table("program", "CPU ms per request", title=f"{finished.requests} requests, {finished.rate:.1f}/s end to end")
    for name, spent in finished.cpu.items():
        table.add_row(name, f"{spent / finished.requests * 1000:.2f}")
    table.add_row("all", f"{sum(finished.cpu.values()) / finished.requests * 1000:.2f}")
    console.print(table)
    heard = ", ".join(f"{who} of {source} {many:.1f}" for (who, source), many in sorted(finished.applied.items()) if many)
    console.print(f"mails per request {finished.mails:.1f}; events applied per request: {heard}")


def _print_profile(service: str, found: Json, requests: int, top: int) -> None:
    whole = sum(spent for *_, spent in found["own"]) or 1.0
    threads = ", ".join(f"{name} {spent / requests * 1000:.2f}" for name, spent in sorted(found["threads"].items()))
    console.print(f"[bold]{service}[/bold]: sampled {whole / requests * 1000:.2f} ms per request; by thread {threads}")
    for title, rows in (("own time", functions(found["own"], top)), ("ours, with all it calls", ours(found["total"], top))):
        table = Table("function", "hottest line", "CPU ms per request", "share", title=f"{service}: {title}")
        for where, spent, line in rows:
            table.add_row(where, str(line or ""), f"{spent / requests * 1000:.3f}", f"{spent / whole:.1%}")
        console.print(table)


def main() -> int:
    """Exit status 0 only at the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="run Backline alone and print where its CPU time goes")
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--alternations", type=int, default=3)
    parser.add_argument("--top", type=int, default=TOP)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        if given.profile:
            asyncio.run(profile(given.requests, folder, given.top))
            return 0
        found = asyncio.run(compare("embedded", folder, given.requests, given.alternations))
        console.print(orjson.dumps({"embedded": found}).decode(), soft_wrap=True)
        return 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
