"""Side A: the bare loop's four processes on an empty broker and database."""

import asyncio
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from infra.brokers import BrokerKind, broker_of, ports_of
from infra.embedded import Mongod
from infra.embedded.programs import Program, free_port
from shared.schemas.envelope import SOURCES
from shared.schemas.model import Json
from tests.bench import ground
from tests.bench.ground import HEARS, Counts, Finished, Sink


@dataclass(frozen=True, kw_only=True)
class Share:
    """What is said and sent per request, on average."""

    routing: float
    documents: float
    planned: float
    mails: float

    @classmethod
    def like(cls, measured: Finished) -> "Share":
        """As many events and mails as Backline had; its events about deliveries that are not about one mail say plans."""
        said = measured.applied
        return cls(
            routing=said["notify", "routing"],
            documents=said.get(("intake", "documents"), 0.0),
            planned=max(0.0, said["intake", "notify"] - measured.mails),
            mails=measured.mails,
        )


class Bare:
    """Start, feed, stop."""

    def __init__(self, folder: Path, share: Share, *, broker: BrokerKind = "embedded") -> None:
        self.folder = folder
        self.sink = Sink(folder)
        self.port = free_port()
        self._share = share
        self._broker = broker_of(broker, folder, [free_port() for _ in ports_of(broker, 1)])
        self._mongod = Mongod(folder)
        self._status = {stage: free_port() for stage in SOURCES}
        self._stages = {stage: self._stage(stage) for stage in SOURCES}

    @property
    def programs(self) -> list[Program]:
        """Stages, broker and database."""
        return [*self._stages.values(), *self._broker.programs, self._mongod.program]

    async def start(self) -> None:
        """Start everything and wait until every stage answers."""
        await asyncio.gather(self.sink.start(), self._mongod.start(), self._broker.start())
        for stage in self._stages.values():
            stage.start()

        async def answers() -> bool:
            try:
                await self.counts()
            except OSError:
                return False
            return True

        await ground.until(answers, "Every bare stage's answer", 60)

    async def stop(self) -> list[tuple[float, str]]:
        """Stop everything; when the sink took each mail, and for which request."""
        await asyncio.gather(*(stage.stop(5) for stage in self._stages.values()))
        await self._broker.stop()
        await self._mongod.stop()
        return await self.sink.stop()

    async def counts(self) -> Counts:
        """What every stage counts at this moment."""
        told = dict(zip(SOURCES, await asyncio.gather(*(self._told(stage) for stage in SOURCES)), strict=True))
        return Counts(
            applied={(stage, source): told[stage]["applied"].get(source, 0) for stage in SOURCES for source in HEARS[stage]},
            published={stage: told[stage]["published"] for stage in SOURCES},
            pending=sum(told[stage]["pending"] for stage in SOURCES),
        )

    async def _told(self, stage: str) -> Json:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._status[stage])
        with closing(writer):
            told: Json = orjson.loads(await reader.read())
        return told

    def _stage(self, stage: str) -> Program:
        share = orjson.dumps(vars(self._share)).decode()
        arguments: list[object] = [stage, "--broker", self._broker.address, "--mongo", self._mongod.uri, "--share", share]
        arguments += ["--status", self._status[stage], "--smtp", self.sink.port, "--port", self.port]
        return Program(f"bare-{stage}", ground.python("bare", *arguments), log=self.folder / "log" / f"bare-{stage}.log")
