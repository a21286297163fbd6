"""What documents reads from its ledger's collection: a request's state, one file, and the surveys a proposal may take in."""

from datetime import timedelta
from typing import Any

import pytest

from services.documents.domain import DocumentsDomain, State
from services.documents.projection import Projection
from shared.schemas.intake import RequestSubmitted
from shared.schemas.routing import WorkCompleted
from shared.storage import Database, Sight
from tests.builders import NOW, a_body, a_document, events_of, judged

pytestmark = pytest.mark.stack
DOMAIN = DocumentsDomain()
A_FILE = a_document()
OURS = Sight.of_our_services()


def a_state(kind: str = "tech.survey", opportunity: str = "O-5", *, done: int | None = None, **changes: Any) -> State:
    """A request of `kind`; `done` completes it so many days after NOW."""
    body = {**a_body(kind), **changes}
    body["opportunity"]["id"] = opportunity
    judgement = judged(body)
    assert judgement.request is not None
    say = events_of("R", NOW + timedelta(days=done or 0))
    submitted = RequestSubmitted(request=judgement.request, verdict=judgement.verdict, policy=judgement.policy)
    facts: list[Any] = [submitted] + ([WorkCompleted(by="PE1", note="n", result={"network": "环网"})] if done is not None else [])
    state = State()
    for fact in facts:
        state = DOMAIN.evolve(state, say(fact))
    return state


async def holding(database: Database, **states: State) -> Projection:
    """A projection over requests of these ids and states, as the ledger keeps them."""
    projection = Projection(database["requests"])
    await projection.prepare()
    await database["requests"].insert_many(
        [{"_id": key, "state": state.model_dump(mode="json")} for key, state in states.items()]
    )
    await database["requests"].insert_one({"_id": "parked", "state": None})
    return projection


async def test_a_requests_state_is_read_as_it_was_kept(mongo_database: Database):
    state = a_state(done=1)
    projection = await holding(mongo_database, r1=state)
    assert await projection.state(OURS, "r1") == state
    assert await projection.state(OURS, "unknown") is None
    assert await projection.state(OURS, "parked") is None


async def test_one_file_is_found_with_its_request(mongo_database: Database):
    state = a_state(done=1).model_copy(update={"made": (A_FILE,)})
    projection = await holding(mongo_database, r1=state, r2=a_state())
    assert await projection.document(OURS, "D-1") == A_FILE
    assert await projection.document(OURS, "D-2") is None


async def test_the_completed_surveys_of_the_opportunities_at_hand_are_found(mongo_database: Database):
    projection = await holding(
        mongo_database,
        proposal=a_state("tech.proposal"),
        first=a_state(done=1),
        second=a_state(done=2),
        elsewhere=a_state(done=1, business_unit="mountain"),
        open=a_state(),
        other=a_state(opportunity="O-6", done=1),
        finished_proposal=a_state("tech.proposal", done=1),
    )
    found = await projection.surveys(["proposal", "unknown", "parked"])
    assert {key: [survey.request for survey in surveys] for key, surveys in found.items()} == {
        "O-5": ["elsewhere", "first", "second"]
    }
    first = next(survey for survey in found["O-5"] if survey.request == "first")
    assert (first.business_unit, first.result, first.note) == ("harbour", {"network": "环网"}, "n")
    assert first.completed_at == NOW + timedelta(days=1)
    assert first.details["topics"] == ["泊位排程", "闸口识别"]


async def test_requests_without_an_opportunity_have_no_survey(mongo_database: Database):
    state = a_state()
    assert state.request is not None
    bare = state.model_copy(update={"request": state.request.model_copy(update={"opportunity": None})})
    projection = await holding(mongo_database, r1=bare, survey=a_state(done=1))
    assert await projection.surveys(["r1"]) == {}


async def test_surveys_are_found_by_an_index(mongo_database: Database):
    await holding(mongo_database, survey=a_state(done=1))
    query = {"state.request.opportunity.id": {"$in": ["O-5"]}, "state.request.type": "tech.survey", "state.completed": True}
    plan = await mongo_database["requests"].find(query).explain()
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])
