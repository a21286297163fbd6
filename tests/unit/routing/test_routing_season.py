"""A small season: nobody away, nobody without the skill, nobody over the cap, nobody in two places; and the measure of spread."""

import pytest

from services.routing.domain.bursts.comparing import gini
from tests.season.simulation import How, Season

HOWS: tuple[How, ...] = ("backline", "together", "round_robin")


def test_a_season_assigns_nobody_who_may_not_have_the_work():
    figures = Season(400, 60, 3, "backline").run()
    assert figures["assigned"] > 200
    assert {name: figures[name] for name in ("on_leave", "skill_misses", "over_the_cap", "clashes")} == {
        "on_leave": 0,
        "skill_misses": 0,
        "over_the_cap": 0,
        "clashes": 0,
    }


def test_clumps_assigned_together_break_no_rule_either_and_are_worth_more():
    found = {how: Season(300, 60, 3, how, clump=30).run() for how in HOWS}
    wrong = {
        how: sum(one[name] for name in ("on_leave", "skill_misses", "over_the_cap", "clashes")) for how, one in found.items()
    }
    assert wrong == dict.fromkeys(HOWS, 0)
    assert found["together"]["clumps_together"] > 3
    assert found["together"]["assigned"] >= found["backline"]["assigned"]
    assert found["together"]["score"] > found["backline"]["score"] > found["round_robin"]["score"]


def test_the_same_seed_gives_the_same_season():
    assert Season(150, 60, 5, "backline").run() == Season(150, 60, 5, "backline").run()


@pytest.mark.parametrize(("values", "expected"), [([1.0, 1.0, 1.0], 0.0), ([0.0, 0.0, 3.0], 2 / 3), ([], 0.0)])
def test_the_measure_of_spread(values: list[float], expected: float):
    assert gini(values) == pytest.approx(expected)
