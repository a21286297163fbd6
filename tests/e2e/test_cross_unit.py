"""A few hundred random calls across units on a running stack; `python -m tests.cross_unit` makes ten thousand."""

from pathlib import Path

import pytest

from tests.cross_unit.__main__ import blind_command
from tests.cross_unit.checking import check

pytestmark = [pytest.mark.stack, pytest.mark.timeout(560)]


async def test_units_are_told_nothing_of_each_other_and_change_nothing_of_each_other(tmp_path: Path):
    found = await check(tmp_path / "stack", 400, seed=7)
    print(f"\n{found.told()}")
    assert (found.leaks, found.changed, found.faults) == ([], [], [])
    assert found.own > 10, "the calls found nothing at all, so that there was nothing to leak"
    assert len(found.by_operation) > 15


async def test_with_the_filter_switched_off_the_check_finds_leaks(tmp_path: Path):
    found = await check(tmp_path / "stack", 150, seed=7, command_of=blind_command)
    assert len({secret for _, secret in found.leaks}) > 10
