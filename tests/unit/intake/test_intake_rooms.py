"""Each unit in its own rooms: whom it files for, and what it proves anything with."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain import State
from services.intake.reception import FilesFor, Reception, Submission
from shared.ledger.messages import Outcome, Told
from tests.builders import NOW, SURVEY_BEFORE, a_body, a_completed_survey
from tests.builders.keys import MemoryKeys
from tests.unit.intake.desk import Desk, a_context
from tests.unit.intake.states import a_desk
from tests.unit.ledger.small_domain import FakeClock

FOREIGN = ("islands", "crm", "S-9")
GRANTS: FilesFor = {"headquarters": frozenset({"*"}), "islands": frozenset({"harbour"})}


class Ledger:
    """Takes whatever it is told; or has set the request aside, in the state it is in."""

    def __init__(self, aside: State | None = None) -> None:
        self.told: list[Told] = []
        self.aside = aside

    async def tell(self, message: Told) -> Outcome:
        self.told.append(message)
        if self.aside is not None:
            return Outcome(subject=message.subject, state=self.aside, problem="set aside")
        return Outcome(subject=message.subject, state=a_desk("submitted").state)


def a_submission(action: Any, unit: str, by: str) -> Submission:
    return Submission(action=action, body=a_body(), by=by, filed_by=unit, channel="http")


@pytest.mark.parametrize(
    ("unit", "by", "may"),
    [
        ("harbour", "unit:harbour", True),
        ("islands", "unit:islands", True),
        ("headquarters", "unit:headquarters", True),
        ("mountain", "unit:mountain", False),
        ("", "unit:", False),
        ("mountain", "person:A3", True),
        ("", "service:service", True),
    ],
)
async def test_a_units_system_files_for_its_own_unit_and_where_it_has_leave(unit: str, by: str, may: bool):
    ledger = Ledger()
    answer = await Reception(ledger, FakeClock(NOW), MemoryKeys(), GRANTS).take(a_submission("submit", unit, by))
    assert len(ledger.told) == may
    assert (answer.problem or {}).get("code") == (None if may else "not_your_unit")


async def test_a_code_with_blanks_around_it_is_the_same_unit():
    ledger = Ledger()
    sent = a_submission("submit", "harbour", "unit:harbour")
    body = {**sent.body, "business_unit": " harbour\t"}
    pinned = sent.model_copy(update={"body": body, "pinned_to": ("harbour",)})
    assert (await Reception(ledger, FakeClock(NOW), MemoryKeys()).take(pinned)).problem is None
    assert len(ledger.told) == 1


@pytest.mark.parametrize("action", ["amend", "withdraw"])
@pytest.mark.parametrize("aside", [True, False])
async def test_what_is_set_aside_is_unknown_to_others_as_well(action: str, aside: bool):
    ledger = Ledger(a_desk("submitted").state if aside else None)
    answer = await Reception(ledger, FakeClock(NOW), MemoryKeys()).take_for("R", a_submission(action, "islands", "unit:islands"))
    assert ledger.told
    if aside:
        assert (answer.problem or {})["status"] == 404


def a_proposal(reference: tuple[str, str, str]) -> dict[str, Any]:
    unit, system, number = reference
    value = {"business_unit": unit, "system": system, "reference": number}
    body = a_body("tech.proposal")
    pieces = [piece if piece["kind"] != "earlier_request" else {**piece, "value": value} for piece in body["evidence"]]
    return {**body, "evidence": pieces}


def outcome(reference: tuple[str, str, str], known: dict[Any, Any], **told: Any) -> tuple[Any, Any, Desk]:
    desk = Desk(context=a_context(earlier=known))
    decision = desk.told("submit", a_proposal(reference), **told)
    return decision.answer, desk.state.verdict, desk


def test_another_units_request_proves_nothing_and_reads_as_one_that_does_not_exist():
    there = outcome(FOREIGN, {FOREIGN: a_completed_survey()}, by="unit:harbour")
    nowhere = outcome(FOREIGN, {}, by="unit:harbour")
    assert there[:2] == nowhere[:2]
    assert there[0]["outcome"] == "returned"


@pytest.mark.parametrize("by", ["unit:harbour", "person:A1", "service:service"])
def test_its_own_does(by: str):
    assert outcome(SURVEY_BEFORE, {SURVEY_BEFORE: a_completed_survey()}, by=by)[0]["outcome"] == "accepted"


def test_so_do_one_that_it_filed_one_that_was_asked_for_by_who_tells_and_any_for_our_services():
    filed = replace(a_completed_survey(), filed_by="harbour")
    asked = replace(a_completed_survey(), requester="A1")
    assert outcome(FOREIGN, {FOREIGN: filed}, by="unit:harbour")[0]["outcome"] == "accepted"
    assert outcome(FOREIGN, {FOREIGN: asked}, by="person:A1")[0]["outcome"] == "accepted"
    assert outcome(FOREIGN, {FOREIGN: asked}, by="unit:harbour")[0]["outcome"] == "returned"
    assert outcome(FOREIGN, {FOREIGN: a_completed_survey()}, by="service:service", unit="")[0]["outcome"] == "accepted"


def test_evidence_that_may_not_be_seen_is_not_said_on_to_those_who_act_on_it():
    *_, desk = outcome(FOREIGN, {FOREIGN: a_completed_survey()}, by="unit:harbour")
    assert desk.state.request is not None
    assert "earlier_request" not in {piece.kind for piece in desk.state.request.evidence}
    *_, desk = outcome(SURVEY_BEFORE, {SURVEY_BEFORE: a_completed_survey()}, by="unit:harbour")
    assert desk.state.request is not None
    assert "earlier_request" in {piece.kind for piece in desk.state.request.evidence}
