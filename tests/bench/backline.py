"""Side B: the real services, fed over HTTP, until every request is routed, told and known everywhere."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import psutil
from prometheus_client.parser import text_string_to_metric_families

from infra.embedded.programs import Program
from infra.stack import SERVICE_TOKEN, Stack
from shared.schemas.envelope import SOURCES
from shared.schemas.model import Json
from shared.storage import connect
from tests.bench import ground, mix
from tests.bench.company import company, requesters
from tests.bench.ground import Cpu, Sink
from tests.bench.mix import Filed

CLOCK = "2027-03-01T09:00:00+08:00"
SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
AT_ONCE = 32
STILL = 4
HEARS = {"routing": ("intake",), "documents": ("intake", "routing"), "notify": ("intake", "routing", "documents")}
HEARS["intake"] = ("routing", "documents", "notify")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the services' metrics say: events applied by (service, source), events published about requests, effects under way."""

    applied: dict[tuple[str, str], int]
    published: dict[str, int]
    leased: int

    @property
    def level(self) -> bool:
        """Whether everybody has applied what was said, and no effect is under way."""
        heard = all(self.applied.get((who, source), 0) >= self.published[source] for who, of in HEARS.items() for source in of)
        return heard and self.leased == 0


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One run of load: seconds from the first request sent to the last thing done, CPU seconds by program, and what was done."""

    requests: int
    seconds: float
    cpu: dict[str, float]
    applied: dict[tuple[str, str], float]
    mails: float
    accepted_seconds: float

    @property
    def rate(self) -> float:
        """Requests per second, end to end."""
        return self.requests / self.seconds


class Backline:
    """One stack on an empty broker and database; `profiles` is where each service's profile is written at the end, if at all."""

    def __init__(self, folder: Path, *, people: int = 500, profile: bool = False, scale: dict[str, int] | None = None) -> None:
        self.folder = folder
        self.directory = company(people)
        self.requesters = requesters(self.directory)
        self.sink = Sink(folder)
        self.profiles = folder / "profiles" if profile else None
        self.stack = Stack(
            folder,
            clock=CLOCK,
            scale=scale or {},
            say=lambda _line: None,
            rooms={},
            settings={"BACKLINE_SMTP_PORT": str(self.sink.port)},
            command_of=self._command,
        )
        self._http = httpx.AsyncClient(timeout=60, headers=SERVICE)
        self._said_of_people = 0

    def _command(self, service: str) -> list[str]:
        profile = ("--profile", self.profiles / f"{service}.json") if self.profiles else ()
        return ground.python("process", service, "--paused", *profile)

    @property
    def programs(self) -> list[Program]:
        """Services, broker and database: whose CPU time counts."""
        return [*self.stack.services.values(), self.stack.broker.program, self.stack.mongod.program]

    async def start(self) -> None:
        """Start everything, and import the directory."""
        if self.profiles:
            self.profiles.mkdir(parents=True)
        await self.sink.start()
        await self.stack.start()
        url = f"{self.stack.url('intake')}/v1/people:import"
        (await self._http.post(url, content=orjson.dumps(self.directory))).raise_for_status()
        client = connect(self.stack.mongod.uri)
        wanted = len(self.directory["people"]) + len(self.directory["business_units"])

        async def known() -> bool:
            counts = [await client[f"backline_{service}"]["people"].count_documents({}) for service in SOURCES]
            return min(counts) >= wanted

        await ground.until(known, "The directory in every service")
        client.close()
        self._said_of_people = (await self.counts()).published["intake"]

    async def stop(self) -> list[tuple[float, str]]:
        """Stop everything; when the sink took each mail, and for which request."""
        await self._http.aclose()
        await self.stack.stop()
        return await self.sink.stop()

    def memory(self) -> dict[str, float]:
        """MB of each service process, without its children."""
        used = {name: program.pid for name, program in self.stack.services.items()}
        return {name: psutil.Process(pid).memory_info().rss / 1e6 for name, pid in used.items() if pid}

    # -- work

    async def survey(self, count: int) -> None:
        """Have the surveys before `count` requests submitted, accepted and completed, all over HTTP: the warm-up, not timed."""
        filed = mix.surveys(count, self.requesters)
        rows = await ground.load(self.folder, self.stack.ports["intake-1"], filed)
        ground.ensure_accepted(rows)
        await self.quiet()
        slots = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._complete(one, slots) for one in filed))
        await self.quiet()

    async def run(self, filed: Sequence[Filed]) -> Finished:
        """As fast as it goes: from the first request until everything about the last one is done."""
        if self.profiles:
            self._signal_services(signal.SIGUSR1)
        before, mails = await self.counts(), await self.sink.count()
        cpu = Cpu.of(self.programs)
        rows = await ground.load(self.folder, self.stack.ports["intake-1"], filed)
        ground.ensure_accepted(rows)
        ended = await self.quiet()
        spent = Cpu.of(self.programs).since(cpu)
        after = await self.counts()
        started = min(due for due, _, _ in rows)
        count = len(filed)
        return Finished(
            requests=count,
            seconds=ended - started,
            cpu=spent,
            applied={key: (many - before.applied.get(key, 0)) / count for key, many in after.applied.items()},
            mails=(await self.sink.count() - mails) / count,
            accepted_seconds=max(answered for _, answered, _ in rows) - started,
        )

    async def quiet(self) -> float:
        """Wait until everything said was heard everywhere and every mail is out; when all of it was first seen so.

        Mails come last of all, so the services are asked for their metrics only once the sink has been still for a while.
        """
        looks: list[tuple[float, int, Counts | None]] = []

        async def still() -> bool:
            now, mails = time.monotonic(), await self.sink.count()
            counts = await self.counts() if looks and looks[-1][1] == mails else None
            if looks and looks[-1][1] != mails:
                looks.clear()
            if counts is not None and not counts.level:
                looks.clear()
            looks.append((now, mails, counts))
            return len(looks) >= STILL and looks[-1][2] == looks[-2][2]

        await ground.until(still, "Quiet")
        return looks[1][0]

    async def counts(self) -> Counts:
        """What every process's metrics say at this moment."""
        texts = await asyncio.gather(
            *(self._http.get(f"{self.stack.url(*_place(name))}/metrics") for name in self.stack.services)
        )
        applied: dict[tuple[str, str], int] = {}
        published = {**dict.fromkeys(SOURCES, 0), "intake": -self._said_of_people}
        leased = 0
        for text in texts:
            for sample in (sample for family in text_string_to_metric_families(text.text) for sample in family.samples):
                value = int(sample.value)
                match sample.name:
                    case "backline_events_applied_total":
                        key = (sample.labels["service"], sample.labels["source"])
                        applied[key] = applied.get(key, 0) + value
                    case "backline_events_published_total":
                        published[sample.labels["service"]] += value
                    case "backline_items_leased":
                        leased += value
        return Counts(applied=applied, published=published, leased=leased)

    async def _complete(self, filed: Filed, slots: asyncio.Semaphore) -> None:
        address = f"{self.stack.url('routing')}/v1/requests/{filed.id}"
        async with slots:
            assignment: Json = (await self._http.get(f"{address}/assignment")).json()
            for person in dict.fromkeys(seat["person"] for seat in assignment["supporters"]):
                headers = {"Authorization": f"Bearer dev-person-{person}"}
                (await self._http.post(f"{address}/accept", headers=headers)).raise_for_status()
            completed = await self._http.post(f"{address}/complete", headers=headers, json={"note": "", "result": {}})
            completed.raise_for_status()

    def _signal_services(self, number: signal.Signals) -> None:
        for program in self.stack.services.values():
            if program.pid:
                os.kill(program.pid, number)


def _place(name: str) -> tuple[str, int]:
    service, place = name.rsplit("-", 1)
    return service, int(place)
