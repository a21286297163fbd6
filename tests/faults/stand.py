"""The stand every run takes place on: the whole stack, its services obedient, its mail and chat servers ours, all restarted when dead."""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from infra.brokers import BrokerKind
from infra.embedded import Mongod, ProgramError, free_port
from infra.stack import Stack
from shared.schemas.envelope import SOURCES
from shared.storage import connect
from tests.faults import orders
from tests.faults.clients import SERVICE
from tests.faults.generator import CROWD, UNIT, directory, directory_file
from tests.faults.orders import Orders
from tests.faults.proxy import Proxy
from tests.faults.sinks import ChatSink, MailSink

CLOCK = "2027-03-01T09:00:00+08:00"
LOOK_SECONDS = 0.05
KNOWN_SECONDS = 90.0
ROOM = "room"
HEALED_SECONDS = 240.0
DATABASE_PATIENCE_MS = 5_000
KILLED = "signal SIGKILL"


def command_of(service: str) -> list[str]:
    """How an obedient service is run."""
    return [sys.executable, "-m", "tests.faults.process", service]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a stand is made of."""

    broker: BrokerKind = "embedded"
    brokers: int = 1
    routing: int = 2
    members: int = 1
    crowd: int = CROWD


EMBEDDED = Shape()


class Stand:
    """Start once, then as many runs as wanted. `resting` names processes that are not to be started again for now.

    `settings` are of every process, besides those of the stand. `restarts` counts processes that were started again, `exits` those of
    them that had not been killed. `harm` holds the moments at which harm was done in this run,
    `mended` the last at which some was undone, on the monotonic clock; `notes` what else is to be known of it; `unsettled`: the last run left damage behind.
    """

    def __init__(self, folder: Path, shape: Shape, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._more_settings = dict(settings or {})
        self.shape = shape
        ports = [free_port() for _ in range(shape.members)]
        self.proxies = [Proxy(port) for port in ports] if shape.members > 1 else []
        self.mongod = Mongod(folder.absolute(), ports=ports, seen_at=[proxy.port for proxy in self.proxies])
        self.damage: list[str] = []
        self.mails, self.chats = MailSink(), ChatSink()
        self.mails.kill = self.chats.kill = lambda: self.kill("notify-1")
        self.resting: set[str] = set()
        self.next_life: dict[str, Orders] = {}
        self.restarts = 0
        self.exits = 0
        self.harm: list[float] = []
        self.mended = 0.0
        self.notes: dict[str, float] = {}
        self.unsettled = False
        self._guarding: asyncio.Task[None] | None = None
        self.client = httpx.AsyncClient(timeout=10, trust_env=False)

    # -- life

    async def start(self) -> None:
        """Everything runs, and everybody is known everywhere. Raises ProgramError."""
        await asyncio.gather(self.mails.start(), self.chats.start(), *(proxy.start() for proxy in self.proxies))
        self.stack = self._stack()
        await self.stack.start()
        for sink in self.stack.sinks:
            sink.kill()  # ours take their place
        self.database = connect(self.stack.mongod.uri)
        self._guarding = asyncio.create_task(self._guard())
        people = directory(self.shape.crowd)
        self.seats = {person.id: person.seats for person in people.people.values()}
        url = f"{self.stack.url('intake')}/v1/people:import"
        (await self.client.post(url, content=directory_file(people), headers=SERVICE, timeout=60)).raise_for_status()
        await self._until_known(len(people.people) + len(people.units))

    def _stack(self) -> Stack:
        return Stack(
            self.folder,
            scale={"routing": self.shape.routing},
            clock=CLOCK,
            say=lambda _: None,
            command_of=command_of,
            settings=self._settings(),
            broker=self.shape.broker,
            brokers=self.shape.brokers,
            mongod=self.mongod,
        )

    async def stop(self) -> None:
        """Nothing runs any more."""
        if self._guarding is not None:
            self._guarding.cancel()
        await self.client.aclose()
        self.stack.kill_everything()
        await self.stack.stop()
        await asyncio.gather(self.mails.stop(), self.chats.stop(), *(proxy.stop() for proxy in self.proxies))

    def keep_logs(self, name: str) -> None:
        """Put the logs aside for whoever asks why; the next stand begins with an empty folder."""
        kept = self.folder.parent / "broken" / name.replace(":", "-")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.folder / "log", kept)

    def _settings(self) -> dict[str, str]:
        return {
            orders.FOLDER: str(self.folder.absolute()),
            "BACKLINE_SMTP_PORT": str(self.mails.port),
            "BACKLINE_CHAT_URL": f"http://127.0.0.1:{self.chats.port}",
            "BACKLINE_CHAT_ROOMS": json.dumps({UNIT: ROOM}),
            "BACKLINE_MONGO_URI": self.mongod.uri.replace("timeoutMS=20000", f"timeoutMS={DATABASE_PATIENCE_MS}"),
            **self._more_settings,
        }

    async def _until_known(self, entries: int) -> None:
        deadline = time.monotonic() + KNOWN_SECONDS
        for service in SOURCES:
            while await self.database[f"backline_{service}"]["people"].count_documents({}) < entries:
                if time.monotonic() > deadline:
                    raise ProgramError(f"{service} does not know everybody after {KNOWN_SECONDS:.0f} s")
                await asyncio.sleep(LOOK_SECONDS)

    # -- processes

    @property
    def processes(self) -> list[str]:
        """The service processes by name."""
        return list(self.stack.services)

    def of(self, service: str) -> list[str]:
        """The processes of one service."""
        return [name for name in self.processes if name.rsplit("-", 1)[0] == service]

    def order(self, process: str, given: Orders) -> None:
        """Have a running process take orders; one that is down takes them when it starts."""
        stands = orders.read(self.folder, self.stack.ports[process])
        orders.give(self.folder, self.stack.ports[process], replace(given, without=stands.without, values=stands.values))
        self.signal(process, signal.SIGUSR1)

    def signal(self, process: str, number: signal.Signals) -> None:
        """Send a signal to one process, if it runs."""
        if (pid := self.stack.services[process].pid) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self, process: str) -> None:
        """kill -9, from outside."""
        if self.stack.services[process].pid is not None:
            self.harmed()
        self.signal(process, signal.SIGKILL)

    def harmed(self) -> None:
        """Say that harm is done just now."""
        self.harm.append(time.monotonic())

    def healing(self) -> None:
        """Say that what was taken away is back just now."""
        self.mended = time.monotonic()

    async def without(self, protections: Sequence[str], values: Mapping[str, float], services: Sequence[str] = SOURCES) -> None:
        """Have the processes of `services` run without `protections`, and all with `values`; who ran otherwise is started anew."""
        for process in self.processes:
            off = protections if parts_of(process)[0] in services else ()
            wanted = Orders(without=tuple(off), values=dict(values))
            if orders.read(self.folder, self.stack.ports[process]) != wanted:
                orders.give(self.folder, self.stack.ports[process], wanted)
                self.kill(process)
        await self.healed()
        self.harm.clear()
        self.notes.clear()
        self.mended = 0.0

    async def healed(self, seconds: float = HEALED_SECONDS) -> None:
        """Wait until every process is ready. Raises ProgramError when one is not in time."""
        self.resting.clear()
        await asyncio.sleep(3 * LOOK_SECONDS)
        for process, program in self.stack.services.items():
            url = f"{self.stack.url(*parts_of(process))}/readyz"
            deadline = time.monotonic() + seconds
            while not await self._answers(url):
                if time.monotonic() > deadline:
                    raise ProgramError(f"{process} was not ready after {seconds:.0f} s. Its log ends: {program.tail()}")
                await asyncio.sleep(LOOK_SECONDS)

    async def live(self, processes: Iterable[str]) -> bool:
        """Whether all of `processes` answer at all."""
        urls = [self.stack.url(*parts_of(process)) for process in processes]
        return all(await asyncio.gather(*(self._answers(f"{url}/livez") for url in urls)))

    async def _answers(self, url: str) -> bool:
        try:
            return (await self.client.get(url)).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def _guard(self) -> None:
        """Start again whatever died, as an orchestrator would; what it was told is over, and its `next_life` begins."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for process, program in self.stack.services.items():
                if program.pid is None and process not in self.resting:
                    was = orders.read(self.folder, self.stack.ports[process])
                    following = self.next_life.pop(process, Orders())
                    stands = replace(following, without=was.without, values=was.values)
                    orders.give(self.folder, self.stack.ports[process], stands)
                    self.exits += program.ending != KILLED
                    program.kill()
                    program.start()
                    self.restarts += 1

    def arrivals(self) -> list[tuple[str, str]]:
        """(process, point) of those who ended where they were told to, so far."""
        file = self.folder / orders.REACHED
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        names = {str(port): name for name, port in self.stack.ports.items()}
        return [(names[reached["process"]], reached["point"]) for reached in map(json.loads, lines)]


def parts_of(process: str) -> tuple[str, int]:
    """Service and place of a process's name."""
    service, place = process.rsplit("-", 1)
    return service, int(place)
