"""A process starts in order, ends in order and in time, and ends itself when it is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from shared.http.server import GRACE_SECONDS
from shared.ledger.desk import Desk
from shared.ledger.effects import Done, Ending, PointOfNoReturn
from shared.ledger.messages import Item
from shared.ledger.worker import Worker
from shared.messaging.consumer import Consumer
from shared.service import process as process_module
from shared.service.process import CLOSE_SECONDS, DESKS_SECONDS, EFFECTS_SECONDS, MARKS_SECONDS, Process
from shared.telemetry.health import Health
from tests.unit.ledger.at_work import nobody_answers
from tests.unit.ledger.rig import Rig

ROOT = Path(__file__).parents[3]


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for `condition`, at most `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class WrittenDown(Consumer):
    """The real consumer, of nothing, writing down what it is told; `fault` is what it says is lost."""

    def __init__(self, log: list[str]) -> None:
        super().__init__("nowhere:1", "routing", [])
        self.log = log
        self.fault: str | None = None

    def lost(self) -> str | None:
        return self.fault or super().lost()

    def stop_fetching(self) -> None:
        self.log.append("no more batches")
        super().stop_fetching()

    async def drain(self, seconds: float) -> None:
        await super().drain(seconds)
        self.log.append("handlers drained")

    async def close(self, seconds: float = 1) -> None:
        await super().close(seconds)
        self.log.append("groups left")


class Printing:
    """An effect that takes until it is let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, item: Item, point: PointOfNoReturn) -> Ending:
        self.begun.append(item.id)
        await point()
        await self.go.wait()
        return Done()


