"""The comparison: the bare loop and Backline in turn, each on an empty broker and database, as fast as they go."""

import statistics
from pathlib import Path

from infra.brokers import BrokerKind
from shared.schemas.model import Json
from tests.bench import ground, mix
from tests.bench.backline import Backline
from tests.bench.bare_side import Bare, Share
from tests.bench.ground import Finished


async def compare(broker: BrokerKind, folder: Path, requests: int, alternations: int) -> Json:
    """Medians over `alternations` of A and B; a shorter run of B before tells how much the bare loop must do."""
    first = await backline(broker, folder / "first", max(50, requests // 3))
    share = Share.like(first)
    bares: list[Finished] = []
    ours: list[Finished] = []
    for turn in range(alternations):
        bares.append(await bare(broker, folder / f"a{turn}", requests, share))
        ours.append(await backline(broker, folder / f"b{turn}", requests))
        print(f"{broker}: bare {bares[-1].rate:.1f}/s, Backline {ours[-1].rate:.1f}/s", flush=True)
    bare_rate, rate = (statistics.median(one.rate for one in runs) for runs in (bares, ours))
    return {
        "end_to_end_per_second": rate,
        "bare_per_second": bare_rate,
        "ratio": rate / bare_rate,
        "cpu_seconds_per_request": statistics.median(one.cpu_per_request for one in ours),
        "bare_cpu_seconds_per_request": statistics.median(one.cpu_per_request for one in bares),
        "mails_per_request": statistics.median(one.mails for one in ours),
    }


async def backline(broker: BrokerKind, folder: Path, requests: int) -> Finished:
    """Side B once."""
    side = Backline(folder, broker=broker)
    try:
        await side.start()
        await side.survey(requests)
        finished = await side.run(mix.requests(requests, side.requesters))
        await side.verify(requests)
    finally:
        await side.stop()
    return finished


async def bare(broker: BrokerKind, folder: Path, requests: int, share: Share) -> Finished:
    """Side A once, after the same surveys for a warm-up."""
    people = {unit: ["P"] for unit in mix.SENDING}
    side = Bare(folder, share, broker=broker)
    try:
        await side.start()
        await ground.run(side, mix.surveys(requests, people))
        finished = await ground.run(side, mix.requests(requests, people))
    finally:
        await side.stop()
    return finished
