"""What took too long is found, and what did not is not; who was at work with whom, and how old events were when they were heard."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import owners, pace, runs
from tests.faults.ages import Ages, Progress
from tests.faults.cases import LONG, SHORT
from tests.faults.catalogue import catalogue
from tests.faults.checker import check
from tests.faults.history import Handled, History, Ledger, Taken, Told
from tests.faults.nemesis import Nothing, Stop

MAIL = "22222222-2222-5222-8222-222222222222"


def told(at: float, waited: float, action: str = "submit") -> Told:
    return Told(request="r", action=action, outcome="accepted", at=at, waited=waited)


def a_history() -> History:
    """The broker was away from 10 to 40; somebody asked at 20 and was answered at once, and notify heard of it at 45."""
    history = History(
        began=1000.0, harmed=10.0, mended=40.0, told=[told(20.1, 0.1)], notes={"kept_after": 2.0, "ended_after": 28.0}
    )
    history.ages.see(20.0, {"intake": {"r": Progress(head=1, heard={})}, "notify": {}})
    history.ages.see(45.0, {"intake": {"r": Progress(head=1, heard={})}, "notify": {"r": Progress(head=1, heard={"intake": 1})}})
    return history


def _doubt(history: History, *, listed: float) -> None:
    history.taken.append(Taken(channel="email", delivery=MAIL, said=False, at=history.began + 50.0))
    event = {"type": "backline.notification.notification_unknown", "sequence": 2, "data": {"delivery": {"id": MAIL}}}
    history.ledgers["notify"] = {"r": Ledger(events=[event])}
    history.ages.see(listed, {"notify": {"r": Progress(head=2, heard={"intake": 1})}})


def test_what_is_in_time_is_not_slow() -> None:
    history = a_history()
    _doubt(history, listed=70.0)
    assert pace.late(list(pace.BOUNDS), history, SHORT) == []


SLOW: dict[str, tuple[str, Callable[[History], object]]] = {
    "one who asked while the broker was away waited for it": ("intake", lambda h: h.told.append(told(39.0, 12.0))),
    "nobody asked while the broker was away": ("intake", lambda h: h.told.clear()),
    "what waited for the broker was heard late": (
        "drain",
        lambda h: h.ages.see(75.0, {"routing": {"r": Progress(head=0, heard={"intake": 1})}}),
    ),
    "clients waited until the primary was back": ("stall", lambda h: h.told.append(told(40.0, 21.0, "accept"))),
    "events grew old": ("age", lambda h: h.ages.see(90.0, {"routing": {"r": Progress(head=0, heard={"intake": 1})}})),
    "poison was kept late": ("kept", lambda h: h.notes.update(kept_after=16.0)),
    "a process took long to end": ("ended", lambda h: h.notes.update(ended_after=28.5)),
    "a doubt was listed late": ("listed", lambda h: _doubt(h, listed=141.0)),
}


@pytest.mark.parametrize(("bound", "delay"), SLOW.values(), ids=SLOW.keys())
def test_whatever_is_slow_is_found(bound: str, delay: Callable[[History], object]) -> None:
    history = a_history()
    delay(history)
    (sentence,) = pace.late([bound], history, SHORT)
    assert sentence


def test_a_long_outage_may_drain_longer_and_its_primary_is_still_replaced_in_seconds() -> None:
    history = a_history()
    history.ages.see(200.0, {"routing": {"r": Progress(head=0, heard={"intake": 1})}})
    assert pace.late(["drain"], history, LONG) == []
    history.told.append(told(60.0, 31.0))
    assert pace.late(["stall"], history, LONG)


def test_an_event_said_again_is_as_old_as_when_it_was_heard_first() -> None:
    ages = Ages()
    for at, heard in ((1.0, 0), (3.0, 1), (9.0, 1)):
        ages.see(at, {"intake": {"r": Progress(head=1, heard={})}, "routing": {"r": Progress(head=0, heard={"intake": heard})}})
    assert ages.of_all() == [2.0]
    assert ages.heard_by(5.0) == 5.0
    assert ages.heard_by(2.0) == 3.0


def at_work(process: str, begun: float, ended: float, offset: int = 7) -> Handled:
    return Handled(process=process, topic="t", partition=1, offset=offset, begun=begun, ended=ended)


def test_two_at_work_on_one_record_are_found_and_nothing_else_is() -> None:
    sound = [at_work("1", 0, 5), at_work("2", 5, 6), at_work("1", 7, 8), at_work("2", 0, 9, offset=8), at_work("1", 7.5, 8)]
    assert check(History(handled=sound)).twice == []
    assert len(check(History(handled=[*sound, at_work("2", 4, 5)])).twice) == 1
    assert check(History(handled=[at_work("1", 0, owners.NEVER), at_work("2", 9, 10)])).twice


def test_what_processes_note_of_their_batches_is_read_as_it_was(tmp_path: Path) -> None:
    owners.note(tmp_path, "1", "begin", [("t", 1, 7), ("t", 1, 8)])
    owners.note(tmp_path, "1", "revoke")
    owners.note(tmp_path, "2", "begin", [("t", 1, 7)])
    owners.note(tmp_path, "1", "end", [("t", 1, 7), ("t", 1, 8)])
    found = owners.handled(tmp_path)
    assert [(one.process, one.offset, one.ended == owners.NEVER) for one in found] == [
        ("1", 7, False),
        ("1", 8, False),
        ("2", 7, True),
    ]
    assert len(owners.at_once(found)) == 1
    owners.forget(tmp_path)
    assert owners.handled(tmp_path) == []


STRUCK = {"at_points": 0, "mischief": 0, "harm": 1, "stale": 0.0}


@pytest.mark.parametrize(
    ("changes", "last_told", "refuses", "struck"),
    [
        ({}, 12.0, False, True),
        ({"harm": 0}, 12.0, False, False),
        ({"harm": 0, "at_points": 1}, 12.0, False, True),
        ({"harm": 0, "mischief": 1}, 12.0, False, True),
        ({}, 9.0, False, False),
        ({}, 12.0, True, False),
        ({"stale": 1.0}, 12.0, True, True),
    ],
    ids=["harm", "no harm", "at a point", "mischief", "all was over", "nobody was refused", "somebody was refused"],
)
def test_a_fault_struck_if_it_did_harm_while_there_was_something_to_harm(
    changes: dict[str, float], last_told: float, refuses: bool, struck: bool
) -> None:
    case = replace(catalogue()["zombie_2"], refuses=refuses)
    history = History(harmed=10.0, told=[told(last_told, 0.1)], notes=STRUCK | changes)
    fault = Stop(process="routing-1", after=1, seconds=1)
    assert runs._struck(fault, case, history) is struck
    assert runs._struck(Nothing(), case, history), "where there is no fault none can miss"
