"""Intake while the broker is down: at a tenth of the greatest rate everything is answered, and what piled up is drained."""

import time
from pathlib import Path

from infra.brokers import BrokerKind
from shared.schemas.model import Json
from tests.bench import ground, mix
from tests.bench.backline import Backline
from tests.bench.comparison import FEWEST_QUIET, QUIET_PART
from tests.bench.figures import percentile
from tests.bench.ground import ACCEPTED

SECONDS = 20
WARM_UP = 100


async def outage(broker: BrokerKind, folder: Path, rate: float, seconds: float = SECONDS) -> Json:
    """`rate` is the greatest measured. `outage_drain_ratio` compares the pace at which intake published what had piled up,
    from the broker's first answer on, with the pace at which it came.
    """
    side = Backline(folder, broker=broker)
    try:
        await side.start()
        await side.survey(WARM_UP)
        await side.run(mix.requests(WARM_UP, side.requesters))
        pace = rate * QUIET_PART
        filed = mix.requests(max(FEWEST_QUIET, round(pace * seconds)), side.requesters, first=WARM_UP, surveyed=WARM_UP)
        await side.stack.broker.stop()
        started = time.monotonic()
        rows = await ground.load(folder, side.port, filed, pace)
        came = len(filed) / (time.monotonic() - started)
        said = (await side.counts()).published["intake"]
        await side.stack.broker.start()
        back = time.monotonic()

        async def published() -> bool:
            return (await side.counts()).published["intake"] >= said + len(filed)

        async def told() -> bool:
            statuses, ends = await side.outcomes()
            return statuses == {"assigned": WARM_UP + len(filed)} and set(ends) == {"sent"}

        drained = await ground.until(published, "The backlog's end")
        over = await ground.until(told, "The end of every request sent during the outage")
    finally:
        await side.stop()
    return {
        "outage_requests": len(filed),
        "outage_refused": sum(status != ACCEPTED for _, _, status in rows),
        "outage_p99_ms": percentile(((answered - due) * 1000 for due, answered, _ in rows), 99),
        "outage_drain_ratio": len(filed) / (drained - back) / came,
        "outage_over_after_seconds": over - back,
    }
