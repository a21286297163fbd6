"""`python -m tests.faults`: runs by profile, or one run again; see docs/decisions/0013. Prints a line of JSON for each run."""

import argparse
import asyncio
import json
import logging
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.embedded import ProgramError
from tests.faults.plans import Planned, plan, planned
from tests.faults.report import Results
from tests.faults.runs import PROFILES, Profile, Verdict, failed, run
from tests.faults.stand import Shape, Stand

START_ATTEMPTS = 3


async def carry_out(runs: Sequence[Planned], profile: Profile, results: Results, folder: Path, lanes: int) -> None:
    """Every run that has no result yet: those of one shape one after the other, `lanes` shapes at a time; they mostly wait."""
    shapes = dict.fromkeys(one.case.shape for one in runs)
    slots = asyncio.Semaphore(lanes)

    async def lane(number: int, shape: Shape) -> None:
        async with slots:
            due = [one for one in runs if one.case.shape == shape and not results.has(one)]
            await _on_one_stand(due, profile, results, folder / f"stand-{number}")

    await asyncio.gather(*(lane(number, shape) for number, shape in enumerate(shapes)))


async def _on_one_stand(runs: Sequence[Planned], profile: Profile, results: Results, folder: Path) -> None:
    """Runs of one shape; a stand that broke is not used again."""
    stand: Stand | None = None
    try:
        for one in runs:
            verdict, stand = await _one(stand, one, profile, folder)
            results.add(verdict)
    finally:
        if stand is not None:
            await stand.stop()


async def _one(stand: Stand | None, one: Planned, profile: Profile, folder: Path) -> tuple[Verdict, Stand | None]:
    """The verdict, and the stand if it can be used for the next run."""
    try:
        stand = stand or await _started(one.case.shape, profile, folder)
        verdict = await run(stand, one.case, one.seed, profile)
    except Exception as error:  # noqa: BLE001  # whatever broke the run is its verdict, and the next run is still to be made
        verdict = failed(one.case, one.seed, profile, f"{type(error).__name__}: {error}")
    if stand is not None and (verdict.verdict == "broken" or not verdict.requests):
        await stand.stop()
        stand.keep_logs(f"{one.case.name}-{one.seed}")
        stand = None
    return verdict, stand


async def _started(shape: Shape, profile: Profile, folder: Path) -> Stand:
    """A stand that runs; on a busy machine a first attempt may take too long, which is no verdict on anything."""
    for attempt in range(START_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        stand = Stand(folder, shape)
        try:
            await stand.start(profile.values)
        except BaseException as error:
            await stand.stop()
            if not isinstance(error, ProgramError) or attempt + 1 == START_ATTEMPTS:
                raise
        else:
            return stand
    raise AssertionError("the last attempt returns or raises")


def main() -> int:
    """Exit status 0: nothing lost, twice, inverted or doubtful and unlisted, and every control was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="short")
    parser.add_argument("--seed", type=int, default=1, help="the first seed, or with --fault the one to run again")
    parser.add_argument("--fault", nargs="+", help="these kinds of run only; --list names them")
    parser.add_argument("--runs", type=int, default=300, help="how many runs the long profile has, controls included")
    parser.add_argument("--results", type=Path, help="JSON lines of earlier runs: these are not made again")
    parser.add_argument("--folder", type=Path, default=Path("var/faults"))
    parser.add_argument("--lanes", type=int, default=2, help="how many stands run side by side")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are killed on purpose; that is no news
    profile = PROFILES[arguments.profile]
    runs = planned(arguments.fault, arguments.seed) if arguments.fault else plan(profile, arguments.seed, arguments.runs)
    if arguments.list:
        print("\n".join(sorted({one.case.name for one in runs})))
        return 0
    results = Results(arguments.results)
    asyncio.run(carry_out(runs, profile, results, arguments.folder, arguments.lanes))
    print(json.dumps(results.kills()))
    print(json.dumps(results.figures(), ensure_ascii=False))
    return 0 if results.good() else 1


if __name__ == "__main__":
    sys.exit(main())
