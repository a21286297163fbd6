"""`python -m infra.demo`: the sample through the whole stack, with kill -9 of everything in the middle; see README."""

import argparse
import asyncio
import hashlib
import json
import logging
import shutil
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from infra.demo import sample
from infra.demo.callbacks import Callbacks
from infra.demo.patience import Patience
from infra.demo.people import People
from infra.demo.report import Report, table
from infra.demo.sinks import Sinks
from infra.demo.units import Units, outcome_of
from infra.stack import SERVICE_TOKEN, Stack
from shared.schemas.status import DELIVERED

CLOCK = "2027-05-10T09:00:00+08:00"
IN_FLIGHT_AT_LEAST = 10
WAIT_SECONDS = 60.0
ROUTING_PROCESSES = 2
Row = dict[str, Any]


class Demonstration:
    """One run, from an empty folder to the counts."""

    def __init__(self, folder: Path, console: Console) -> None:
        self._console = console
        self._callbacks = Callbacks()
        self._stack = Stack(
            folder,
            scale={"routing": ROUTING_PROCESSES},
            clock=CLOCK,
            say=lambda text: console.print(f"  [dim]{text}[/dim]"),
            settings=self._callbacks.settings,
        )
        self._client = httpx.AsyncClient(timeout=30)
        self._units = Units(self._stack)
        self._people = People(self._stack, self._client)
        self._sinks = Sinks(self._stack.maildir, self._stack.chats)
        self._started = time.monotonic()
        self._quiet: set[str] = set()
        self._documents: dict[str, int] = {}

    async def run(self) -> Report:
        """Everything; the stack is stopped whatever happens."""
        try:
            self._say("Starting the stack")
            await self._callbacks.open()
            await self._stack.start()
            await self._prepare()
            in_flight = await self._first_wave()
            await self._second_wave()
            doubts = await self._finish()
            return await self._count(in_flight, doubts, time.monotonic() - self._started)
        finally:
            await self._callbacks.close()
            await self._units.close()
            await self._client.aclose()
            await self._stack.stop()

    async def _prepare(self) -> None:
        headers = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
        intake = self._stack.url("intake")
        answer = await self._client.post(f"{intake}/v1/people:import", content=sample.directory(), headers=headers)
        answer.raise_for_status()
        for name, data in sample.attachments():
            sha256 = hashlib.sha256(data).hexdigest()
            kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            for unit in sample.units():
                answer = await self._client.put(
                    f"{intake}/v1/attachments/{sha256}",
                    content=data,
                    params={"name": name},
                    headers={"Authorization": f"Bearer dev-unit-{unit}", "Content-Type": kind},
                )
                answer.raise_for_status()

        await self._callbacks.subscribe(self._client, intake, self._stack.url("notify"))
        await asyncio.gather(*(self._until_known(place) for place in range(1, ROUTING_PROCESSES + 1)))

    async def _until_known(self, place: int) -> None:
        """Wait until a routing process has heard of everybody, or it would rightly say for a moment that nobody fits."""
        deadline = time.monotonic() + WAIT_SECONDS
        for person in sample.people():
            address = f"{self._stack.url('routing', place)}/v1/people/{person}/work"
            headers = {"Authorization": f"Bearer dev-person-{person}"}
            while (await self._client.get(address, headers=headers)).status_code == httpx.codes.UNAUTHORIZED:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"routing-{place} does not know {person} after {WAIT_SECONDS:.0f} s")
                await asyncio.sleep(0.05)

    async def _first_wave(self) -> int:
        """Send the first wave, kill everything while requests are under way, start again; how many were unfinished."""
        messages = sample.wave("first-wave")
        self._say(f"Three units send {len(messages)} messages over HTTP, as a batch and on the topic")
        sending = asyncio.create_task(self._units.send(messages))
        rows = await self._until(self._people.unfinished, lambda rows: len(rows) >= 2 * IN_FLIGHT_AT_LEAST)
        self._say(f"kill -9 of every process, the broker and the database included, with {len(rows)} requests unfinished")
        self._stack.kill_everything()
        await self._stack.start()
        await sending
        return len(rows)

    async def _second_wave(self) -> None:
        self._say("Supporters deliver the surveys that proposals rest on")
        await self._until(lambda: self._open("tech.survey"), lambda rows: not rows)
        messages = sample.wave("second-wave")
        self._say(f"The units send {len(messages)} more: proposals, amendments, withdrawals, repeats")
        await self._units.send(messages)

        await self._until(self._people.requests, lambda rows: not any(row["amending"] or row["withdrawing"] for row in rows))

    async def _open(self, only: str | None) -> list[Row]:
        await self._people.work(only)
        return [row for row in await self._people.unfinished() if only is None or row["type"] == only]

    async def _finish(self) -> int:
        """Everybody works until nothing is open; then every delivery and document is waited for. Returns the doubts settled."""
        self._say("Everybody accepts and delivers")
        await self._until(lambda: self._open(None), lambda rows: not rows)
        self._say("Waiting for the last mails, chat messages and documents")
        doubts, patience = 0, Patience(WAIT_SECONDS)
        while True:
            rows = await self._people.requests()
            doubts += await self._people.settle_doubts([row for row in rows if row["id"] not in self._quiet], self._sinks)
            missing = await self._missing(rows)
            if not patience.lasts(sum(missing.values())):
                return doubts
            self._console.print(f"  [dim]{missing}[/dim]")
            await asyncio.sleep(1)

    async def _missing(self, rows: list[Row]) -> dict[str, int]:
        """Deliveries under way by channel, and documents the sample names that are not there yet."""
        under_way: Counter[str] = Counter()
        for row in rows:
            identity = row["id"]
            if identity in self._quiet:
                continue
            deliveries = await self._people.deliveries(identity)
            waiting = [delivery["channel"] for delivery in deliveries if delivery["status"] in {"planned", "unknown"}]
            self._documents[identity] = len(await self._people.documents(identity))
            under_way.update(waiting)
            if not waiting and (self._documents[identity] or row["status"] not in DELIVERED):
                self._quiet.add(identity)
        documents = max(0, sample.effects().documents - sum(self._documents.values()))
        if documents and not under_way:
            self._quiet.clear()  # whoever fell quiet between two of its documents is looked at again
        return {**under_way, "documents": documents}

    async def _count(self, in_flight: int, doubts: int, seconds: float) -> Report:
        messages = [*sample.wave("first-wave"), *sample.wave("second-wave")]
        outcomes = {message.key: outcome_of(message, self._units.answers.get(message.key)) for message in messages}
        rows = await self._people.requests()
        report = Report(messages=messages, outcomes=outcomes, in_flight=in_flight, doubts=doubts, seconds=seconds)
        report.folder = self._stack.folder / "delivered"
        for row in rows:
            await self._count_request(report, row)
        report.count_sinks(self._sinks)
        report.callbacks = self._callbacks.had
        self._console.print(table(messages, outcomes))
        return report

    async def _count_request(self, report: Report, row: Row) -> None:
        identity = row["id"]
        for delivery in await self._people.deliveries(identity):
            report.take_delivery({**delivery, "type": row["type"], "reference": row["source"]["reference"]})
        timeline = await self._client.get(
            f"{self._stack.url('intake')}/v1/requests/{identity}", headers={"Authorization": f"Bearer {SERVICE_TOKEN}"}
        )
        said = [moment["type"] for moment in timeline.json().get("timeline", [])]
        report.assigned += "backline.routing.supporters_assigned" in said
        for document in await self._people.documents(identity):
            data = await self._people.download(document["address"])
            report.take_document(document, data)

    async def _until(self, ask: Callable[[], Awaitable[list[Row]]], enough: Callable[[list[Row]], bool]) -> list[Row]:
        """Ask until it is enough; raises TimeoutError after a bounded time."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not enough(found := await ask()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Still not there after {WAIT_SECONDS:.0f} s: {str(found)[:400]}")
            await asyncio.sleep(0.05)
        return found

    def _say(self, text: str) -> None:
        self._console.print(f"[bold]{text}[/bold] … [dim]{time.monotonic() - self._started:.0f} s[/dim]")


def main() -> int:
    """Run the demonstration; exit status 0 only if every count is what the sample says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/demo"))
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    # The broker is killed on purpose: what its client says about that is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console()
    report = asyncio.run(Demonstration(arguments.folder, console).run())
    for what, where in (("mails", "mail"), ("documents", "delivered"), ("chat messages", "chats.jsonl")):
        console.print(f"{what:<14} {arguments.folder / where}", soft_wrap=True, highlight=False)
    for fault in report.faults(sample.effects()):
        console.print(f"[red]{fault}[/red]")
    sys.stdout.flush()
    print(json.dumps(report.figures(), ensure_ascii=False))
    return 1 if report.faults(sample.effects()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
