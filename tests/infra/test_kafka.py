"""Three brokers of Apache Kafka, of which one dies; machines that have none; and how its jars come."""

import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from infra import maven
from infra.embedded import ProgramError
from infra.kafka import Cluster, fetch
from shared.messaging.producer import Producer
from tests.component.messaging.kafka_build import BOTH, Memory, Sendable, consuming, fresh, keys, numbered, producing, until
from tests.on_kafka import JARS

TOPIC = BOTH[0].name
pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


@pytest_asyncio.fixture(loop_scope="session")
async def three(jars: Path, tmp_path: Path) -> AsyncIterator[Cluster]:
    running = Cluster(tmp_path / "kafka", brokers=3, jars=jars)
    await running.start()
    yield running
    await running.stop()


async def said(producer: Producer, records: list[Sendable]) -> None:
    """Say `records` until all are acknowledged, as the ledger does."""
    while not all(await producer.send(TOPIC, records)):
        continue


async def test_with_one_of_three_brokers_killed_everything_is_still_acknowledged_and_read(three: Cluster) -> None:
    mine = fresh("r")
    memory = Memory(mine)
    async with producing(three.address) as producer:
        await said(producer, numbered(mine, 1, 20))
        three.programs[0].kill()
        await said(producer, numbered(mine, 21, 40))
        async with consuming(three.address, memory, fresh("g")):
            await until(lambda: set(memory.handled) == set(keys(mine, 1, 40)))


async def test_a_machine_that_cannot_run_it_is_told_what_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maven.shutil, "which", lambda _name: None)
    with pytest.raises(ProgramError, match="apt-get install maven"):
        await Cluster(tmp_path, jars=JARS).start()


class Maven:
    """Stands in for the program: it takes its time, and may break off in the middle."""

    def __init__(self, *, breaks_off: bool = False) -> None:
        self.runs = 0
        self.breaks_off = breaks_off

    def __call__(self, command: Sequence[str], _seconds: float) -> None:
        self.runs += 1
        (to,) = (Path(word.partition("=")[2]) for word in command if word.startswith("-DoutputDirectory="))
        to.mkdir()
        (to / "kafka_2.13.jar").touch()
        if self.breaks_off:
            raise ProgramError("the registry went away")
        time.sleep(0.1)
        (to / "the-last.jar").touch()


def test_of_several_that_want_the_jars_at_once_one_fetches_and_nobody_sees_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, jars = Maven(), tmp_path / "jars"
    monkeypatch.setattr(maven, "run", program)

    def found() -> list[str]:
        fetch(jars)
        return sorted(file.name for file in jars.iterdir())

    with ThreadPoolExecutor() as threads:
        seen = [threads.submit(found) for _ in range(4)]
    assert [one.result() for one in seen] == [["kafka_2.13.jar", "the-last.jar"]] * 4
    assert program.runs == 1


def test_jars_that_did_not_all_come_are_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, jars = Maven(breaks_off=True), tmp_path / "jars"
    monkeypatch.setattr(maven, "run", program)
    with pytest.raises(ProgramError):
        fetch(jars)
    program.breaks_off = False
    fetch(jars)
    assert (jars / "the-last.jar").exists()
