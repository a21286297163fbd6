"""Whose deliveries a caller may see, as the database answers."""

import pytest

from services.notify.projection import MongoProjection
from shared.http.principal import Principal
from shared.storage import Database
from tests.unit.notify.notify_build import (
    REQUEST,
    Story,
)
from tests.unit.notify.scenes import SCENES

pytestmark = pytest.mark.stack
CALLERS = [
    (Principal(kind="unit", id="east", business_unit="east"), True),
    (Principal(kind="person", id="ben", business_unit="west"), True),
    (Principal(kind="person", id="deputy", business_unit="west", stands_in_for=frozenset({"ben"})), True),
    (Principal(kind="person", id="deputy", business_unit="west", stands_in_for=frozenset({"stranger"})), False),
    (Principal(kind="unit", id="deputy", business_unit="west", stands_in_for=frozenset({"ben"})), False),
    (Principal(kind="service", id="service"), True),
    (Principal(kind="unit", id="west", business_unit="west"), False),
    (Principal(kind="unit", id="ben", business_unit="west"), False),
    (Principal(kind="unit", id="nameless", business_unit=None), False),
    (Principal(kind="person", id="stranger", business_unit="west"), False),
    (Principal(kind="person", id="", business_unit=""), False),
]


@pytest.mark.parametrize(("caller", "may"), CALLERS)
async def test_only_those_concerned_see_the_deliveries(mongo_database: Database, caller: Principal, may: bool):
    state = Story().through(SCENES["supporters_assigned"]).state
    await mongo_database["requests"].insert_one({"_id": REQUEST, "state": state.model_dump(mode="json")})
    found = await MongoProjection(mongo_database["requests"]).state(caller.sight, REQUEST)
    assert (found == state) if may else (found is None)
