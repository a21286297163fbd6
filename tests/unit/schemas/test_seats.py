"""Who has a seat in a request, by what routing says: the one rule that all services follow."""

import pytest

from shared.schemas.routing import Seat, Step, WorkDeclined
from shared.schemas.seats import coordinated_by, seats_after, supported_by

BOSS = Seat(person="boss", role="presales_manager", step="coordinator")
HELPING = Seat(person="boss", role="presales_manager", step="supporter")
ADVISING = Seat(person="boss", role="solution_architect", step="supporter")
ANNA = Seat(person="anna", role="presales_engineer", step="supporter")
TESTING = Seat(person="anna", role="test_engineer", step="supporter")
BEN = Seat(person="ben", role="presales_engineer", step="supporter")
ALL = (BOSS, HELPING, ADVISING, ANNA, TESTING, BEN)


def declined(by: str, step: Step = "supporter", role: str = "presales_engineer", holder: str | None = None) -> WorkDeclined:
    return WorkDeclined(by=by, role=role, step=step, reason="away", on_behalf_of=holder)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        pytest.param(declined("ben"), (BOSS, HELPING, ADVISING, ANNA, TESTING), id="a supporter"),
        pytest.param(declined("anna"), (BOSS, HELPING, ADVISING, BEN), id="a supporter in two roles gives back both"),
        pytest.param(
            declined("ben", holder="anna"), (BOSS, HELPING, ADVISING, BEN), id="a stand-in gives back the holder's, not their own"
        ),
        pytest.param(declined("carl", holder="ben"), (BOSS, HELPING, ADVISING, ANNA, TESTING), id="a stand-in without a seat"),
        pytest.param(declined("carl"), ALL, id="somebody without a seat"),
        pytest.param(declined("boss"), (BOSS, ANNA, TESTING, BEN), id="whoever also coordinates coordinates still"),
        pytest.param(
            declined("boss", "coordinator", "presales_manager"),
            (ADVISING, ANNA, TESTING, BEN),
            id="a coordinator, with the seat in the same role",
        ),
        pytest.param(
            declined("anna", "coordinator", "presales_manager", holder="boss"),
            (ADVISING, ANNA, TESTING, BEN),
            id="for a coordinator",
        ),
    ],
)
def test_whoever_gave_a_seat_back_has_it_no_more(said: WorkDeclined, left: tuple[Seat, ...]):
    assert seats_after(ALL, said) == left


def test_a_new_coordinator_takes_the_place_of_the_one_before():
    new = BOSS.model_copy(update={"person": "chief"})
    assert coordinated_by(new, (BOSS, ANNA)) == (new, ANNA)


def test_new_supporters_take_the_places_of_those_before():
    assert supported_by([BEN], (BOSS, ANNA)) == (BOSS, BEN)
