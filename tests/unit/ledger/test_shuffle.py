"""The ledger keeps its promises under any schedule, and the checker sees each protection that is taken away."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from shared.ledger import folding, items, order
from shared.ledger.document import Document, Held
from shared.ledger.messages import Item
from shared.ledger.reconciler import Reconciler
from shared.schemas.envelope import Event, Source
from tests.unit.ledger.memory_store import MemoryStore
from tests.unit.ledger.shuffle import World
from tests.unit.ledger.turns import SkippingLoop
from tests.unit.ledger.verdicts import faults_of

pytestmark = [pytest.mark.usefixtures("silent_log"), pytest.mark.timeout(300)]
SCHEDULES = 1000
SHARES = 4  # so that several workers may share them
CONTROLS = 60
SEEDS = st.integers(min_value=0, max_value=2**63 - 1)


def verdict(seed: int, *, store: MemoryStore | None = None, **wrapping: Any) -> list[str]:
    """The promises broken under the schedule of `seed`."""

    async def schedule() -> list[str]:
        world = World(dice=random.Random(seed), store=store or MemoryStore(), **wrapping)
        await world.run()
        return await faults_of(world)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(schedule())


@pytest.mark.parametrize("_share", range(SHARES))
@settings(
    max_examples=SCHEDULES // SHARES, deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck)
)
@given(seed=SEEDS)
def test_no_schedule_breaks_a_promise(_share: int, seed: int) -> None:
    note(f"the schedule of seed {seed}")
    assert verdict(seed) == []


class Forgetful:
    """A store that forgets which commands were applied."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def load(self, subjects: Sequence[str]) -> dict[str, Document]:
        documents: dict[str, Document] = await self._inner.load(subjects)
        for document in documents.values():
            document.applied = []
        return documents


class Counting:
    """A publisher that reports how many were acknowledged, as if always the first ones."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        acknowledged = sum(await self._inner.publish(events))
        return [True] * acknowledged + [False] * (len(events) - acknowledged)


def faults(**change: Any) -> Iterator[str]:
    """All promises broken in some schedules, each schedule played only when it is asked for; `change` takes a protection away."""
    dice = random.Random(1)
    return (fault for _ in range(CONTROLS) for fault in _surviving(dice.randrange(2**32), **change))


def found(*wanted: str, **change: Any) -> bool:
    """Whether one of `wanted` happens in some schedule with a protection taken away."""
    return any(sentence in fault for fault in faults(**change) for sentence in wanted)


def _surviving(seed: int, *, guarded: bool = True, **wrapping: Any) -> list[str]:
    """A ledger without its protection may also simply break; that counts as found."""
    try:
        return verdict(seed, store=MemoryStore(guarded=guarded), **wrapping)
    except AssertionError as error:
        return [str(error)]


def test_with_every_protection_the_controls_find_nothing() -> None:
    assert list(faults()) == []


def test_without_message_ids_a_command_applied_twice_is_found() -> None:
    assert found("applied 2 times", wrap_store=Forgetful)


def test_counting_acknowledgements_instead_of_a_prefix_is_found() -> None:
    assert found("written and never published", wrap_publisher=Counting)


def test_writing_without_the_revision_is_found() -> None:
    assert found("sequences are not dense", guarded=False)


def test_not_comparing_heads_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def blind(*_: Any) -> int:
        return 0

    monkeypatch.setattr(Reconciler, "compare", blind)
    assert found("heard of intake")


def test_taking_a_fork_for_a_repetition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "is_fork", lambda *_: False)
    assert found("forgeries were dropped")


def test_a_bad_record_that_has_its_turn_before_the_good_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def first(document: Document, hears: frozenset[Source]) -> Held | None:
        return next((held for held in document.early if order.has_its_turn(document, held, hears)), None)

    monkeypatch.setattr(order, "next_in_turn", first)
    assert found("JSONDecodeError", "not the digest")


def test_an_effect_whose_point_of_no_return_is_not_on_record_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def unrecorded(document: Document, item: Item, owner: str, _now: datetime) -> bool:
        return items.leased(document, item, owner) is not None

    monkeypatch.setattr(items, "pass_point", unrecorded)
    assert found("happened 2 times")


def test_rebuilding_without_the_order_that_own_events_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_source_after_the_other(_source: str, own: Sequence[Event], heard: Mapping[str, Sequence[Event]]) -> list[Event]:
        return [*own, *(event for source in sorted(heard) for event in heard[source])]

    monkeypatch.setattr(folding, "in_order", one_source_after_the_other)
    assert found("does not follow from the facts")
