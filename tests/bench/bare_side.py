"""Side A: the bare loop's four processes on an empty broker and database."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from infra.brokers import BrokerKind, broker_of, ports_of
from infra.embedded import Mongod
from infra.embedded.programs import Program, free_port
from shared.schemas.envelope import SOURCES, Source
from shared.schemas.model import Json
from shared.schemas.topics import HEARS
from tests.bench import ground
from tests.bench.ground import Counts, Finished, Sink


@dataclass(frozen=True, kw_only=True)
class Share:
    """What is said and sent per request that is taken, on average."""

    routing: float
    documents: float
    planned: float
    mails: float

    @classmethod
    def like(cls, measured: Finished) -> "Share":
        """As many events and mails as Backline had; what notify says besides each mail sent are its plans."""
        part = measured.requests / measured.taken
        said, mails = {source: many * part for source, many in measured.said.items()}, measured.mails * part
        planned = max(0.0, said["notify"] - mails)
        return cls(routing=said["routing"], documents=said["documents"], planned=planned, mails=mails)


class Bare:
    """Start, feed, stop."""

    def __init__(
        self,
        folder: Path,
        share: Share,
        *,
        broker: BrokerKind = "embedded",
        hears: Mapping[Source, Sequence[Source]] = HEARS,
    ) -> None:
        self.folder = folder
        self.sink = Sink(folder)
        self.port = free_port()
        self._share = share
        self._hears = hears
        self._broker = broker_of(broker, folder, [free_port() for _ in ports_of(broker, 1)])
        self._mongod = Mongod(folder)
        self._status: dict[str, int] = {stage: free_port() for stage in SOURCES}
        self._stages = {stage: self._stage(stage) for stage in SOURCES}

    @property
    def programs(self) -> list[Program]:
        """Stages, broker and database."""
        return [*self._stages.values(), *self._broker.programs, *self._mongod.programs]

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
        told: dict[str, Json] = dict(zip(SOURCES, await asyncio.gather(*(self._told(stage) for stage in SOURCES)), strict=True))
        return Counts(
            applied={
                (stage, source): told[stage]["applied"].get(source, 0) for stage in SOURCES for source in self._hears[stage]
            },
            published={stage: told[stage]["published"] for stage in SOURCES},
            hears=self._hears,
            pending=sum(told[stage]["pending"] for stage in SOURCES),
        )

    async def taken(self) -> int:
        """Requests that the bare intake has taken: it says one event of each."""
        return (await self.counts()).published["intake"]

    async def said(self) -> Mapping[str, int]:
        """Events published by each stage."""
        return (await self.counts()).published

    async def _told(self, stage: str) -> Json:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._status[stage])
        with closing(writer):
            told: Json = orjson.loads(await reader.read())
        return told

    def _stage(self, stage: Source) -> Program:
        share = orjson.dumps(vars(self._share)).decode()
        given: dict[str, object] = {
            "hears": ",".join(self._hears[stage]),
            "broker": self._broker.address,
            "mongo": self._mongod.uri,
            "share": share,
            "status": self._status[stage],
            "smtp": self.sink.port,
            "port": self.port,
        }
        options = [part for name, value in given.items() for part in (f"--{name}", value)]
        return Program(f"bare-{stage}", ground.python("bare", stage, *options), log=self.folder / "log" / f"bare-{stage}.log")
