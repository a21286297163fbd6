"""Three brokers of Apache Kafka, of which one dies, and machines that have none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.embedded import ProgramError
from infra.kafka import Cluster, cluster
from tests.component.messaging.kafka_build import BOTH, Memory, consuming, fresh, keys, numbered, producing, until
from tests.on_kafka import JARS

TOPIC = BOTH[0].name
pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


@pytest_asyncio.fixture(loop_scope="session")
async def three(jars: Path, tmp_path: Path) -> AsyncIterator[Cluster]:
    running = Cluster(tmp_path / "kafka", brokers=3, jars=jars)
    await running.start()
    yield running
    await running.stop()


async def test_with_one_of_three_brokers_killed_everything_is_still_acknowledged_and_read(three: Cluster) -> None:
    mine = fresh("r")
    memory = Memory(mine)
    async with producing(three.address) as producer:
        assert all(await producer.send(TOPIC, numbered(mine, 1, 20)))
        three.programs[0].kill()
        acknowledged: list[bool] = []
        while not (acknowledged and all(acknowledged)):  # the ledger says again what was not acknowledged, as here
            acknowledged = await producer.send(TOPIC, numbered(mine, 21, 40))
        async with consuming(three.address, memory, fresh("g")):
            await until(lambda: set(memory.handled) == set(keys(mine, 1, 40)), seconds=60)


async def test_a_machine_that_cannot_run_it_is_told_what_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster.shutil, "which", lambda _name: None)
    with pytest.raises(ProgramError, match="apt-get install maven"):
        await Cluster(tmp_path, jars=JARS).start()
