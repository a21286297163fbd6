"""Documents and mails measured apart, each beside the bare library doing the same: `python -m tests.bench.alone --result FILE`.

A process of its own: a rendering child imports its parent's main module, and must not pay for the rest of the benchmark.

Every document and every mail has content of its own. Documents are compared by CPU time, since rendering happens in child
processes and the service's own part beside them: the real effect (what is personal fetched, composed, rendered in a child,
counted, stored) against typst compiling the very same data. Mails are compared by the clock, all in one process: the real
effect (looked up, worded, built, handed over on kept connections) against aiosmtplib with mails built by the same call.
What the ledger adds to both is in the comparison end to end.
"""

import argparse
import asyncio
import hashlib
import resource
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import aiosmtplib
import orjson
import typst

from infra.embedded.programs import Program, ProgramError
from services.documents.effects import Rendering
from services.documents.rendering import pdf
from services.documents.rendering.children import Children
from services.documents.rendering.given import Job
from services.documents.rendering.job import render
from services.notify.channels.smtp import Mailer, SmtpServer
from services.notify.effects import Effects
from services.notify.rendering.view import Reader
from shared.ledger.effects import Done
from shared.ledger.messages import Item
from shared.schemas.model import Json
from shared.schemas.people import Directory, Person
from shared.service.process import keep_for_good
from shared.telemetry.clock import clock_from
from tests.bench import ground
from tests.bench.bare_mail import RECIPIENT, SENDER, bare_mail
from tests.bench.figures import median
from tests.bench.ground import Sink
from tests.bench.mix import WEIGHTS
from tests.builders import a_body, a_directory, a_person
from tests.unit.documents.renderings import a_job
from tests.unit.notify.letters import a_renderer
from tests.unit.notify.notify_build import ALL_TEMPLATES
from tests.unit.notify.scenes import items_for

DOCUMENTS = 50  # as many as one rendering child makes before it is replaced
MAILS = 1200
MAIL_TURNS = 4
ALTERNATIONS = 3
CONNECTIONS = 4
KINDS = tuple(kind for kind in WEIGHTS if kind != "business.contract")
"""A contract's packet is put together from attachments too, which typst has no part in."""


