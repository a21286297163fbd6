"""A fixed few of the runs, as part of every test run; `make faults` makes them all."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.cases import FIXED as PROFILE
from tests.faults.catalogue import catalogue
from tests.faults.plans import FIXED
from tests.faults.runs import run
from tests.faults.stand import EMBEDDED, Stand

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
SEED = 7


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path_factory.mktemp("stand"), EMBEDDED, PROFILE.settings)
    try:
        await stand.start()
        yield stand
    finally:
        await stand.stop()


@pytest.mark.parametrize("name", FIXED)
async def test_the_promises_hold_and_a_protection_that_is_off_is_missed(stand: Stand, name: str) -> None:
    case = catalogue()[name]
    verdict = await run(stand, case, SEED, PROFILE)
    assert verdict.requests > 0
    assert verdict.verdict == ("caught" if case.without else "held"), verdict.as_json()
