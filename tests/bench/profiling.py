"""Where the services' CPU time goes under load, as tables."""

from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from shared.schemas.envelope import SOURCES
from shared.schemas.model import Json
from tests.bench import mix
from tests.bench.backline import Backline
from tests.bench.ground import Finished
from tests.bench.sampling import functions, ours

REQUESTS = 1000
DATABASE_COMMANDS = 8


async def profile(console: Console, folder: Path, requests: int, top: int) -> None:
    """Run side B once with every service sampled, and print where its CPU time went."""
    side = Backline(folder, profile=True)
    try:
        await side.start()
        await side.survey(requests)
        before = await side.database_commands()
        finished = await side.run(mix.requests(requests, side.requesters))
        commands = await side.database_commands() - before
    finally:
        await side.stop()
    _print_cpu(console, finished)
    sent = ", ".join(f"{name} {many / finished.requests:.1f}" for name, many in commands.most_common(DATABASE_COMMANDS))
    console.print(f"database commands per request: {sent}")
    for service in SOURCES:
        found = orjson.loads((folder / "profiles" / f"{service}.json").read_bytes())
        _print_profile(console, service, found, finished.requests, top)


def _print_cpu(console: Console, finished: Finished) -> None:
    title = f"{finished.requests} requests filed, {finished.taken} taken, {finished.rate:.1f}/s end to end"
    table = Table("program", "CPU ms per request", title=title)
    for name, spent in finished.cpu.items():
        table.add_row(name, f"{spent / finished.requests * 1000:.2f}")
    table.add_row("all", f"{finished.cpu_per_request * 1000:.2f}")
    console.print(table)
    heard = ", ".join(f"{who} of {source} {many:.1f}" for (who, source), many in sorted(finished.applied.items()) if many)
    console.print(f"mails per request {finished.mails:.1f}; events applied per request: {heard}")


def _print_profile(console: Console, service: str, found: Json, requests: int, top: int) -> None:
    whole = sum(spent for *_, spent in found["own"]) or 1.0
    threads = ", ".join(f"{name} {spent / requests * 1000:.2f}" for name, spent in sorted(found["threads"].items()))
    console.print(f"[bold]{service}[/bold]: sampled {whole / requests * 1000:.2f} ms per request; by thread {threads}")
    for title, rows in (("own time", functions(found["own"], top)), ("ours, with all it calls", ours(found["total"], top))):
        table = Table("function", "hottest line", "CPU ms per request", "share", title=f"{service}: {title}")
        for where, spent, line in rows:
            table.add_row(where, str(line or ""), f"{spent / requests * 1000:.3f}", f"{spent / whole:.1%}")
        console.print(table)
