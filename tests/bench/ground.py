"""What both sides stand on in a run: a folder, the mail sink, the load generator, and the CPU time of process trees."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import orjson
import psutil

from infra.embedded.programs import Program, ProgramError, free_port
from shared.schemas.envelope import Source
from shared.schemas.topics import HEARS
from tests.bench import sink
from tests.bench.load import Row
from tests.bench.mix import Filed

POLL_SECONDS = 0.1
ACCEPTED = 202
STILL = 6


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of the benchmark."""
    return [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)]


class Sink:
    """The mail sink in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._times = folder / "mails.jsonl"
        command = python("sink", "--port", self.port, "--times", self._times)
        self._program = Program("sink", command, log=folder / "log" / "sink.log")

    async def start(self) -> None:
        """Start, and wait until it answers."""
        self._program.start()

        async def ready() -> bool:
            try:
                return await self.count() >= 0
            except OSError:
                return False

        await self._program.wait_until(ready)

    async def count(self) -> int:
        """How many mails it has taken."""
        return await sink.count(self.port)

    def cpu_seconds(self) -> float:
        """The CPU time it has used."""
        return _tree(self._program)

    async def stop(self) -> list[tuple[float, str]]:
        """Stop; when each mail was taken, and for which request."""
        await self._program.stop()
        return [(at, request) for at, request in map(orjson.loads, self._times.read_bytes().splitlines())]


async def load(folder: Path, port: int, filed: Sequence[Filed], rate: float | None = None) -> list[Row]:
    """Post `filed` to the server at `port` from a process of its own; the rows in the order of `filed`.

    Raises ProgramError when the generator fails.
    """
    bodies, result = folder / "bodies.jsonl", folder / "rows.json"
    result.unlink(missing_ok=True)
    bodies.write_bytes(b"\n".join(orjson.dumps({"unit": one.unit, "body": one.body}) for one in filed))
    arguments = ["--port", port, "--bodies", bodies, "--result", result, *(["--rate", rate] if rate else [])]
    generator = Program("load", python("load", *arguments), log=folder / "log" / "load.log")
    generator.start()
    while generator.pid is not None:
        await asyncio.sleep(0.05)
    if not result.exists():
        raise ProgramError(f"The load generator failed ({generator.ending}). Its log ends: {generator.tail()}")
    return [(due, answered, status) for due, answered, status in orjson.loads(result.read_bytes())]


def ensure_accepted(rows: Iterable[Row]) -> None:
    """Raise ProgramError unless every answer is a 202: what was refused did no work."""
    others = sorted({status for _, _, status in rows if status != ACCEPTED})
    if others:
        raise ProgramError(f"The server answered {others} besides {ACCEPTED}; see its log.")


async def until(done: Callable[[], Awaitable[bool]], what: str, seconds: float = 300) -> float:
    """Look every tenth of a second; the time (CLOCK_MONOTONIC) of the look that found it `done`. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while True:
        looked = time.monotonic()
        if await done():
            return looked
        if looked > deadline:
            raise TimeoutError(f"{what} did not come true within {seconds:.0f} s")
        await asyncio.sleep(POLL_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the processes of a side count: events applied by (service, source), events published, effects under way."""

    applied: dict[tuple[str, str], int]
    published: Mapping[str, int]
    pending: int
    hears: Mapping[Source, Sequence[Source]] = field(default_factory=lambda: HEARS)

    @property
    def level(self) -> bool:
        """Whether everybody has applied what was said, and no effect is under way."""
        heard = all(
            self.applied.get((who, source), 0) >= self.published[source] for who, of in self.hears.items() for source in of
        )
        return heard and self.pending == 0


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One run of load: seconds from the first request sent to the last thing done, CPU seconds by program, and what was done.

    `requests` were filed from outside; `taken` are these and what they opened, as a bid opens its parts. `applied`, `said` (each event
    once) and `mails` are per request filed; `accepted_seconds` is how long it took until all of these were answered.
    """

    requests: int
    taken: int
    seconds: float
    cpu: dict[str, float]
    applied: dict[tuple[str, str], float]
    said: dict[str, float]
    mails: float
    accepted_seconds: float

    @property
    def rate(self) -> float:
        """Requests per second, end to end."""
        return self.requests / self.seconds

    @property
    def cpu_per_request(self) -> float:
        """CPU seconds of all programs."""
        return sum(self.cpu.values()) / self.requests


class Side(Protocol):
    """What is compared: Backline, or the bare loop."""

    folder: Path
    sink: Sink

    @property
    def port(self) -> int:
        """Where requests are posted."""
        ...

    @property
    def programs(self) -> Sequence[Program]:
        """Services, broker and database: whose CPU time counts."""
        ...

    async def counts(self) -> Counts:
        """As of now."""
        ...

    async def taken(self) -> int:
        """Requests that stand in intake's database."""
        ...

    async def said(self) -> Mapping[str, int]:
        """Events said about requests until now, by source, each counted once."""
        ...


async def run(side: Side, filed: Sequence[Filed], worth: int | None = None) -> Finished:
    """Feed `side` as fast as it goes, until everything about the last request is done.

    `worth`: as many requests of the other side are what `filed` stands for, since the other side opens some itself.
    """
    said, taken = await side.said(), await side.taken()
    before, mails, cpu = await side.counts(), await side.sink.count(), Cpu.of(side.programs)
    rows = await load(side.folder, side.port, filed)
    ensure_accepted(rows)
    ended = await quiet(side)
    spent, after = Cpu.of(side.programs).since(cpu), await side.counts()
    started, count = min(due for due, _, _ in rows), worth or len(filed)
    return Finished(
        requests=count,
        taken=await side.taken() - taken,
        seconds=ended - started,
        cpu=spent,
        applied={key: (many - before.applied.get(key, 0)) / count for key, many in after.applied.items()},
        said={source: (many - said[source]) / count for source, many in (await side.said()).items()},
        mails=(await side.sink.count() - mails) / count,
        accepted_seconds=max(answered for _, answered, _ in rows) - started,
    )


async def quiet(side: Side) -> float:
    """Wait until everything said was heard everywhere and every mail is out; when all of it was first seen so.

    Mails come last of all, so the processes are asked for their counts only once the sink has been still for a while.
    """
    looks: list[tuple[float, int, Counts | None]] = []

    async def still() -> bool:
        now, mails = time.monotonic(), await side.sink.count()
        counts = await side.counts() if looks and looks[-1][1] == mails else None
        if (looks and looks[-1][1] != mails) or (counts is not None and not counts.level):
            looks.clear()
        looks.append((now, mails, counts))
        return len(looks) >= STILL and looks[-1][2] == looks[-2][2]

    await until(still, "Quiet")
    return looks[1][0]


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """CPU seconds of programs with all their children, by name."""

    seconds: dict[str, float]

    @classmethod
    def of(cls, programs: Iterable[Program]) -> "Cpu":
        """As of now."""
        return cls(seconds={program.name: _tree(program) for program in programs})

    def since(self, before: "Cpu") -> dict[str, float]:
        """What was used since `before`."""
        return {name: spent - before.seconds.get(name, 0.0) for name, spent in self.seconds.items()}


def _tree(program: Program) -> float:
    if program.pid is None:
        return 0.0
    top = psutil.Process(program.pid)
    return sum(sum(process.cpu_times()[:4]) for process in (top, *top.children(recursive=True)))
