"""Who may download a file."""

from typing import Any

import pytest

from services.documents.api import visible
from services.documents.domain import State
from shared.http.auth import Principal
from shared.schemas.routing import Seat
from tests.builders import a_body, judged


def a_state() -> State:
    request = judged(a_body()).request
    seat = Seat(person="PM1", role="presales_manager", step="coordinator")
    supporter = Seat(person="PE1", role="presales_engineer", step="supporter")
    return State(request=request, coordinator=seat, supporters=(supporter,))


def a_caller(identity: str, unit: str | None = "mountain", kind: Any = "person") -> Principal:
    return Principal(kind=kind, id=identity, business_unit=unit)


CALLERS = [
    (a_caller("A1"), True),
    (a_caller("PM1", "headquarters"), True),
    (a_caller("PE1", None), True),
    (a_caller("crm", "harbour", "unit"), True),
    (a_caller("worker", None, "service"), True),
    (a_caller("MK2"), False),
    (a_caller("crm", "mountain", "unit"), False),
    (a_caller("PE2", None), False),
]


@pytest.mark.parametrize(("caller", "may"), CALLERS)
def test_only_those_it_concerns_see_a_requests_files(caller: Principal, may: bool):
    assert visible(a_state(), caller) is may


def test_a_request_nobody_knows_shows_nothing():
    assert visible(State(), a_caller("A1")) is False
