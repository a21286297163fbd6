"""A small bid season: of what came, so much lies within what was said when it was asked for; a blind estimate is seen to be none."""

from functools import cache

import pytest

from tests.season.estimates import BidSeason, honesty

COUNT, ENGINEERS, SEED = 140, 2, 7


@cache
def figures(*, mode: bool, blind: bool = False) -> dict[str, float]:
    return honesty(BidSeason(COUNT, ENGINEERS, SEED, mode=mode, blind=blind).run())


@pytest.mark.parametrize("mode", [True, False], ids=["season", "plain"])
def test_most_of_what_came_lies_within_what_was_said(mode: bool):
    """Eight of ten are promised; a sample of 140 that depend on each other may be somewhat off."""
    found = figures(mode=mode)
    assert found["compared"] == COUNT
    assert found["later"] > COUNT / 4, "a season in which nobody waits shows nothing"
    assert found["by_observation"] > COUNT / 2
    assert 0.65 <= found["done_within"] <= 0.97
    assert found["people_within"] >= 0.7
    assert 0.25 <= found["done_before_median"] <= 0.75


def test_an_estimate_that_knows_nothing_is_off():
    blind, seeing = figures(mode=False, blind=True), figures(mode=False)
    assert blind["people_within"] < 0.6
    assert blind["done_within"] < seeing["done_within"] - 0.1


def test_season_mode_shortens_the_wait():
    assert figures(mode=True)["hours_waited_mean"] < figures(mode=False)["hours_waited_mean"] / 2
