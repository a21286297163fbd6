"""What waits for a price request goes on exactly once, whoever is first, and also when a process is gone in between.

The domain is proven in unit tests; here what names and what is named are two documents that two processes write.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.routing import linked_read
from services.routing.surroundings import RoutingSurroundings
from shared.ledger.messages import Told, Woken
from shared.schemas.links import LinkedRequestAwaited, LinkedRequestDecided, LinkedRequestFailed
from shared.schemas.reviews import ReviewDecided
from shared.schemas.routing import WorkCompleted
from shared.storage import Database
from tests.component.routing.linked_site import (
    CONTRACT_ID,
    CONTRACT_PARTIES,
    PRICE_PARTIES,
    Process,
    a_process,
    said,
    the_contract,
    the_price,
)
from tests.unit.routing.linked import PRICE
from tests.unit.routing.routing_build import NOW

pytestmark = pytest.mark.stack
TOLD = (LinkedRequestAwaited, LinkedRequestFailed, LinkedRequestDecided, ReviewDecided, WorkCompleted)
ONCE = ["linked_request_awaited", "linked_request_decided", "review_decided", "work_completed"]


@pytest.fixture
async def two(mongo_database: Database) -> AsyncIterator[tuple[Process, Process]]:
    made = (a_process(mongo_database), a_process(mongo_database))
    await made[0].projection.prepare()
    yield made
    for process in made:
        await process.surroundings.quiet()


async def quiet(*processes: Process) -> None:
    for process in processes:
        await process.surroundings.quiet()


async def test_the_contract_goes_on_by_itself_when_the_price_is_approved(two: tuple[Process, Process], mongo_database: Database):
    one, other = two
    await one.hears(the_price())
    await one.hears(the_contract())
    await other.opines(CONTRACT_ID, *CONTRACT_PARTIES)
    assert await one.status(CONTRACT_ID) == "working"
    await one.opines(PRICE, *PRICE_PARTIES)
    await quiet(one, other)
    assert await one.status(CONTRACT_ID) == "completed"
    for process in (other, one, other):
        await process.sweeps()
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE


async def last_between(two: tuple[Process, Process]) -> None:
    """The last opinion on the price is written after the contract's first look at it, and before what that found."""
    one, other = two
    await one.hears(the_price())
    await other.opines(PRICE, *PRICE_PARTIES[:-1])

    async def meanwhile() -> None:
        await other.opines(PRICE, PRICE_PARTIES[-1])
        await quiet(other)

    one.projection.meanwhile = meanwhile
    await one.hears(the_contract())
    await quiet(one, other)


async def test_a_price_that_is_decided_between_the_look_and_its_writing_is_noticed(
    two: tuple[Process, Process], mongo_database: Database
):
    await last_between(two)
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE[:2]
    await two[1].opines(CONTRACT_ID, *CONTRACT_PARTIES)
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE


async def test_without_the_second_look_it_would_wait_until_the_sweep(
    two: tuple[Process, Process], mongo_database: Database, monkeypatch: pytest.MonkeyPatch
):
    """The control: only what is named wakes, and it was decided before anybody was there to be woken."""
    monkeypatch.setattr(linked_read, "NOTED", frozenset())
    await last_between(two)
    await two[1].opines(CONTRACT_ID, *CONTRACT_PARTIES)
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE[:1]
    await asyncio.gather(*(process.sweeps() for process in two))
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE


async def test_killed_after_the_price_was_written_the_next_process_finds_it(
    two: tuple[Process, Process], mongo_database: Database, monkeypatch: pytest.MonkeyPatch
):
    one, other = two
    await one.hears(the_price())
    await one.hears(the_contract())
    await one.opines(CONTRACT_ID, *CONTRACT_PARTIES)
    await one.opines(PRICE, *PRICE_PARTIES[:-1])

    async def killed(*_: Any) -> None:
        raise ConnectionError("killed between the write and what follows it")

    with monkeypatch.context() as gone:
        gone.setattr(RoutingSurroundings, "applied", killed)
        with pytest.raises(ConnectionError):
            await one.opines(PRICE, PRICE_PARTIES[-1])
    assert await other.status(PRICE) == "completed"
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE[:1]
    again = a_process(mongo_database)
    await asyncio.gather(other.sweeps(), again.sweeps(), other.sweeps())
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE


async def test_both_in_one_batch_whichever_is_first(two: tuple[Process, Process], mongo_database: Database):
    """The contract is woken in the very batch in which its price is decided."""
    one, other = two
    await one.hears(the_price())
    await one.hears(the_contract())
    await one.opines(CONTRACT_ID, *CONTRACT_PARTIES)
    await one.opines(PRICE, *PRICE_PARTIES[:-1])
    data = {"by": PRICE_PARTIES[-1], "opinion": "approve", "version": 1}
    last = Told(id=uuid.uuid4().hex, subject=PRICE, name="opine", data=data, at=NOW)
    await one.ledger.apply([Woken(subject=CONTRACT_ID, reason="linked"), last, Woken(subject=CONTRACT_ID, reason="linked")])
    await quiet(one, other)
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE


async def test_a_price_that_comes_after_its_contract_is_found_by_the_sweep(
    two: tuple[Process, Process], mongo_database: Database
):
    one, other = two
    await one.hears(the_contract())
    await one.sweeps()
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == []
    await other.hears(the_price())
    await one.sweeps()
    await other.sweeps()
    assert await said(mongo_database, CONTRACT_ID, *TOLD) == ONCE[:1]
