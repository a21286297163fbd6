"""What the figures are made of: per request filed, the bare loop having taken as many as Backline did."""

from typing import Any

import pytest

from tests.bench.bare_side import Share
from tests.bench.comparison import _rates
from tests.bench.ground import Finished


def a_run(**changes: Any) -> Finished:
    """A hundred requests filed that opened 35 more."""
    said = {"intake": 2.0, "routing": 2.7, "documents": 0.0, "notify": 13.5}
    given: dict[str, Any] = {"requests": 100, "taken": 135, "seconds": 4.0, "cpu": {"intake-1": 1.0, "mongod": 3.0}}
    return Finished(
        **{**given, "applied": {("routing", "intake"): 1.35}, "said": said, "mails": 8.1, "accepted_seconds": 2.0, **changes}
    )


def test_the_bare_loop_does_of_each_request_that_it_takes_what_backline_did_of_each():
    share = Share.like(a_run())
    assert vars(share) == pytest.approx({"routing": 2.0, "documents": 0.0, "planned": 4.0, "mails": 6.0})


def test_rates_and_costs_are_those_of_requests_filed():
    found = _rates([a_run(seconds=1.0)], [a_run()])
    assert (found["end_to_end_per_second"], found["bare_per_second"], found["ratio"]) == (25.0, 100.0, 0.25)
    assert found["cpu_seconds_per_request"] == pytest.approx(0.04)
    assert found["accepted_per_second"] == 50.0
    assert (found["requests"], found["taken"], found["bare_taken"]) == (100, 135, 135)
