"""A small season: nobody away, nobody without the skill, nobody over the cap, nobody in two places; and the measure of spread."""

import pytest

from services.routing.domain.bursts.comparing import gini
from tests.season.given import generated, of_folder
from tests.season.simulation import How, Season
from tests.unit.catalogue.sample_data import sample_folder

HOWS: tuple[How, ...] = ("backline", "together", "round_robin")


def test_a_season_assigns_nobody_who_may_not_have_the_work():
    figures = Season(generated(400, 60, 3), "backline").run()
    assert figures["assigned"] > 200
    assert {name: figures[name] for name in ("on_leave", "skill_misses", "over_the_cap", "clashes")} == {
        "on_leave": 0,
        "skill_misses": 0,
        "over_the_cap": 0,
        "clashes": 0,
    }


def test_clumps_assigned_together_break_no_rule_either_and_are_worth_more():
    found = {how: Season(generated(300, 60, 3, clump=30), how).run() for how in HOWS}
    wrong = {
        how: sum(one[name] for name in ("on_leave", "skill_misses", "over_the_cap", "clashes")) for how, one in found.items()
    }
    assert wrong == dict.fromkeys(HOWS, 0)
    assert found["together"]["clumps_together"] > 3
    assert found["together"]["assigned"] >= found["backline"]["assigned"]
    assert found["together"]["score"] > found["backline"]["score"] > found["round_robin"]["score"]


def test_the_same_seed_gives_the_same_season():
    assert Season(generated(150, 60, 5), "backline").run() == Season(generated(150, 60, 5), "backline").run()


@pytest.mark.parametrize(("values", "expected"), [([1.0, 1.0, 1.0], 0.0), ([0.0, 0.0, 3.0], 2 / 3), ([], 0.0)])
def test_the_measure_of_spread(values: list[float], expected: float):
    assert gini(values) == pytest.approx(expected)


def test_the_realistic_requests_are_assigned_to_nobody_who_may_not_have_the_work():
    given = of_folder(sample_folder(), seed=1, clump=10)
    assert sum(len(batch) for _, batch in given.batches) > 100
    for how in HOWS:
        figures = Season(given, how).run()
        assert figures["assigned"] > 100
        assert sum(figures[name] for name in ("on_leave", "skill_misses", "over_the_cap", "clashes")) == 0
