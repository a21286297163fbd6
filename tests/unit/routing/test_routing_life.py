"""The life of a request: every command in every status by everybody, and what each does to status and seats."""

from datetime import timedelta
from typing import get_args

import pytest

from services.routing.domain.commands import COMMANDS
from services.routing.domain.life import ALLOWED, CLOSED, OPEN, allowed
from shared.schemas.routing import (
    POLICY,
    RequestAmended,
    SupportersAssigned,
    WorkCommand,
    WorkPaused,
    WorkResumed,
    WorkSentBack,
)
from shared.schemas.status import WorkStatus
from tests.unit.routing.routing_build import (
    MANAGER,
    NOW,
    Journey,
    an_engineer,
)
from tests.unit.routing.states import ANNA, BEN, DATA, STATES, assigned, code, paused, waiting, working

CARL = an_engineer("carl")
EVERYBODY = (MANAGER, ANNA, BEN, CARL)
PEOPLE = ("anna", "manager", "asker", "ben", "nobody")
MAY: dict[WorkCommand, set[str]] = {
    "accept": {"anna"},
    "complete": {"anna"},
    "choose": {"manager"},
    "add": {"manager"},
    "release": {"manager"},
    "decline": {"anna", "manager"},
    "send_back": {"anna", "manager"},
    "pause": {"anna", "manager"},
    "resume": {"anna", "manager"},
    "hand_over": {"anna", "manager"},
    "confirm": {"asker"},
    "reopen": {"asker"},
    "escalate": {"anna", "manager", "asker"},
}
"""Whose command it is, when anna supports what manager coordinates and asker asked for."""


def with_everybody(journey: Journey) -> Journey:
    journey.changes(people=EVERYBODY)
    return journey


def test_the_tables_know_every_status_and_every_command():
    assert set(get_args(WorkStatus)) == CLOSED | OPEN == set(STATES)
    assert not CLOSED & OPEN
    assert set(ALLOWED) == set(get_args(WorkCommand)) == set(COMMANDS)
    assert set(MAY) == set(DATA) < set(COMMANDS)  # those of reviews, bids, clashes and effort have tables of their own


@pytest.mark.parametrize("command", list(DATA))
@pytest.mark.parametrize("status", list(STATES))
def test_each_command_is_done_for_those_whose_it_is_where_it_is_allowed_and_changes_nothing_elsewhere(
    status: WorkStatus, command: WorkCommand
):
    for by in PEOPLE:
        journey = with_everybody(STATES[status]())
        before = journey.state
        decision = journey.tells(command, by, **DATA[command])
        refusal = decision.refusal
        if by == "nobody":
            assert refusal is not None
            assert refusal.status == 404
        elif not allowed(command, status, staffed=bool(before.supporters)):
            assert code(decision) == "out_of_state"
        elif by not in MAY[command] or (by == "anna" and not before.supporters):
            assert refusal is not None
            assert refusal.status == 403
        elif decision.facts:
            assert journey.state.revision == before.revision + len(decision.facts)
        if refusal is not None:
            assert (journey.state, decision.facts, decision.reservations) == (before, (), ())
            assert refusal.message.zh
            assert refusal.message.en


@pytest.mark.parametrize("command", list(DATA))
def test_a_command_on_another_revision_is_refused_with_the_present_one(command: WorkCommand):
    status = min(ALLOWED[command])
    by = min(MAY[command])
    for seen, refused in ((0, True), (None, False)):
        journey = with_everybody(STATES[status]())
        decision = journey.tells(command, by, **DATA[command], revision=seen)
        assert (code(decision) == "stale_revision") is refused
        if decision.refusal and refused:
            assert str(journey.state.revision) in decision.refusal.message.en
            assert decision.facts == ()


def test_the_revision_that_was_seen_is_accepted():
    journey = assigned()
    assert journey.tells("accept", "anna", revision=journey.state.revision).refusal is None


# -- waiting for somebody outside


@pytest.mark.parametrize("make", [assigned, working, waiting])
def test_sent_back_it_waits_and_an_amendment_sends_it_on_its_way(make):
    journey = make()
    before = journey.state.status
    by = "anna" if journey.state.supporters else "manager"
    assert isinstance(journey.tells("send_back", by, **DATA["send_back"]).facts[0], WorkSentBack)
    assert journey.state.status == "sent_back"
    assert journey.state.halt is not None
    assert (journey.state.halt.missing, journey.state.halt.before) == (("details.topics",), before)
    facts = journey.amended(topics=["新"]).facts
    assert [type(fact) for fact in facts[:2]] == [RequestAmended, WorkResumed]
    assert (journey.state.status, journey.state.halt) == (before, None)


def test_what_waited_for_somebody_is_assigned_when_it_goes_on_and_somebody_is_there():
    journey = waiting()
    journey.tells("send_back", "manager", **DATA["send_back"])
    journey.changes(people=(MANAGER, BEN))
    decision = journey.tells("resume", "manager")
    assert [type(fact) for fact in decision.facts] == [WorkResumed, SupportersAssigned]
    assert (journey.state.status, journey.supporters) == ("assigned", ["ben"])
    assert [reservation.holder for reservation in decision.reservations] == ["ben"]


def test_a_pause_keeps_seats_and_acceptances_and_ends_when_somebody_says_so():
    journey = paused()
    assert isinstance(journey.said[-1], WorkPaused)
    assert journey.state.holders() == {"anna", "manager"}
    journey.tells("resume", "anna")
    assert (journey.state.status, journey.state.supporters[0].accepted) == ("working", True)


def test_a_pause_with_an_end_ends_by_itself_and_not_before():
    journey = working()
    until = NOW + timedelta(days=3)
    journey.tells("pause", "anna", reason="客户出差", until=until.isoformat())
    assert journey.wakes("due").facts == ()
    journey.changes(now=until)
    (resumed,) = journey.wakes("due").facts
    assert isinstance(resumed, WorkResumed)
    assert (resumed.by, resumed.cause, journey.state.status) == (POLICY, "time", "working")
    assert journey.wakes("due").facts == ()


@pytest.mark.parametrize("until", [NOW, NOW - timedelta(seconds=1), NOW + timedelta(days=400), NOW.replace(tzinfo=None)])
def test_a_pause_ends_within_the_year_ahead(until):
    journey = working()
    assert code(journey.tells("pause", "anna", reason="x", until=until.isoformat())) == "bad_until"
