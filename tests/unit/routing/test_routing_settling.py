"""A clash is told once, settled by the right people once, and says nothing of the other side."""

import pytest
from pydantic import ValidationError

from services.routing.domain.clashes import MOST_KEPT
from services.routing.settings import DEVELOPMENT_PEPPER, RoutingSettings
from shared.schemas.clashes import ClashFound, ClashResolved
from shared.service.settings import SettingsError
from tests.unit.routing.routing_build import AWAY, MANAGER, Journey, a_context, a_person
from tests.unit.routing.states import ANNA, code

LEADER = a_person("leader", "bu_leader")
THERE = a_person("there", "bu_leader", unit="south")
DEPUTY = a_person("deputy", "bu_marketing", unit="south")
AGREED = {"clash": "c1", "resolution": "keep_both", "reason": "各自推进"}


def clashing(*more: object) -> Journey:
    journey = Journey(a_context(MANAGER, ANNA, LEADER, THERE, DEPUTY))
    journey.submitted()
    journey.tells("clash", "", clash="c1", kind="customer", other_unit="south")
    return journey


def test_a_clash_names_the_other_unit_and_whom_to_call():
    (found,) = [fact for fact in clashing().said if isinstance(fact, ClashFound)]
    assert found.model_dump() == {"clash": "c1", "kind": "customer", "other_unit": "south", "call": ("there",)}


@pytest.mark.parametrize(("people", "call"), [((DEPUTY,), ("deputy",)), ((), ())])
def test_without_a_leader_those_are_called_who_receive_its_requests(people: tuple[object, ...], call: tuple[str, ...]):
    journey = Journey(a_context(MANAGER, ANNA, *people))
    journey.submitted()
    journey.tells("clash", "", clash="c1", kind="customer", other_unit="south")
    assert journey.state.clashes[0].call == call


def test_what_is_told_again_changes_nothing():
    journey = clashing()
    before = journey.state
    assert journey.tells("clash", "", clash="c1", kind="customer", other_unit="south").facts == ()
    assert journey.tells("clash_over", "", clash="c9").facts == ()
    assert journey.tells("clash_settled", "there", clash="c9", resolution="merged").facts == ()
    assert journey.state == before


@pytest.mark.parametrize(
    ("by", "refused"),
    [
        ("manager", None),
        ("leader", None),
        ("anna", "not_leader_or_coordinator"),
        ("asker", "not_leader_or_coordinator"),
        ("there", "unknown_request"),
    ],
)
def test_leaders_and_the_coordinator_settle_it(by: str, refused: str | None):
    journey = clashing()
    before = journey.state
    assert code(journey.tells("settle_clash", by, **AGREED)) == refused
    assert (journey.state == before) is (refused is not None)


def test_who_stands_in_for_the_leader_may():
    journey = clashing()
    journey.changes(people=[MANAGER, ANNA, a_person("leader", "bu_leader", leave=AWAY, delegate="vice"), a_person("vice")])
    assert code(journey.tells("settle_clash", "vice", **AGREED)) is None


def test_it_is_settled_once():
    journey = clashing()
    journey.tells("settle_clash", "manager", **AGREED)
    assert code(journey.tells("settle_clash", "leader", **{**AGREED, "resolution": "merged"})) == "settled_already"
    assert (journey.state.clashes[0].resolution, journey.state.clashes[0].by) == ("keep_both", "manager")


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"clash": "c9"}, "unknown_clash"),
        ({"clash": None}, "unknown_clash"),
        ({"resolution": "ended"}, "bad_resolution"),
        ({"resolution": ""}, "bad_resolution"),
        ({"reason": " "}, "bad_resolution"),
    ],
)
def test_a_decision_that_says_too_little_is_refused(changed: dict[str, object], refused: str):
    assert code(clashing().tells("settle_clash", "manager", **{**AGREED, **changed})) == refused


@pytest.mark.parametrize(("unit", "by"), [("south", "south"), ("east", "there")])
def test_what_the_other_side_decided_stands_here_without_its_reason_and_without_who(unit: str, by: str):
    journey = clashing()
    (fact,) = journey.tells("clash_settled", "there", clash="c1", resolution="merged", unit=unit).facts
    assert isinstance(fact, ClashResolved)
    assert (fact.resolution, fact.by, fact.reason) == ("merged", by, "")


