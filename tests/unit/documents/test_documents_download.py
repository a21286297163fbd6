"""Who may download a file, and under which name it arrives (RFC 6266, RFC 8187)."""

import re
from typing import Any
from urllib.parse import unquote

import pytest

from services.documents.api import disposition, visible
from services.documents.domain import State
from shared.http.auth import Principal
from shared.schemas.routing import Seat
from tests.builders import a_body, judged

NAMES = [
    "report.pdf",
    "调研纪要-云汀港务集团-BL-AB12CD34-v1.pdf",
    'quote".pdf',
    "semi;colon, comma.pdf",
    "line\r\nSet-Cookie: x=1.pdf",
    "per%20cent.pdf",
    "émoji 👩‍🔧.docx",
    "back\\slash.pdf",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_real_name_survives_and_nothing_else_gets_into_the_header(name: str):
    header = disposition(name)
    matched = re.fullmatch(r"attachment; filename=\"([A-Za-z0-9._-]*)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)", header)
    assert matched is not None
    assert unquote(matched[2]) == name
    assert matched[1].endswith(name.rpartition(".")[2])


def test_an_ascii_name_is_its_own_fallback():
    assert disposition("report-1.pdf") == "attachment; filename=\"report-1.pdf\"; filename*=UTF-8''report-1.pdf"


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
