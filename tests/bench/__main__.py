"""`python -m tests.bench`: how fast Backline is beside a bare loop; docs/decisions/0014 says how the comparison is made fair.

The last line is the result as JSON; the exit status is 0 only at the targets (tests/bench/targets.py).
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from infra.brokers import BrokerKind
from infra.kafka import lacking
from shared.schemas.model import Json
from tests.bench import alone, ceilings, figures, growth, profiling, showing, yardstick
from tests.bench.comparison import compare
from tests.bench.outage import outage
from tests.commit import commit

PICTURE = Path("var/bench/bench.png")
console = Console(width=150)


async def measure(folder: Path, given: argparse.Namespace) -> Json:
    """The whole result."""
    result: Json = dict.fromkeys(figures.BROKERS)
    for broker in _brokers(given.brokers):
        found = await compare(broker, folder / broker, given.alternations, given.requests)
        found |= await outage(broker, folder / f"{broker}-outage", found["end_to_end_per_second"])
        result[broker] = found
        print(figures.last_line({broker: found}), flush=True)
    result["ratio"] = figures.smaller_ratio(result)
    idle = [result[broker].pop("idle_mb") for broker in figures.BROKERS if result[broker]]
    result |= await alone.measure(folder)
    result["ceilings"] = {
        "sink_mails_per_second": result.pop("sink_mails_per_second"),
        **await ceilings.load_generator(folder / "load"),
    }
    result["idle_mb"] = {name: max(used[name] for used in idle) for name in idle[0]} if idle else {}
    if given.long:
        result["growth"] = await growth.growth(folder / "growth")
    return {**result, "cores": os.cpu_count(), "commit": commit()}


async def _growth(folder: Path, levels: list[int]) -> int:
    """How cost grows, and nothing else; the exit status."""
    found = await growth.growth(folder, levels or growth.LEVELS)
    showing.print_growth(console, found)
    missed = figures.missed_by_growth(found)
    for sentence in missed:
        console.print(f"[red]missed[/red]: {sentence}")
    print(figures.last_line({"growth": found, "cores": os.cpu_count(), "commit": commit()}))
    return 1 if missed else 0


def _brokers(wanted: str) -> list[BrokerKind]:
    chosen: list[BrokerKind] = [broker for broker in ("embedded", "kafka") if wanted in {broker, "both"}]
    if "kafka" in chosen and (why := lacking()):
        console.print(f"[bold red]APACHE KAFKA IS NOT MEASURED: {why}[/bold red]")
        chosen.remove("kafka")
    return chosen


def main() -> int:
    """Exit status 0 only at the targets."""
    given = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        if given.profile:
            asyncio.run(profiling.profile(console, folder, given.requests or profiling.REQUESTS, given.top))
            return 0
        if given.yardstick:
            return asyncio.run(yardstick.side_by_side(console, folder, given.yardstick))
        if given.growth is not None:
            return asyncio.run(_growth(folder, given.growth))
        result = asyncio.run(measure(folder, given))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    showing.print_table(console, result)
    showing.draw(result, PICTURE)
    console.print(f"picture: {PICTURE}")
    missed = figures.missed(result)
    for sentence in missed:
        console.print(f"[red]missed[/red]: {sentence}")
    print(figures.last_line(result))
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", choices=("embedded", "kafka", "both"), default="both")
    parser.add_argument("--alternations", type=int, default=3)
    parser.add_argument("--requests", type=int, help="a run; as many as take a while when not given")
    parser.add_argument("--long", action="store_true", help="also how cost grows with requests, routing processes and people")
    parser.add_argument(
        "--growth",
        type=int,
        nargs="*",
        metavar="REQUESTS",
        help="only how cost grows, from the first to the last of these numbers of requests (else: from ten thousand to a million)",
    )
    parser.add_argument("--profile", action="store_true", help="run Backline alone and print where its CPU time goes")
    parser.add_argument("--top", type=int, default=20, help="how many functions of each service a profile names")
    parser.add_argument("--yardstick", type=_folder, help="folder of another bare loop to run beside ours (intake.py, stages.py)")
    return parser.parse_args()


def _folder(given: str) -> Path:
    return Path(given).absolute()


if __name__ == "__main__":
    sys.exit(main())
