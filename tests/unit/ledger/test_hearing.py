"""What comes from Kafka reaches its ledger, or is kept where somebody finds it."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared.ledger.hearing import Hearing
from shared.messaging.dead_letters import Dead, DeadLetters
from shared.messaging.wire import Record, record_of
from shared.telemetry import metrics
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import history


class Heard(Rig):
    """A rig that hears records and keeps its dead letters in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[tuple[Record, str]] = []
        self.sends = 0
        self.hearing = Hearing(self.ledger, DeadLetters("routing", self, self._copy, self.clock.now))

    async def keep(self, _identity: str, record: Record, problem: str, _at: Any) -> None:
        """As a DeadLetterStore."""
        self.letters.append((record, problem))

    async def _copy(self, dead: Sequence[Dead]) -> list[bool]:
        self.sends += 1
        return [True] * len(dead)


@pytest.fixture
def rig() -> Heard:
    return Heard()


def counted(counter: Any, reason: str) -> float:
    return float(counter.labels("routing", reason)._value.get())


async def test_a_record_of_a_source_that_is_not_heard_is_a_dead_letter_and_parks_nothing(rig: Heard) -> None:
    foreign = record_of(history("r1", 1, "notify")[0])
    before = counted(metrics.DEAD_LETTERS, "unheard"), counted(metrics.PARKINGS, "poison")
    await rig.hearing.handle([foreign, record_of(history("r2", 1)[0])])
    assert rig.letters == [(foreign, "routing does not hear notify")]
    assert (counted(metrics.DEAD_LETTERS, "unheard"), counted(metrics.PARKINGS, "poison")) == (before[0] + 1, before[1])
    assert await rig.store.load(["r1"]) == {}
    assert (await rig.diary("r2")).heard == ("intake:1",)


async def test_a_record_that_names_no_request_is_a_dead_letter(rig: Heard) -> None:
    nameless = Record(topic="t", partition=0, offset=1, key=None, headers=(), value=b"{}")
    await rig.hearing.handle([nameless])
    assert [record for record, _ in rig.letters] == [nameless]


async def test_however_many_dead_letters_a_batch_holds_the_broker_is_waited_for_once(rig: Heard) -> None:
    nameless = [Record(topic="t", partition=0, offset=number, key=None, headers=(), value=b"{}") for number in range(20)]
    await rig.hearing.handle([*nameless, record_of(history("r1", 1, "notify")[0]), record_of(history("r2", 1)[0])])
    assert (len(rig.letters), rig.sends) == (21, 1)
    assert (await rig.diary("r2")).heard == ("intake:1",)


async def test_a_batch_without_dead_letters_asks_the_broker_for_nothing(rig: Heard) -> None:
    await rig.hearing.handle([record_of(history("r1", 1)[0])])
    assert rig.sends == 0
