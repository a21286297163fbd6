"""Our bare loop beside another one with the same parts (a folder with intake.py, stages.py and load.py): ours must not be slower.

That one sends no mails, and nobody hears what its last stages say; neither does anybody of ours here.
It expects the database on port 27117 and the broker on port 9192.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from infra.embedded import Broker, Mongod
from infra.embedded.programs import Program, free_port
from shared.schemas.envelope import Source
from shared.schemas.model import Json
from shared.storage import connect
from tests.bench import ground
from tests.bench.bare_side import Bare, Share
from tests.bench.figures import median
from tests.bench.mix import Filed

REQUESTS = 3000
WARM_UP = 100
ALTERNATIONS = 3
MONGOD_PORT, BROKER_PORT = 27117, 9192
RUN = "yardstick"
HEARS: Mapping[Source, Sequence[Source]] = {
    "intake": (),
    "routing": ("intake",),
    "notify": ("routing",),
    "documents": ("routing",),
}
STAGES = ("routing", "notify", "documents")


async def side_by_side(console: Console, folder: Path, other: Path) -> int:
    """Print both rates; exit status 0 when ours is not slower."""
    filed = [Filed(unit="east", body=_body(number)) for number in range(REQUESTS)]
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(ALTERNATIONS):
        theirs.append(await _other(folder / f"other-{turn}", other, filed))
        ours.append(await _ours(folder / f"ours-{turn}", filed))
        console.print(f"the other bare loop {theirs[-1]:.1f}/s, ours {ours[-1]:.1f}/s")
    console.print(f"medians: the other {median(theirs):.1f}/s, ours {median(ours):.1f}/s, without mails")
    return 0 if median(ours) >= median(theirs) else 1


def _body(number: int) -> Json:
    details = {f"f{field}": "内容内容内容" for field in range(6)} | {"a": "需求调研" * 5}
    source = {"system": "crm", "reference": f"R-{number}"}
    return {"type": "tech.survey", "business_unit": "east", "requester": "p001", "source": source, "details": details}


async def _ours(folder: Path, filed: Sequence[Filed]) -> float:
    side = Bare(folder, Share(routing=1, documents=1, planned=1, mails=0), hears=HEARS)
    try:
        await side.start()
        await ground.run(side, filed[:WARM_UP])
        return (await ground.run(side, filed)).rate
    finally:
        await side.stop()


async def _other(folder: Path, other: Path, filed: Sequence[Filed]) -> float:
    mongod, broker, port = Mongod(folder, MONGOD_PORT), Broker(folder, BROKER_PORT), free_port()
    environment = {"RUN": RUN, "B": f"127.0.0.1:{BROKER_PORT}", "PYTHONPATH": str(other)}
    commands = {stage: [str(other / "stages.py"), stage] for stage in STAGES}
    commands["intake"] = ["-m", "uvicorn", "intake:app", "--port", str(port), "--log-level", "warning", "--no-access-log"]
    programs = [
        Program(name, [sys.executable, *command], log=folder / "log" / f"{name}.log", environment=environment)
        for name, command in commands.items()
    ]
    client = connect(mongod.uri)
    try:
        await asyncio.gather(mongod.start(), broker.start())
        topics = [sys.executable, str(other / "load.py"), "0", "topics"]
        made = Program("topics", topics, log=folder / "log" / "topics.log", environment=environment)
        made.start()
        while made.pid is not None:
            await asyncio.sleep(0.1)
        for program in programs:
            program.start()
        await programs[-1].wait_until(lambda: _listens(port))

        async def done(count: int) -> bool:
            ends = [client[f"{RUN}_{stage}"]["requests"].count_documents({"published": 1}) for stage in ("notify", "documents")]
            return min(await asyncio.gather(*ends)) >= count

        ground.ensure_accepted(await ground.load(folder, port, filed[:WARM_UP]))
        await ground.until(lambda: done(WARM_UP), "The warm-up's end")
        rows = await ground.load(folder, port, filed)
        ground.ensure_accepted(rows)
        ended = await ground.until(lambda: done(WARM_UP + len(filed)), "The end")
        return len(filed) / (ended - min(due for due, _, _ in rows))
    finally:
        client.close()
        await asyncio.gather(*(program.stop(3) for program in programs))
        await broker.stop()
        await mongod.stop()


async def _listens(port: int) -> bool:
    try:
        (await asyncio.open_connection("127.0.0.1", port))[1].close()
    except OSError:
        return False
    return True
