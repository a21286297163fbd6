"""The demonstration waits for as long as something arrives, and no longer."""

from infra.demo.patience import Patience


class Watch:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_as_long_as_something_arrives_it_waits_however_long_that_takes() -> None:
    watch = Watch()
    patience = Patience(60, watch)
    for left in range(500, 0, -1):
        assert patience.lasts(left)
        watch.at += 59


def test_when_nothing_arrives_for_a_while_it_gives_up() -> None:
    watch = Watch()
    patience = Patience(60, watch)
    assert patience.lasts(5)
    watch.at += 30
    assert patience.lasts(7), "what comes to be known meanwhile is no arrival"
    watch.at += 30
    assert not patience.lasts(5)


def test_nothing_left_is_not_waited_for() -> None:
    assert not Patience(60, Watch()).lasts(0)
