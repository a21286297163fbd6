"""The local stack: a real database, a real broker, a mail and a chat sink and the four services, each its own process.

Invariant: all data lies in one folder, with the ports in `stack.json`; whatever was accepted before an end of any kind
is there after the next start, because the services say again what the broker forgot. No process outlives the supervisor.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from infra.brokers import BrokerKind, broker_of, ports_of
from infra.embedded import Mongod, ProgramError
from infra.embedded.programs import Program
from infra.stack_folder import StackFolder
from shared.schemas.envelope import SOURCES

SERVICE_TOKEN = "local-service-token"  # noqa: S105  # a development token, refused anywhere but on this machine
UNITS = ("east", "south", "north", "west", "finance", "overseas", "headquarters")
Say = Callable[[str], None]
CommandOf = Callable[[str], Sequence[str]]


def service_command(service: str) -> list[str]:
    """How a service is run."""
    return [sys.executable, "-m", f"services.{service}.app"]


class Stack:
    """Start, stop, kill.

    `scale` says how many processes a service has; `clock` is an ISO time for a shifted clock; `broker` is the embedded one,
    or Apache Kafka with `brokers` (1 or 3) processes; `mongod` stands in for the usual database of one node. Raises
    ProgramError when somebody else supervises `folder`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        scale: Mapping[str, int] | None = None,
        clock: str | None = None,
        say: Say = print,
        settings: Mapping[str, str] | None = None,
        rooms: Mapping[str, str] | None = None,
        command_of: CommandOf = service_command,
        broker: BrokerKind = "embedded",
        brokers: int = 1,
        mongod: Mongod | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.scale = dict(scale or {})
        self.clock = clock
        self.say = say
        self.settings = dict(settings or {})
        self.rooms = dict(rooms or {unit: f"room-{unit}" for unit in UNITS})
        self.command_of = command_of
        names = ["mongod", *ports_of(broker, brokers), "smtp", "chat", "mail", *self._instances()]
        self._state = StackFolder(self.folder, names)
        self.ports = self._state.ports
        self.mongod = mongod or Mongod(self.folder, self.ports["mongod"])
        self.broker = broker_of(broker, self.folder, [self.ports[name] for name in ports_of(broker, brokers)])
        self.sinks = [self._mail_sink(), self._chat_sink()]
        self.services = {name: self._service(name) for name in self._instances()}

    # -- addresses

    def url(self, service: str, place: int = 1) -> str:
        """The address of one process of `service`."""
        return f"http://127.0.0.1:{self.ports[f'{service}-{place}']}"

    @property
    def maildir(self) -> Path:
        """Where every mail ends."""
        return self.folder / "mail"

    @property
    def chats(self) -> Path:
        """The chat messages the sink took, one JSON object a line."""
        return self.folder / "chats.jsonl"

    # -- life

    async def start(self) -> None:
        """Start everything and wait until every service is ready; then, if the broker lost its log, let the services say it again.

        Raises ProgramError, with everything stopped, when a part does not start.
        """
        self._state.acquire()
        replay = (self.folder / "mongod").exists() and not self.broker.remembers
        try:
            await self._start_all()
            if replay:
                await self.replay()
        except Exception:
            await self.stop()
            raise

    async def _start_all(self) -> None:
        self.say("starting the database, the broker and the sinks …")
        await asyncio.gather(self.mongod.start(), self.broker.start())
        for program in (*self.sinks, *self.services.values()):
            program.start()
        self._state.remember({program.name: program.pid for program in self._programs()})
        self.say(f"starting {len(self.services)} service processes …")
        await asyncio.gather(*(self._until_ready(name, program) for name, program in self.services.items()))

    async def replay(self) -> None:
        """Ask one process of each service to say all its events again. Raises ProgramError when one does not."""
        headers = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
        async with httpx.AsyncClient(timeout=120, headers=headers) as client:
            for service in SOURCES:
                try:
                    subjects, events = await self._replayed(client, service)
                except httpx.HTTPError as error:
                    tail = self.services[f"{service}-1"].tail()
                    raise ProgramError(f"{service} could not say its events again: {error!r}. Its log ends: {tail}") from error
                self.say(f"{service} said again {events} events of {subjects} requests and people")

    async def _replayed(self, client: httpx.AsyncClient, service: str) -> tuple[int, int]:
        """Let `service` say all its events again, page by page; of how many subjects, and how many."""
        subjects, events, cursor = 0, 0, ""
        while True:
            params = {"by": "stack", "cursor": cursor}
            answer = (await client.post(f"{self.url(service)}/internal/replay", params=params)).raise_for_status()
            page = answer.json()
            if page["unsaid"]:
                raise ProgramError(f"The broker did not take {page['unsaid']} events that {service} said again; see its log.")
            subjects, events, cursor = subjects + page["subjects"], events + page["events"], page["next"]
            if cursor is None:
                return subjects, events

    async def watch(self) -> None:
        """Return never; raise ProgramError as soon as one of the processes ends by itself."""
        while True:
            for program in self._programs():
                if program.pid is None:
                    raise ProgramError(f"{program.name} ended by itself ({program.ending}). Its log ends: {program.tail()}")
            await asyncio.sleep(0.5)

    async def stop(self) -> None:
        """Stop the services together, then the sinks, the broker and the database."""
        await asyncio.gather(*(program.stop() for program in self.services.values()))
        await asyncio.gather(*(sink.stop(5) for sink in self.sinks), self.broker.stop())
        await self.mongod.stop()
        self._state.release()

    async def restart(self) -> None:
        """Stop and start again, on the same data and addresses."""
        await self.stop()
        await self.start()

    def kill_everything(self) -> None:
        """kill -9 of every process, the broker and the database included."""
        for program in self._programs():
            program.kill()

    # -- parts

    def _programs(self) -> list[Program]:
        return [*self.services.values(), *self.sinks, *self.broker.programs, *self.mongod.programs]

    def _instances(self) -> list[str]:
        return [f"{service}-{place}" for service in SOURCES for place in range(1, self.scale.get(service, 1) + 1)]

    def _service(self, name: str) -> Program:
        command = self.command_of(name.rsplit("-", 1)[0])
        return Program(name, command, log=self.folder / "log" / f"{name}.log", environment=self._environment(name))

    def _environment(self, name: str) -> dict[str, str]:
        urls = {f"BACKLINE_{service.upper()}_URL": self.url(service) for service in SOURCES}
        clock = {"BACKLINE_CLOCK": f"{self.clock}@{self._state.epoch}"} if self.clock else {}
        mails = {"BACKLINE_MAIL_PORT": str(self.ports["mail"])} if name == "intake-1" else {}
        return {
            **urls,
            **clock,
            **mails,
            "BACKLINE_MONGO_URI": self.mongod.uri,
            "BACKLINE_BROKER": self.broker.address,
            "BACKLINE_PORT": str(self.ports[name]),
            "BACKLINE_ENVIRONMENT": "development",
            "BACKLINE_SERVICE_TOKEN": SERVICE_TOKEN,
            "BACKLINE_SESSION_TIMEOUT_MS": "6000",
            "BACKLINE_REBALANCE_TIMEOUT_MS": "6000",
            "BACKLINE_SMTP_HOST": "127.0.0.1",
            "BACKLINE_SMTP_PORT": str(self.ports["smtp"]),
            "BACKLINE_CHAT_URL": f"http://127.0.0.1:{self.ports['chat']}",
            "BACKLINE_PUBLIC_URL": self.url("routing"),
            "BACKLINE_CHAT_ROOMS": json.dumps(self.rooms),
            "BACKLINE_LEASE_SECONDS": "10",
            "BACKLINE_LOG": "json",
            **self.settings,
        }

    def _mail_sink(self) -> Program:
        arguments = ["--host", "127.0.0.1", "--port", str(self.ports["smtp"]), "--maildir", str(self.maildir)]
        return Program(
            "mail-sink", [sys.executable, "-m", "infra.sinks.mail", *arguments], log=self.folder / "log" / "mail-sink.log"
        )

    def _chat_sink(self) -> Program:
        arguments = ["--host", "127.0.0.1", "--port", str(self.ports["chat"]), "--file", str(self.chats)]
        arguments += [argument for key in self.rooms.values() for argument in ("--key", key)]
        return Program(
            "chat-sink", [sys.executable, "-m", "infra.sinks.chat", *arguments], log=self.folder / "log" / "chat-sink.log"
        )

    async def _until_ready(self, name: str, program: Program) -> None:
        await program.wait_until_answers(f"http://127.0.0.1:{self.ports[name]}/readyz")
        self.say(f"{name} is ready")
