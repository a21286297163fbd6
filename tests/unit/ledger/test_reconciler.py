"""What was lost behind everything that was heard is found by comparing heads."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from shared.ledger.document import BEGINNING, Head
from shared.ledger.reconciler import ON_THE_WAY, TOLERATED, Reconciler
from shared.schemas.envelope import Event, Source
from shared.telemetry import metrics
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import MONDAY, history

PAGE = 2


class Sender:
    """Intake: what it said, told in pages of two heads; `away` while it does not answer, and never able to tell of those in `broken`."""

    def __init__(self, *histories: Sequence[Event]) -> None:
        self.histories = {events[0].subject: list(events) for events in histories}
        self.asked: list[tuple[str, int]] = []
        self.pages: list[tuple[datetime, str]] = []
        self.away = False
        self.broken: set[str] = set()

    async def heads(self, source: Source, since: datetime, after: str) -> list[Head]:
        if self.away:
            raise ConnectionError
        if source != "intake":
            return []
        self.pages.append((since, after))
        last = sorted((events[-1].time, subject) for subject, events in self.histories.items())
        behind = [(at, subject) for at, subject in last if (at, subject) > (since, after)]
        return [Head(subject=subject, sequence=len(self.histories[subject]), said_at=at) for at, subject in behind[:PAGE]]

    async def events(self, source: Source, subject: str, after: int) -> list[Event]:
        self.asked.append((subject, after))
        if subject in self.broken:
            raise RuntimeError("500: the history of this one cannot be read")
        return self.histories[subject][after:]


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.clock.forward(ON_THE_WAY.total_seconds() + 1)
    return rig


def reconciler(rig: Rig, source: Sender) -> Reconciler:
    return Reconciler("notify", rig.ledger, heads=source.heads, ask=source.events, clock=rig.clock)


def failures() -> float:
    """How often a source could not tell."""
    return float(metrics.RECONCILE_FAILURES.labels("notify", "intake")._value.get())


async def heard(rig: Rig, *subjects: str) -> list[int]:
    """How many events each subject has heard of intake."""
    known = await rig.store.heard(subjects)
    return [known.get(subject, {}).get("intake", 0) for subject in subjects]


async def test_a_lost_last_event_is_found_and_only_it_is_asked_for(rig: Rig) -> None:
    whole, cut = history("r1", 3), history("r2", 3)
    await rig.hear(*whole, *cut[:2])
    source = Sender(whole, cut)
    assert await heard(rig, "r1", "r2") == [3, 2], "nothing but a comparison can know of it"
    assert await reconciler(rig, source).compare("intake") == 1
    assert source.asked == [("r2", 2)]
    assert await heard(rig, "r1", "r2") == [3, 3]


async def test_an_emptied_service_builds_itself_from_its_sources_page_by_page(rig: Rig) -> None:
    source = Sender(*(history(f"r{number}", number) for number in range(1, 6)))
    assert await reconciler(rig, source).compare("intake") == 5
    assert await heard(rig, *(f"r{number}" for number in range(1, 6))) == [1, 2, 3, 4, 5]
    assert source.pages == [(BEGINNING, ""), (MONDAY, "r2"), (MONDAY, "r4"), (MONDAY, "r5")]


async def test_what_may_still_be_on_its_way_is_left_alone(rig: Rig) -> None:
    rig.clock.forward(-2)
    source = Sender(history("r1", 1))
    assert await reconciler(rig, source).compare("intake") == 0
    rig.clock.forward(2)
    assert await reconciler(rig, source).compare("intake") == 1


async def test_the_next_comparison_begins_a_little_before_the_end_of_the_last(rig: Rig) -> None:
    source = Sender(history("r1", 1))
    comparing = reconciler(rig, source)
    await comparing.compare("intake")
    source.pages.clear()
    await comparing.compare("intake")
    assert source.pages[0] == (MONDAY - ON_THE_WAY, "")


async def test_a_source_that_goes_away_is_compared_from_the_same_place_again(rig: Rig) -> None:
    source = Sender(history("r1", 1))
    source.away = True
    comparing = reconciler(rig, source)
    with pytest.raises(ConnectionError):
        await comparing.compare("intake")
    source.away = False
    assert await comparing.compare("intake") == 1
    assert source.pages[-2] == (BEGINNING, "")


async def test_a_subject_that_its_source_cannot_tell_of_keeps_nobody_behind_it_waiting(rig: Rig) -> None:
    source, before = Sender(history("r1", 1), history("r2", 1), history("r3", 1)), failures()
    source.broken = {"r1"}
    await reconciler(rig, source).compare("intake")
    assert await heard(rig, "r1", "r2", "r3") == [0, 1, 1]
    assert failures() == before + 1


async def test_a_subject_that_could_not_be_told_of_is_asked_for_in_every_later_round_until_it_can(rig: Rig) -> None:
    source = Sender(history("r1", 1), history("r2", 1))
    source.broken = {"r1"}
    comparing = reconciler(rig, source)
    for round_ in (1, 2):
        await comparing.compare("intake")
        assert source.asked.count(("r1", 0)) == round_
        rig.clock.forward(3600)
    source.broken.clear()
    await comparing.compare("intake")
    assert await heard(rig, "r1", "r2") == [1, 1]
    source.asked.clear()
    await comparing.compare("intake")
    assert source.asked == []


async def test_a_source_that_can_tell_of_nobody_is_away_and_is_not_asked_for_everybody(rig: Rig) -> None:
    names = [f"r{number:02}" for number in range(30)]
    source = Sender(*(history(name, 1) for name in names))
    source.broken = set(names)
    comparing = reconciler(rig, source)
    with pytest.raises(RuntimeError):
        await comparing.compare("intake")
    assert len(source.asked) == TOLERATED
    source.broken.clear()
    await comparing.compare("intake")
    assert await heard(rig, *names) == [1] * 30


async def test_however_many_cannot_be_told_of_whoever_is_behind_them_has_a_turn(rig: Rig) -> None:
    names = [f"r{number:02}" for number in range(2 * TOLERATED + 1)]
    source = Sender(*(history(name, 1) for name in [*names, "r99"]))
    source.broken = set(names)
    comparing = reconciler(rig, source)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await comparing.compare("intake")
    await comparing.compare("intake")
    assert await heard(rig, "r99") == [1]


async def test_an_operators_page_tells_how_many_could_not_be_told_of_and_goes_on(rig: Rig) -> None:
    source = Sender(history("r1", 1), history("r2", 1))
    source.broken = {"r1"}
    page = await reconciler(rig, source).compare_page("intake", BEGINNING, "", rig.clock.now(), 50)
    assert (page.compared, page.lacking, page.failed, page.last and page.last.subject) == (2, 2, 1, "r2")
    assert await heard(rig, "r1", "r2") == [0, 1]


async def test_an_event_held_because_its_request_is_parked_is_not_missing(rig: Rig) -> None:
    events = history("r1", 2)
    rig.failing.add("intake:1")
    await rig.hear(*events)
    assert (await rig.document()).parked
    assert await reconciler(rig, Sender(events)).compare("intake") == 0


async def test_nothing_is_compared_while_the_topics_are_being_read(rig: Rig) -> None:
    source, behind = Sender(history("r1", 1)), True
    comparing = Reconciler("notify", rig.ledger, heads=source.heads, ask=source.events, clock=rig.clock, every_seconds=0.001)
    working = asyncio.create_task(comparing.work(lambda: not behind))
    await asyncio.sleep(0.02)
    assert source.pages == []
    behind = False
    async with asyncio.timeout(30):
        while await heard(rig, "r1") != [1]:
            await asyncio.sleep(0.005)
    working.cancel()


async def test_an_operator_compares_everything_up_to_this_moment_and_nothing_is_skipped_after(rig: Rig) -> None:
    rig.clock.forward(-ON_THE_WAY.total_seconds())
    source = Sender(history("r1", 2))
    comparing = reconciler(rig, source)
    page = await comparing.compare_page("intake", BEGINNING, "", rig.clock.now(), 50)
    assert (page.compared, page.lacking, page.last and page.last.subject) == (1, 1, "r1")
    assert await heard(rig, "r1") == [2]
    again = await comparing.compare_page("intake", BEGINNING, "", rig.clock.now(), 50)
    assert (again.compared, again.lacking) == (1, 0)
    source.histories["r1"] = history("r1", 3)
    rig.clock.forward(ON_THE_WAY.total_seconds())
    assert await comparing.compare("intake") == 1


async def test_a_page_ends_where_it_has_asked_for_enough_so_that_no_page_takes_long(rig: Rig) -> None:
    source = Sender(history("r1", 1), history("r2", 1))
    page = await reconciler(rig, source).compare_page("intake", BEGINNING, "", rig.clock.now(), 1)
    assert (page.compared, page.lacking, page.last and page.last.subject) == (1, 1, "r1")
    assert await heard(rig, "r1", "r2") == [1, 0]


async def test_a_page_leaves_out_what_was_said_after_its_last_moment(rig: Rig) -> None:
    page = await reconciler(rig, Sender(history("r1", 1))).compare_page("intake", BEGINNING, "", BEGINNING, 50)
    assert (page.compared, page.last) == (0, None)
