"""The comparison: the bare loop and Backline in turn, each on an empty broker and database, as fast as they go."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.brokers import BrokerKind
from shared.schemas.model import Json
from tests.bench import ground, mix
from tests.bench.backline import Backline
from tests.bench.bare_side import Bare, Share
from tests.bench.company import SENDING
from tests.bench.figures import median, percentile, spread
from tests.bench.ground import ACCEPTED, Finished
from tests.bench.load import Row
from tests.bench.mix import Filed

FIRST_REQUESTS = 300
RUN_SECONDS = 15
FEWEST = 300
MOST = 20_000
QUIET_PART = 0.1
QUIET_SECONDS = 10
FEWEST_QUIET = 5
SETTLE_SECONDS = 3


@dataclass(frozen=True, kw_only=True)
class Lived:
    """One life of side B: at full rate, then at a tenth of it; `told` is (seconds until) the last mail about each request."""

    finished: Finished
    rows: Sequence[Row]
    told: Sequence[float]
    idle_mb: dict[str, float]


async def compare(broker: BrokerKind, folder: Path, alternations: int, requests: int | None = None) -> Json:
    """Medians over `alternations` of A and B; a shorter run of B before tells how much the bare loop must do, and how many
    requests keep Backline busy for a while. The bare loop is sent as many as B takes.
    """
    first = (await backline(broker, folder / "first", min(FIRST_REQUESTS, requests or FIRST_REQUESTS), quiet=False)).finished
    share, count = Share.like(first), requests or min(MOST, max(FEWEST, round(first.rate * RUN_SECONDS)))
    taken = round(count * first.taken / first.requests)
    print(f"{broker}: {count} requests filed and {taken} taken a run, as the bare loop's share of each {vars(share)}", flush=True)
    bares: list[Finished] = []
    ours: list[Lived] = []
    for turn in range(alternations):
        bares.append(await bare(broker, folder / f"a{turn}", count, taken, share))
        ours.append(await backline(broker, folder / f"b{turn}", count))
        print(f"{broker}: bare {bares[-1].rate:.1f}/s, Backline {ours[-1].finished.rate:.1f}/s", flush=True)
    return {**_rates(bares, [one.finished for one in ours]), **_latencies(ours), "idle_mb": _idle(ours)}


async def backline(broker: BrokerKind, folder: Path, requests: int, *, quiet: bool = True) -> Lived:
    """Side B once."""
    side = Backline(folder, broker=broker)
    later: list[Filed] = []
    rows: list[Row] = []
    try:
        await side.start()
        await asyncio.sleep(SETTLE_SECONDS)
        idle = side.memory()
        await side.survey(requests)
        finished = await side.run(mix.requests(requests, side.requesters))
        await side.verify(requests)
        if quiet:
            rate = finished.rate * QUIET_PART
            later = mix.requests(
                max(FEWEST_QUIET, round(rate * QUIET_SECONDS)), side.requesters, first=requests, surveyed=requests
            )
            rows = await ground.load(folder, side.port, later, rate)
            await ground.quiet(side)
    finally:
        mails = await side.stop()
    last = {request: at for at, request in mails}
    told = [last[one.id] - due for one, (due, _, status) in zip(later, rows, strict=True) if status == ACCEPTED]
    return Lived(finished=finished, rows=rows, told=told, idle_mb=idle)


async def bare(broker: BrokerKind, folder: Path, requests: int, taken: int, share: Share) -> Finished:
    """Side A once, after as many surveys as B had for a warm-up: sent `taken` requests, as many as B takes of `requests`."""
    people = {unit: ["P"] for unit in SENDING}
    side = Bare(folder, share, broker=broker)
    try:
        await side.start()
        await ground.run(side, mix.surveys(requests, people))
        return await ground.run(side, mix.requests(taken, people), worth=requests)
    finally:
        await side.stop()


def _rates(bares: Sequence[Finished], ours: Sequence[Finished]) -> Json:
    rate, bare_rate = median(one.rate for one in ours), median(one.rate for one in bares)
    return {
        "end_to_end_per_second": rate,
        "bare_per_second": bare_rate,
        "ratio": rate / bare_rate,
        "spread": max(spread([one.rate for one in runs]) for runs in (bares, ours)),
        "accepted_per_second": median(one.requests / one.accepted_seconds for one in ours),
        "cpu_seconds_per_request": median(one.cpu_per_request for one in ours),
        "bare_cpu_seconds_per_request": median(one.cpu_per_request for one in bares),
        "cpu_ms_by_program": {
            name: median(one.cpu[name] / one.requests * 1000 for one in ours if name in one.cpu) for name in ours[0].cpu
        },
        "mails_per_request": median(one.mails for one in ours),
        "bare_mails_per_request": median(one.mails for one in bares),
        "events_per_request": median(sum(one.applied.values()) for one in ours),
        "bare_events_per_request": median(sum(one.applied.values()) for one in bares),
        "events_said_per_request": median(sum(one.said.values()) for one in ours),
        "bare_events_said_per_request": median(sum(one.said.values()) for one in bares),
        "requests": ours[0].requests,
        "taken": median(float(one.taken) for one in ours),
        "bare_taken": median(float(one.taken) for one in bares),
        "runs": {"bare": [one.rate for one in bares], "backline": [one.rate for one in ours]},
    }


def _latencies(ours: Sequence[Lived]) -> Json:
    answered = [(done - due) * 1000 for one in ours for due, done, _ in one.rows]
    told = [seconds * 1000 for one in ours for seconds in one.told]
    return {
        "p50_ms": percentile(answered, 50),
        "p99_ms": percentile(answered, 99),
        "told_p50_ms": percentile(told, 50),
        "told_p99_ms": percentile(told, 99),
    }


def _idle(ours: Sequence[Lived]) -> dict[str, float]:
    return {name.rsplit("-", 1)[0]: median(one.idle_mb[name] for one in ours) for name in ours[0].idle_mb}