class Ports:
    """What the rendering effect needs of others: personal values at hand, files kept in memory."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._personal = {job.identity: job.personal for job in jobs}

    async def personal(self, request: str) -> Json:
        return dict(self._personal[request])

    async def attachment(self, sha256: str, request: str) -> tuple[str, bytes]:
        raise LookupError(f"The documents measured here name no attachment, yet {sha256} was asked for.")

    async def put(self, data: bytes, *, name: str, media_type: str, owner: str | None = None) -> str:
        return hashlib.sha256(data).hexdigest()

    async def discard(self, sha256: str, before: datetime) -> bool:
        raise LookupError(f"Nothing is erased while it is measured, yet {sha256} was to go.")


async def documents(count: int = DOCUMENTS, alternations: int = ALTERNATIONS) -> Json:
    """{documents_ratio, documents_per_core_second, bare_documents_per_core_second}."""
    jobs = [_job(number) for number in range(count)]
    data = _composed(jobs)
    ours: list[float] = []
    bares: list[float] = []
    for _ in range(alternations):
        bares.append(count / _cpu_of(lambda: [_compile(one) for one in data]))
        ours.append(count / await _cpu_of_rendering(jobs))
    rate, bare = median(ours), median(bares)
    return {"documents_ratio": rate / bare, "documents_per_core_second": rate, "bare_documents_per_core_second": bare}


def _job(number: int) -> Job:
    kind = KINDS[number % len(KINDS)]
    body = a_body(kind, extra={"对接窗口": f"北门登记处{number}号", "budget_code": f"BC-{number}"})
    if isinstance(body["details"].get("format"), list):
        body["details"]["format"] = ["pdf"]
    job = a_job(body)
    return Job(**{**vars(job), "identity": f"{number:08x}-0000-5000-8000-000000000000"})


def _composed(jobs: Sequence[Job]) -> list[str]:
    """What typst is given for each job, word for word."""
    given: list[str] = []
    real = typst.compile

    def noting(*args: Any, **kwargs: Any) -> Any:
        given.append(kwargs["sys_inputs"]["data"])
        return real(*args, **kwargs)

    typst.compile = noting
    try:
        for job in jobs:
            render(job)
    finally:
        typst.compile = real
    return given


def _compile(data: str) -> bytes:
    return bytes(
        typst.compile(
            pdf.TEMPLATE,
            root=pdf.TEMPLATE.parent,
            font_paths=[pdf.FONTS],
            ignore_system_fonts=True,
            sys_inputs={"data": data},
            format="pdf",
        )
    )


def _cpu_of(work: Callable[[], object]) -> float:
    before = _cpu(resource.RUSAGE_SELF)
    work()
    return _cpu(resource.RUSAGE_SELF) - before


async def _cpu_of_rendering(jobs: Sequence[Job]) -> float:
    """CPU seconds of this process and of the children that rendered, their start included."""
    ports, children = Ports(jobs), Children()
    effect = Rendering(intake=ports, files=ports, renderer=children, directory=a_directory, policy_root=None)
    before = _cpu(resource.RUSAGE_SELF) + _cpu(resource.RUSAGE_CHILDREN)
    for job in jobs:
        ended = await effect.perform(Item(id=job.identity, kind="render", data=job.data, subject=job.identity), _nothing)
        assert isinstance(ended, Done), ended
    if children._pool is not None:
        children._pool.shutdown()  # in order, so that the children's time is known
    return _cpu(resource.RUSAGE_SELF) + _cpu(resource.RUSAGE_CHILDREN) - before


def _cpu(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


async def _nothing() -> None:
    """No ledger: the point of no return is passed at once."""


async def mails(folder: Path, count: int = MAILS, alternations: int = ALTERNATIONS) -> Json:
    """{mails_ratio, mails_per_second, bare_mails_per_second, sink_mails_per_second}; the ratio is the median of neighbours', in many
    short turns: within a second these machines are themselves.
    """
    sink = Sink(folder)
    await sink.start()
    try:
        ours: list[float] = []
        bares: list[float] = []
        for _ in range(alternations * MAIL_TURNS):
            bares.append(await _bare_mails(sink.port, count // MAIL_TURNS))
            ours.append(await _mails(sink.port, count // MAIL_TURNS))
        used = sink.cpu_seconds()
        taken = await _hammered(sink.port)
        ceiling = taken / (sink.cpu_seconds() - used)
    finally:
        await sink.stop()
    rate, bare = median(ours), median(bares)
    ratio = median(own / other for own, other in zip(ours, bares, strict=True))
    return {"mails_ratio": ratio, "mails_per_second": rate, "bare_mails_per_second": bare, "sink_mails_per_second": ceiling}


async def _mails(port: int, count: int) -> float:
    planned = [item for template in ALL_TEMPLATES for item in items_for(template) if item.kind == "email"]
    items = [
        Item(**{**vars(planned[n % len(planned)]), "id": f"{n:08x}", "subject": f"r{n:07x}"}) for n in range(count + CONNECTIONS)
    ]
    directory = Directory().with_entries(_readers(items))
    mailer = Mailer(SmtpServer(host="127.0.0.1", port=port, connections=CONNECTIONS))
    renderer = a_renderer()
    for item in planned:  # a process compiles its templates once
        renderer.letter(item, reader=Reader(name="", locale="zh", time_zone="Asia/Shanghai"), directory=directory)
    effects = Effects(
        directory=lambda: directory,
        renderer=renderer,
        sender=SENDER,
        mails=mailer,
        chats=None,  # type: ignore[arg-type]  # mails alone
        hooks=None,  # type: ignore[arg-type]  # mails alone
        clock=clock_from(None, "development"),
    )
    waiting = iter(items)

    async def one_after_the_other() -> None:
        for item in waiting:
            ended = await effects.perform(item, _nothing)
            assert isinstance(ended, Done), ended

    await asyncio.gather(
        *(effects.perform(item, _nothing) for item in islice(waiting, CONNECTIONS))
    )  # all are open, as the others'
    started = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(CONNECTIONS)))
    spent = time.perf_counter() - started
    await mailer.close()
    return count / spent


def _readers(items: Sequence[Item]) -> list[Person]:
    return [a_person(recipient, "harbour") for recipient in sorted({item.data["recipient"] for item in items})]


async def _bare_mails(port: int, count: int) -> float:
    numbers = iter(range(count))
    clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False) for _ in range(CONNECTIONS)]
    for client in clients:
        await client.connect()

    async def one_after_the_other(client: aiosmtplib.SMTP) -> None:
        for number in numbers:
            mail = bare_mail(f"{number:08x}", f"r{number:07x}")
            await client.mail(SENDER.address)
            await client.rcpt(RECIPIENT)
            await client.data(mail)

    started = time.perf_counter()
    await asyncio.gather(*(one_after_the_other(client) for client in clients))
    spent = time.perf_counter() - started
    for client in clients:
        client.close()
    return count / spent


async def _hammered(port: int, seconds: float = 2.0) -> int:
    """How many mails the sink takes from clients that only write bytes; by its CPU time, what one core of it would let through."""
    mail = bare_mail("00000000", "r0000000").replace(b"\r\n.", b"\r\n..")
    script = (b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@d.example>\r\n", b"DATA\r\n", mail + b"\r\n.\r\n")
    taken = 0
    deadline = time.perf_counter() + seconds

    async def hammer() -> None:
        nonlocal taken
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        while time.perf_counter() < deadline:
            for line in script:
                writer.write(line)
                await reader.readline()
            taken += 1
        writer.close()

    await asyncio.gather(*(hammer() for _ in range(8)))
    return taken


async def measure(
    folder: Path, documents_count: int = DOCUMENTS, mails_count: int = MAILS, alternations: int = ALTERNATIONS
) -> Json:
    """Both, from a process of its own. Raises ProgramError when it fails."""
    result = folder / "alone.json"
    counts = ("--documents", documents_count, "--mails", mails_count, "--alternations", alternations)
    program = Program("alone", ground.python("alone", "--result", result, *counts), log=folder / "log" / "alone.log")
    program.start()
    while program.pid is not None:
        await asyncio.sleep(0.1)
    if not result.exists():
        raise ProgramError(f"Documents and mails could not be measured ({program.ending}). The log ends: {program.tail()}")
    found: Json = orjson.loads(result.read_bytes())
    return found


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--mails", type=int, default=MAILS)
    parser.add_argument("--alternations", type=int, default=ALTERNATIONS)
    given = parser.parse_args()
    keep_for_good()  # as a service does, and for both sides
    found = asyncio.run(mails(given.result.parent, given.mails, given.alternations))
    found |= asyncio.run(documents(given.documents, given.alternations))
    given.result.write_bytes(orjson.dumps(found))


if __name__ == "__main__":
    main()
