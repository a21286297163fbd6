"""`python -m tests.faults`: runs by profile, or one run again; see docs/decisions/0013. Prints a line of JSON for each run."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from tests.commit import commit
from tests.faults.cases import PROFILES
from tests.faults.lanes import Lanes
from tests.faults.plans import plan, planned
from tests.faults.report import Results

STOPPED = 3
SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def until_told(lanes: Lanes) -> bool:
    """Carry everything out; False if a signal came first, with everything ended that ran."""
    working = asyncio.ensure_future(lanes.carry_out())
    told = asyncio.Event()

    def stop() -> None:
        told.set()
        working.cancel()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.wait([working])
    if not working.cancelled():
        working.result()
    return not told.is_set()


def parsed() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="short")
    parser.add_argument("--seed", type=int, default=1, help="the first seed, or with --fault the one to run again")
    parser.add_argument("--fault", nargs="+", help="these kinds of run only; --list names them")
    parser.add_argument("--runs", type=int, default=300, help="how many runs the long profile has at least, controls included")
    parser.add_argument("--results", type=Path, help="JSON lines of earlier runs: those of this commit are not made again")
    parser.add_argument("--folder", type=Path, default=Path("var/faults"))
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="how many runs go on side by side")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Exit status 0: nothing lost, twice, inverted or doubtful and unlisted, nothing slow, and every control was caught.

    3: it was stopped; what has a result in the file of results is not made again.
    """
    arguments = parsed()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are killed on purpose; that is no news
    profile = PROFILES[arguments.profile]
    runs = planned(arguments.fault, arguments.seed) if arguments.fault else plan(profile, arguments.seed, arguments.runs)
    if arguments.list:
        print("\n".join(sorted({one.case.name for one in runs})))
        return 0
    results = Results(arguments.results, commit())
    lanes = Lanes(runs, profile, results, arguments.folder, arguments.jobs)
    if not asyncio.run(until_told(lanes)):
        again = "the same command goes on from here" if arguments.results else "without --results it begins anew"
        print(f"Stopped; {again}.", file=sys.stderr)
        return STOPPED
    print(json.dumps(results.aside()))
    print(json.dumps(results.figures(), ensure_ascii=False))
    return 0 if results.good() else 1


if __name__ == "__main__":
    sys.exit(main())
