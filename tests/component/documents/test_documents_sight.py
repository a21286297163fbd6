"""Whose files a caller may see, as the database answers: those of their unit, and those in which they have a part."""

from dataclasses import replace
from typing import Any

import pytest

from services.documents.domain import State
from services.documents.projection import PLACES, Projection
from shared.http.principal import Principal
from shared.schemas.routing import Seat
from shared.storage import Database, Sight, Sighted
from tests.builders import a_body, a_document, judged
from tests.plans import indexes, stages

pytestmark = pytest.mark.stack
FILE = a_document()


def a_state() -> State:
    request = judged(a_body()).request
    seat = Seat(person="PM1", role="presales_manager", step="coordinator")
    supporter = Seat(person="PE1", role="presales_engineer", step="supporter")
    return State(request=request, coordinator=seat, supporters=(supporter,), made=(FILE,))


def a_caller(identity: str, unit: str | None = "mountain", kind: Any = "person") -> Principal:
    return Principal(kind=kind, id=identity, business_unit=unit)


CALLERS = [
    (a_caller("A1"), True),
    (a_caller("PM1", "headquarters"), True),
    (a_caller("PE1", None), True),
    (a_caller("crm", "harbour", "unit"), True),
    (a_caller("worker", None, "service"), True),
    (replace(a_caller("MK2"), stands_in_for=frozenset({"PE1", "PE3"})), True),
    (replace(a_caller("MK2"), stands_in_for=frozenset({"PE3"})), False),
    (a_caller("MK2"), False),
    (a_caller("crm", "mountain", "unit"), False),
    (a_caller("PM1", "mountain", "unit"), False),
    (a_caller("crm", None, "unit"), False),
    (a_caller("PE2", None), False),
    (a_caller("", ""), False),
]


@pytest.mark.parametrize(("caller", "may"), CALLERS)
async def test_only_those_it_concerns_see_a_requests_files(mongo_database: Database, caller: Principal, may: bool):
    await mongo_database["requests"].insert_one({"_id": "r1", "state": a_state().model_dump(mode="json")})
    projection = Projection(mongo_database["requests"])
    assert (await projection.state(caller.sight, "r1") is not None) is may
    assert (await projection.document(caller.sight, FILE.document) is not None) is may


async def test_a_request_nobody_knows_shows_nothing_even_to_who_has_a_seat_in_it(mongo_database: Database):
    state = a_state().model_copy(update={"request": None})
    await mongo_database["requests"].insert_one({"_id": "r1", "state": state.model_dump(mode="json")})
    projection = Projection(mongo_database["requests"])
    assert await projection.state(a_caller("PE1").sight, "r1") is None
    assert await projection.document(a_caller("PE1").sight, FILE.document) is None


@pytest.mark.parametrize(
    "sight",
    [Sight(unit="mountain", person="PE2", stands_in_for=frozenset({"PE1"})), Sight(unit="harbour"), Sight.of_our_services()],
)
async def test_a_file_is_looked_up_in_its_index_whoever_asks(mongo_database: Database, sight: Sight):
    projection = Projection(mongo_database["requests"])
    await projection.prepare()
    rows = [a_state().model_copy(update={"made": (FILE.model_copy(update={"document": f"D-{n}"}),)}) for n in range(200)]
    await mongo_database["requests"].insert_many(
        [{"_id": f"r{n}", "state": row.model_dump(mode="json")} for n, row in enumerate(rows)]
    )
    found = Sighted(mongo_database["requests"], PLACES).find(sight, {"state.made.document": "D-7"}, {"state": 1}).limit(1)
    explained = await found.explain()
    assert indexes(stages(explained["queryPlanner"]["winningPlan"])) == {"state.made.document"}
    assert explained["executionStats"]["totalDocsExamined"] <= 1
