"""The benchmark's figures and its verdict."""

from typing import Any

import orjson
import pytest

from tests.bench import targets
from tests.bench.figures import last_line, missed, percentile, smaller_ratio, spread

DONE = {"mails_per_request": 6.0, "accepted_per_second": 300.0}
SMALLER_IS_BETTER = {"cpu_seconds_per_request", "p99_ms", "outage_refused", "outage_p99_ms"}
GOOD = {
    "end_to_end_per_second": targets.PER_SECOND,
    "ratio": targets.RATIO,
    "cpu_seconds_per_request": targets.CPU_SECONDS,
    "p99_ms": targets.P99_MS,
    "outage_refused": 0,
    "outage_p99_ms": targets.OUTAGE_P99_MS,
    "outage_drain_ratio": targets.OUTAGE_DRAIN_RATIO,
}


def a_result(**changes: Any) -> dict[str, Any]:
    """A result that just reaches every target, without Apache Kafka."""
    plain = {
        "embedded": GOOD | DONE,
        "kafka": None,
        "documents_ratio": targets.DOCUMENTS_RATIO,
        "mails_ratio": targets.MAILS_RATIO,
        "idle_mb": {"intake": targets.IDLE_MB},
        "ceilings": {"sink_mails_per_second": 1e4, "load_requests_per_second": 1e4},
    }
    return plain | changes


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed():
    assert percentile(range(1, 101), 99) == 99
    assert percentile([5.0, 1.0, 3.0], 50) == 3.0
    assert percentile([7.0], 99) == 7.0


def test_there_is_no_percentile_of_nothing():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_the_spread_is_the_farthest_distance_from_the_median_as_part_of_it():
    assert spread([90.0, 100.0, 120.0]) == pytest.approx(0.2)


def test_whoever_just_reaches_every_target_misses_none():
    assert missed(a_result()) == []


@pytest.mark.parametrize("figure", sorted(GOOD))
def test_each_figure_of_a_broker_can_miss(figure: str):
    worse = GOOD[figure] + 1 if figure in SMALLER_IS_BETTER else GOOD[figure] * 0.9
    (sentence,) = missed(a_result(embedded={**GOOD, **DONE, figure: worse}))
    assert sentence.startswith("embedded: ")


def test_a_figure_that_was_not_measured_is_a_miss():
    assert missed(a_result(embedded={**GOOD, **DONE, "p99_ms": None})) == ["embedded: p99_ms was not measured"]


def test_a_sink_or_a_generator_near_its_own_limit_is_a_miss():
    assert missed(a_result(ceilings={"sink_mails_per_second": 5000, "load_requests_per_second": 800})) == [
        "the sink's rate is 5000 and should be at least 5112",
        "the load generator's rate is 800 and should be at least 900",
    ]


def test_a_miss_says_what_it_is_and_what_it_should_be():
    assert missed(a_result(mails_ratio=0.25)) == ["mails_ratio is 0.25 and should be at least 0.7"]
    assert missed(a_result(idle_mb={"routing": 130.5})) == ["idle memory of routing is 130.5 and should be at most 120"]


def test_nothing_measured_is_a_miss():
    assert "no broker was measured" in missed(a_result(embedded=None))


def test_growth_is_judged_where_it_was_measured():
    assert missed(a_result(growth={"requests_ratio": 0.5, "people_ratio": 1.0})) == [
        "rate with the most requests beside that with the fewest is 0.5 and should be at least 0.9"
    ]


def test_the_ratio_of_all_is_that_of_the_broker_which_does_worse():
    assert smaller_ratio({"embedded": {"ratio": 0.7}, "kafka": {"ratio": 0.6}}) == 0.6
    assert smaller_ratio({"embedded": {"ratio": 0.7}, "kafka": None}) == 0.7
    assert smaller_ratio({}) is None


def test_the_last_line_is_one_line_of_json_with_four_digits_of_each_figure():
    line = last_line({"kafka": None, "embedded": {"ratio": 0.612345, "requests": 3000}, "runs": [1.00004, 2]})
    assert "\n" not in line
    assert orjson.loads(line) == {"kafka": None, "embedded": {"ratio": 0.6123, "requests": 3000}, "runs": [1.0, 2]}
