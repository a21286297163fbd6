"""Side B: the real services, fed over HTTP, until every request is routed, told and known everywhere."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx
import orjson
import psutil
from prometheus_client.parser import text_string_to_metric_families

from infra.brokers import BrokerKind
from infra.demo.opinions import give_opinions
from infra.demo.people import REVIEWED
from infra.embedded.programs import Program, ProgramError
from infra.stack import SERVICE_TOKEN, Stack
from shared.schemas.envelope import SOURCES
from shared.schemas.model import Json
from shared.schemas.topics import HEARS
from shared.storage import connect
from tests.bench import ground, mix
from tests.bench.company import company, requesters
from tests.bench.ground import Counts, Finished, Sink
from tests.bench.mix import Filed
from tests.builders import DRAFT

CLOCK = "2027-03-01T09:00:00+08:00"
SERVICE = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
AT_ONCE = 32


class Backline:
    """One stack on an empty broker and database. `paused`: renderings are planned and not made. `profiles` is where each service's
    profile is written at the end, if at all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        broker: BrokerKind = "embedded",
        people: int = 500,
        profile: bool = False,
        paused: bool = True,
        scale: dict[str, int] | None = None,
    ) -> None:
        self.folder = folder
        self.directory = company(people)
        self.requesters = requesters(self.directory)
        self.sink = Sink(folder)
        self._paused = paused
        self.profiles = folder / "profiles" if profile else None
        self.stack = Stack(
            folder,
            clock=CLOCK,
            scale=scale or {},
            say=lambda _line: None,
            settings={"BACKLINE_SMTP_PORT": str(self.sink.port), "BACKLINE_CHAT_ROOMS": "{}"},
            broker=broker,
            command_of=self._command,
        )
        self._http = httpx.AsyncClient(timeout=60, headers=SERVICE)
        self._said_of_people = 0

    def _command(self, service: str) -> list[str]:
        profile = ("--profile", self.profiles / f"{service}.json") if self.profiles else ()
        return ground.python("process", service, *(["--paused"] if self._paused else []), *profile)

    @property
    def programs(self) -> list[Program]:
        """Services, broker and database: whose CPU time counts."""
        return [*self.stack.services.values(), *self.stack.broker.programs, *self.stack.mongod.programs]

    @property
    def port(self) -> int:
        """Intake's."""
        return self.stack.ports["intake-1"]

    async def start(self) -> None:
        """Start everything, and import the directory."""
        if self.profiles:
            self.profiles.mkdir(parents=True)
        await self.sink.start()
        await self.stack.start()
        url = f"{self.stack.url('intake')}/v1/people:import"
        (await self._http.post(url, content=orjson.dumps(self.directory))).raise_for_status()
        draft = await self._http.post(f"{self.stack.url('intake')}/v1/attachments", content=DRAFT)
        draft.raise_for_status()
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
        rows = await ground.load(self.folder, self.port, filed)
        ground.ensure_accepted(rows)
        await ground.quiet(self)
        await self.complete(filed)
        await ground.quiet(self)

    async def complete(self, filed: Sequence[Filed]) -> None:
        """Have everybody who is assigned accept the work, and one of them deliver it."""
        slots = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._complete(one, slots) for one in filed))

    async def run(self, filed: Sequence[Filed]) -> Finished:
        """As ground.run, sampled if profiles are wanted."""
        if self.profiles:
            self._signal_services(signal.SIGUSR1)
        return await ground.run(self, filed)

    async def verify(self, requests: int) -> None:
        """Raise ProgramError unless each of `requests` has its people, every mail about it is out, and all was heard by all."""
        statuses, ends = await self.outcomes()
        if statuses != {"assigned": requests} or set(ends) != {"sent"}:
            raise ProgramError(f"Not everything was done: requests {dict(statuses)}, deliveries {dict(ends)}.")
        said = await self.said()
        for who, sources in HEARS.items():
            heard = await self._sums(who, {source: f"$heard.{source}" for source in sources})
            if lacking := {source: said[source] - heard[source] for source in sources if said[source] != heard[source]}:
                raise ProgramError(f"{who} has not heard everything; what it lacks, by source: {lacking}.")

    async def taken(self) -> int:
        """Requests that stand in intake's database."""
        client = connect(self.stack.mongod.uri)
        many = await client["backline_intake"]["requests"].count_documents({})
        client.close()
        return many

    async def said(self) -> dict[str, int]:
        """How many events each service has said of requests, each counted once however often it was sent."""
        return {service: (await self._sums(service, {"head": "$head"}))["head"] for service in SOURCES}

    async def database_commands(self) -> Counter[str]:
        """How often each command was sent to the database since its start, by whomever."""
        client = connect(self.stack.mongod.uri)
        commands = (await client.admin.command("serverStatus"))["metrics"]["commands"]
        client.close()
        return Counter({name: int(counts["total"]) for name, counts in commands.items() if isinstance(counts, dict)})

    async def _sums(self, service: str, fields: dict[str, str]) -> dict[str, int]:
        client = connect(self.stack.mongod.uri)
        group = {"$group": {"_id": None, **{name: {"$sum": field} for name, field in fields.items()}}}
        rows = [row async for row in client[f"backline_{service}"]["requests"].aggregate([group])]
        client.close()
        return {name: int(rows[0][name]) if rows else 0 for name in fields}

    async def outcomes(self) -> tuple[Counter[str], Counter[str]]:
        """From the services' own databases: how many requests (surveys before apart) and deliveries are in which status."""
        draft = await self._http.post(f"{self.stack.url('intake')}/v1/attachments", content=DRAFT)
        draft.raise_for_status()
        client = connect(self.stack.mongod.uri)
        wanted = {"state.request.source.reference": {"$regex": "^R-"}}
        states = client["backline_intake"]["requests"].find(wanted, {"state.status": 1})
        statuses = Counter([document["state"]["status"] async for document in states])
        ends: Counter[str] = Counter()
        async for document in client["backline_notify"]["requests"].find({"state": {"$ne": None}}, {"state.deliveries": 1}):
            ends.update(delivery["status"] for delivery in document["state"]["deliveries"].values())
        client.close()
        return statuses, ends

    async def counts(self) -> Counts:
        """What every process's metrics say at this moment."""
        texts = await asyncio.gather(
            *(self._http.get(f"{self.stack.url(*_place(name))}/metrics") for name in self.stack.services)
        )
        applied: dict[tuple[str, str], int] = {}
        published: dict[str, int] = {**dict.fromkeys(SOURCES, 0), "intake": -self._said_of_people}
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
        return Counts(applied=applied, published=published, pending=leased)

    async def _complete(self, filed: Filed, slots: asyncio.Semaphore) -> None:
        address = f"{self.stack.url('routing')}/v1/requests/{filed.id}"
        async with slots:
            assignment: Json = (await self._http.get(f"{address}/assignment")).json()
            for person in dict.fromkeys(seat["person"] for seat in assignment["supporters"]):
                headers = {"Authorization": f"Bearer dev-person-{person}"}
                (await self._http.post(f"{address}/accept", headers=headers)).raise_for_status()
            if assignment["type"] in REVIEWED:
                if not await give_opinions(self._http, address, {}):
                    raise ProgramError(f"The review of {filed.id} did not end.")
                return
            completed = await self._http.post(f"{address}/complete", headers=headers, json={"note": "", "result": {}})
            completed.raise_for_status()

    def _signal_services(self, number: signal.Signals) -> None:
        for program in self.stack.services.values():
            if program.pid:
                os.kill(program.pid, number)


def _place(name: str) -> tuple[str, int]:
    service, place = name.rsplit("-", 1)
    return service, int(place)
