"""Who may read a request in intake: its units, whoever asked, and whoever has a seat now."""

import pytest

from services.intake.api.reading import seated, visible
from shared.http.auth import Principal
from tests.unit.intake.desk import DECLINED, a_seat
from tests.unit.intake.states import a_desk

STAFF = Principal(kind="person", id="PE1", business_unit="headquarters")


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (Principal(kind="unit", id="harbour", business_unit="harbour"), True),
        (Principal(kind="unit", id="islands", business_unit="islands"), False),
        (Principal(kind="unit", id="PE1", business_unit="PE1"), False),
        (Principal(kind="unit", id="A1", business_unit="A1"), False),
        (Principal(kind="person", id="A1", business_unit="islands"), True),
        (Principal(kind="person", id="A3", business_unit="islands"), False),
        (STAFF, True),
        (Principal(kind="service", id="service"), True),
    ],
)
def test_only_those_it_concerns_may_read(caller: Principal, may: bool):
    assert visible(a_desk("working").state, caller) is may


def test_whoever_gave_their_seat_back_reads_no_more():
    desk = a_desk("assigned")
    assert seated(desk.state) == {"PE1"}
    desk.heard(DECLINED.model_copy(update={"step": "coordinator"}))
    assert not visible(desk.state, STAFF)


def test_a_supporter_who_declines_and_coordinates_still_reads_and_a_stand_in_declines_for_both():
    desk = a_desk("assigned")
    desk.heard(DECLINED)
    assert visible(desk.state, STAFF), "PE1 coordinates still"
    desk.heard(DECLINED.model_copy(update={"by": "PE2", "on_behalf_of": a_seat().person, "step": "coordinator"}))
    assert seated(desk.state) == frozenset()
