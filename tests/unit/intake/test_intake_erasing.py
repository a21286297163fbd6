"""Personal values are erased on demand: no event changes, nothing is said, and a late delivery brings none back."""

import pytest

from services.intake.api.personal import personal_values
from services.intake.domain.state import State
from shared.ledger.messages import Told
from tests.builders import a_body, the_pack, with_details
from tests.unit.intake.desk import Desk
from tests.unit.intake.life import Life

PACKS = {(the_pack().name, the_pack().version): the_pack()}
NAMED = {
    "tech.survey": ("宁主任", "details.counterparts"),
    "tech.bid": ("郗评审", "details.jury"),
    "market.event": ("白沙集装箱", "details.audience.customers"),
    "market.gift": ("阚科长", "details.recipients"),
}


def erased(desk: Desk) -> State:
    before = list(desk.events)
    decision = desk.told("erase", {}, by="service:op")
    assert decision.answer == {"erased": True}
    assert decision.facts == ()
    assert desk.events == before
    return desk.state


@pytest.mark.parametrize("kind", NAMED)
def test_no_personal_value_is_left(kind: str):
    name, path = NAMED[kind]
    desk = Desk()
    desk.told("submit", a_body(kind))
    assert name in desk.state.private.model_dump_json()
    state = erased(desk)
    assert name not in state.private.model_dump_json()
    assert personal_values(state, PACKS) == {path: None}


def test_wordings_that_were_asked_for_are_erased_too():
    desk = Desk()
    desk.told("submit", a_body("tech.survey"))
    desk.told("amend", {"details": {"counterparts": ["车间长"]}})
    assert "车间长" in desk.state.private.model_dump_json()
    assert "车间长" not in erased(desk).private.model_dump_json()


def test_of_a_request_of_no_known_type_nothing_is_left_but_what_was_said():
    desk = Desk()
    desk.told("submit", {**a_body("tech.survey"), "type": "tech.nothing"})
    private = erased(desk).private
    assert private.current is not None
    assert set(private.current.body) == {"type", "business_unit", "source", "requester"}


def test_a_late_delivery_is_known_and_brings_nothing_back():
    desk = Desk()
    body = a_body("tech.survey")
    desk.told("submit", body)
    erased(desk)
    assert desk.told("submit", body).answer == {"outcome": "accepted", "duplicate": True}
    assert desk.told("submit", with_details(body, counterparts=["别人"])).refusal is not None
    assert "宁主任" not in desk.state.model_dump_json()


def test_erasing_again_changes_nothing():
    desk = Desk()
    desk.told("submit", a_body("tech.survey"))
    erased(desk)
    again = desk.told("erase", {}, by="service:op")
    assert (again.answer, again.private) == ({"erased": False}, None)


def test_nobody_else_may_and_what_is_not_there_is_refused():
    desk = Desk()
    assert desk.told("erase", {}, by="service:op").refusal is not None


async def test_of_what_came_early_alone_nothing_personal_is_left():
    life = Life(a_body("tech.survey"))
    named = {key: life.body[key] for key in ("business_unit", "source")}
    await life.send("topic", "amend", named | {"details": {"counterparts": ["宁主任"]}})
    answers = []
    for number in range(2):
        data = {"by": "service:op", "filed_by": ""}
        told = Told(id=f"e{number}", subject=life.id, name="erase", data=data, at=life.room.clock.now())
        (outcome,) = await life.room.ledger.apply([told])
        answers.append(outcome.answer)
        assert [one.body for one in outcome.state.private.early] == [named]
    assert answers == [{"erased": True}, {"erased": False}]