def test_of_an_unnamed_side_nobody_is_named():
    journey = clashing()
    journey.tells("clash_settled", "there", clash="c1", resolution="merged")
    assert journey.state.clashes[0].by == "south"


def test_of_many_clashes_the_ended_go_first_then_the_settled_and_none_that_is_open():
    journey = clashing()
    journey.tells("settle_clash", "manager", **AGREED)
    for number in range(MOST_KEPT + 20):
        journey.tells("clash", "", clash=f"n{number}", kind="customer", other_unit="south")
        if number >= 50:
            journey.tells("clash_over", "", clash=f"n{number}")
    names = [one.clash for one in journey.state.clashes]
    assert len(names) == MOST_KEPT
    assert names[:51] == ["c1", *(f"n{number}" for number in range(50))]
    assert names[-1] == f"n{MOST_KEPT + 19}"
    for number in range(MOST_KEPT):
        journey.tells("clash", "", clash=f"m{number}", kind="customer", other_unit="south")
    assert len(journey.state.clashes) == MOST_KEPT + 50, "what is open stays"
    assert {one.resolution for one in journey.state.clashes} == {None}


@pytest.mark.parametrize(("here", "there"), [("keep_both", "merged"), ("merged", "withdrawn"), ("keep_both", "withdrawn")])
def test_decided_on_both_sides_at_once_both_end_with_the_weightier(here: str, there: str):
    one, other = clashing(), clashing()
    one.tells("settle_clash", "manager", **{**AGREED, "resolution": here})
    other.tells("settle_clash", "manager", **{**AGREED, "resolution": there})
    one.tells("clash_settled", "there", clash="c1", resolution=there)
    other.tells("clash_settled", "there", clash="c1", resolution=here)
    assert one.state.clashes[0].resolution == other.state.clashes[0].resolution == there


def test_one_that_is_over_may_be_found_again():
    journey = clashing()
    journey.tells("clash_over", "", clash="c1")
    assert journey.state.clashes[0].resolution == "ended"
    journey.tells("clash", "", clash="c1", kind="customer", other_unit="south")
    assert [one.resolution for one in journey.state.clashes] == [None]


def test_a_withdrawn_request_hears_of_no_clash():
    journey = Journey(a_context(MANAGER, ANNA, THERE))
    journey.submitted()
    journey.withdrawn()
    assert journey.tells("clash", "", clash="c1", kind="customer", other_unit="south").facts == ()


# -- the pepper

BASE = {
    "BACKLINE_MONGO_URI": "mongodb://m",
    "BACKLINE_BROKER": "b:9092",
    "BACKLINE_SERVICE_TOKEN": "kJ3nV8qLx2TzR5wYb7Pm4Gd9Hs6Fc1AeU0",
}
GOOD = "q8Zr3vTn6KwYx1Bd5Lm9Gs2Hf7Jc4Pe0Ua"


@pytest.mark.parametrize("pepper", ["short", "a" * 40, "abababababababababababababababababab", DEVELOPMENT_PEPPER])
def test_a_pepper_that_can_be_guessed_is_refused(pepper: str):
    with pytest.raises(SettingsError, match="BACKLINE_CLASH_PEPPER") as refused:
        RoutingSettings.read("routing", {**BASE, "BACKLINE_CLASH_PEPPER": pepper})
    assert pepper not in str(refused.value)


def test_without_a_pepper_nothing_is_compared_but_in_development():
    assert RoutingSettings.read("routing", BASE).clash_key is None
    assert RoutingSettings.read("routing", {**BASE, "BACKLINE_CLASH_PEPPER": GOOD}).clash_key == GOOD.encode()
    assert (
        RoutingSettings.read("routing", {**BASE, "BACKLINE_ENVIRONMENT": "development"}).clash_key == DEVELOPMENT_PEPPER.encode()
    )


def test_only_decisions_that_there_are_can_be_said():
    with pytest.raises(ValidationError):
        ClashResolved.model_validate({"clash": "c", "kind": "customer", "other_unit": "s", "resolution": "fight", "by": "x"})