class House:
    """One process over a ledger in memory: the real desk, worker and consumer, and parts that write down what happens."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.rig = Rig()
        self.desk = Desk(self.rig.ledger)
        self.printing = Printing()
        self.worker = Worker(
            self.rig.ledger, self.desk, effects={"print": self.printing}, ask=nobody_answers, slots=1, sweep_seconds=0.005
        )
        self.consumer = WrittenDown(self.log)
        self.health = Health()
        self.ends = 0
        self.hanging = asyncio.Event()
        room: Any = SimpleNamespace(ledger=self.rig.ledger, desk=self.desk, store=self.rig.store, reconciler=self)
        self.process = Process(
            self._parts(),
            rooms=[room],
            workers=[self.worker],
            subscriptions=[],
            health=self.health,
            prepare=[self._note("prepared")],
            loops=[self._loop],
            closing=[self._note("mailer closed")],
            end=self._ended,
            consumer=self.consumer,
        )
        self.broken = asyncio.Event()

    def _parts(self) -> Any:
        async def opened(_rooms: object) -> None:
            self.log.append("database opened")

        async def ping(_command: str) -> None:
            return None

        return SimpleNamespace(
            settings=SimpleNamespace(service="routing", port=0),
            clock=self.rig.clock,
            people_reconciler=self,
            open=opened,
            close=self._note("connections closed"),
            client=SimpleNamespace(admin=SimpleNamespace(command=ping)),
        )

    def _note(self, what: str) -> Any:
        async def note() -> None:
            self.log.append(what)

        return note

    async def work(self, _caught_up: object) -> None:
        """A reconciler with nothing to compare."""
        await asyncio.Event().wait()

    async def _loop(self) -> None:
        self.log.append("at work")
        await self.broken.wait()
        raise ArithmeticError("a loop of the service fails")

    def _ended(self) -> None:
        self.ends += 1


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(process_module, "WATCH_SECONDS", 0.01)
    house = House()
    yield house
    house.printing.go.set()


async def test_nothing_works_before_the_database_is_open_and_prepared(house: House) -> None:
    async with house.process.lifespan(None):
        await until(lambda: "at work" in house.log)
    assert house.log[:3] == ["database opened", "prepared", "at work"]


async def test_at_the_end_nothing_new_is_taken_on_before_anything_is_closed(house: House) -> None:
    async with house.process.lifespan(None):
        await until(lambda: "at work" in house.log)
        house.log.clear()
    steps = list(dict.fromkeys(house.log))
    assert steps == ["no more batches", "handlers drained", "groups left", "mailer closed", "connections closed"]
    assert "process" in await house.health.problems("ready")


async def test_a_stopping_process_leases_nothing_more_and_ends_what_it_has_begun(house: House) -> None:
    async with house.process.lifespan(None):
        await house.rig.plan("a", "b")
        house.worker.nudge({"r1": 1})
        await until(lambda: bool(house.printing.begun))
        house.process.stop_taking()
        house.printing.go.set()
    assert len(house.printing.begun) == 1
    ends = {item.id: item.status for item in (await house.rig.document()).items}
    assert ends == {house.printing.begun[0]: "done", **dict.fromkeys({"a", "b"} - {*house.printing.begun}, "planned")}


async def test_readiness_is_off_from_the_signal_on(house: House) -> None:
    async with house.process.lifespan(None):
        assert await house.health.problems("ready") == {}
        house.process.stop_taking()
        assert set(await house.health.problems("ready")) == {"process", "broker"}
        assert await house.health.problems("live") == {}


async def test_what_hangs_at_the_end_is_left_after_its_bound_and_the_rest_is_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EFFECTS_SECONDS", "DESKS_SECONDS", "CLOSE_SECONDS"):
        monkeypatch.setattr(process_module, name, 0.05)
    async with house.process.lifespan(None):
        await house.rig.plan("a")
        house.worker.nudge({"r1": 1})
        await until(lambda: bool(house.printing.begun))
        started = time.monotonic()
    assert time.monotonic() - started < 2, "an effect that hangs is not waited for"
    assert house.log[-2:] == ["mailer closed", "connections closed"]
    assert (await house.rig.item("a")).status == "data", "it stays in doubt for whoever comes next"


def test_all_stages_together_fit_into_the_grace_time_of_the_containers() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    graces = {service["stop_grace_period"] for service in compose["services"].values() if "stop_grace_period" in service}
    assert graces == {"30s"}
    assert EFFECTS_SECONDS + DESKS_SECONDS <= 20
    assert GRACE_SECONDS + EFFECTS_SECONDS + DESKS_SECONDS + MARKS_SECONDS + 2 * CLOSE_SECONDS + 1 < 30


async def test_a_process_whose_task_has_ended_is_not_live_and_ends_itself_once(house: House) -> None:
    async with house.process.lifespan(None):
        house.broken.set()
        await until(lambda: house.ends > 0)
        assert set(await house.health.problems("live")) == {"tasks"}
        assert "process" in await house.health.problems("ready")
    assert house.ends == 1


async def test_a_process_whose_consumer_is_lost_ends_itself(house: House) -> None:
    async with house.process.lifespan(None):
        assert house.ends == 0
        house.consumer.fault = "Records wait, and none was read."
        await until(lambda: house.ends > 0)
        assert await house.health.problems("live") == {"tasks": "Records wait, and none was read."}


async def test_a_task_that_is_begun_again_at_once_ends_nothing(house: House) -> None:
    faults = iter(["A task has ended."])
    house.consumer.lost = lambda: next(faults, None)  # type: ignore[method-assign]
    async with house.process.lifespan(None):
        await until(lambda: next(faults, "asked") == "asked")
        await asyncio.sleep(0)
    assert house.ends == 0


async def test_a_start_that_fails_otherwise_than_by_a_broker_that_is_away_is_seen(house: House) -> None:
    async def run() -> None:
        raise ArithmeticError("the client is broken")

    run.__qualname__ = "Consumer.run"
    house.consumer.run = run  # type: ignore[method-assign]
    async with house.process.lifespan(None):
        await until(lambda: house.ends > 0)
        assert await house.health.problems("live") == {"tasks": "These tasks have ended: Consumer.run."}


def test_people_and_keys_are_compared_while_the_broker_is_away_and_not_while_records_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    assert not house.consumer.caught_up()
    monkeypatch.setattr(house.consumer, "problem", lambda: "The broker does not answer any more.")
    assert house.process._may_compare_people()
    monkeypatch.setattr(house.consumer, "problem", lambda: None)
    assert not house.process._may_compare_people()
    monkeypatch.setattr(house.consumer, "caught_up", lambda: True)
    assert house.process._may_compare_people()
