"""Which run is made when: several side by side, each on a stand of its own with its own folder and ports.

A stand stays for the runs of its shape. Runs mostly wait, for what is away to come back and for time-outs, so that two hardly
disturb each other; but of stands with several brokers or databases there is one at a time.
"""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from infra.embedded import ProgramError
from tests.faults.cases import Profile
from tests.faults.plans import Planned
from tests.faults.report import Results
from tests.faults.runs import Verdict, failed, run
from tests.faults.stand import Shape, Stand

START_ATTEMPTS = 3
START_SECONDS = 12.0
"""About what a stand takes to start: less work than that is not worth another."""


def chosen(due: Sequence[Planned], mine: Shape | None, others: Sequence[Shape]) -> Planned | None:
    """What a lane does next that has a stand of shape `mine`, while `others` have theirs; None when it is not needed any more.

    The longest work first, so that all lanes end at about the same time: what is left of a shape, and of it the longest run,
    runs before controls, whose stands need a longer start.
    """
    left: dict[Shape, float] = defaultdict(float)
    for one in due:
        left[one.case.shape] += one.case.expected
    if mine not in left:
        crowded = any(_heavy(shape) for shape in others)
        free = {shape: seconds for shape, seconds in left.items() if not (crowded and _heavy(shape))}
        untaken = {shape: seconds for shape, seconds in free.items() if shape not in others}
        worth = untaken or {shape: seconds for shape, seconds in free.items() if seconds > START_SECONDS}
        if not worth:
            return None
        mine = max(worth, key=lambda shape: worth[shape])
    ours = [one for one in due if one.case.shape == mine]
    return min(ours, key=lambda one: (bool(one.case.without), -one.case.expected))


def _heavy(shape: Shape) -> bool:
    return shape.brokers > 1 or shape.members > 1


class Lanes:
    """`number` lanes on which all of `runs` that have no result yet are made."""

    def __init__(self, runs: Sequence[Planned], profile: Profile, results: Results, folder: Path, number: int) -> None:
        self._due = [one for one in runs if not results.has(one, profile)]
        self._profile = profile
        self._results = results
        self._folder = folder
        self._number = number
        self._shapes: dict[int, Shape] = {}

    async def carry_out(self) -> None:
        """Make every run. Cancelled, it ends all that runs; what was under way has no result then."""
        async with asyncio.TaskGroup() as lanes:
            for number in range(self._number):
                lanes.create_task(self._lane(number))

    @property
    def left(self) -> int:
        """How many runs were not begun."""
        return len(self._due)

    async def _lane(self, number: int) -> None:
        """One run after the other; a stand that broke is not used again, nor one whose shape is not wanted any more."""
        stand: Stand | None = None
        try:
            while (one := self._next(number, stand)) is not None:
                if stand is not None and stand.shape != one.case.shape:
                    await stand.stop()
                    stand = None
                verdict, stand = await self._one(stand, one, self._folder / f"stand-{number}")
                self._results.add(verdict)
        finally:
            self._shapes.pop(number, None)
            if stand is not None:
                await stand.stop()

    def _next(self, number: int, stand: Stand | None) -> Planned | None:
        others = [shape for lane, shape in self._shapes.items() if lane != number]
        one = chosen(self._due, stand.shape if stand is not None else self._shapes.get(number), others)
        if one is not None:
            self._due.remove(one)
            self._shapes[number] = one.case.shape
        return one

    async def _one(self, stand: Stand | None, one: Planned, folder: Path) -> tuple[Verdict, Stand | None]:
        """The verdict, and the stand if it can be used for the next run."""
        started = stand
        try:
            started = started or await self._started(one.case.shape, folder)
            verdict = await run(started, one.case, one.seed, self._profile)
        except Exception as error:  # noqa: BLE001  # whatever broke the run is its verdict, and the next run is still to be made
            verdict = failed(one.case, one.seed, self._profile, f"{type(error).__name__}: {error}")
        except BaseException:
            if started is not None and started is not stand:
                await started.stop()
            raise
        if started is not None and (verdict.verdict == "broken" or not verdict.requests):
            await started.stop()
            started.keep_logs(f"{one.case.name}-{one.seed}")
            started = None
        return verdict, started

    async def _started(self, shape: Shape, folder: Path) -> Stand:
        """A stand that runs; on a busy machine a first attempt may take too long, which is no verdict on anything."""
        for attempt in range(START_ATTEMPTS):
            shutil.rmtree(folder, ignore_errors=True)
            stand = Stand(folder, shape, self._profile.settings)
            try:
                await stand.start()
            except BaseException as error:
                await stand.stop()
                if not isinstance(error, ProgramError) or attempt + 1 == START_ATTEMPTS:
                    raise
            else:
                return stand
        raise AssertionError("the last attempt returns or raises")
