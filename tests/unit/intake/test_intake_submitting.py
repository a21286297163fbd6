"""One verdict per submission, one answer per meaning, in every state a request can be in."""

from typing import Any

import pytest

from tests.builders import TYPES, a_body, a_completed_survey, with_details
from tests.unit.intake.desk import (
    Desk,
)
from tests.unit.intake.states import CLOSED, FORBIDDEN, GOOD, LACKING, OPEN, OTHER, a_desk


class TestSubmit:
    @pytest.mark.parametrize("kind", TYPES)
    def test_a_complete_request_is_submitted_whatever_its_type(self, kind: str):
        desk = Desk()
        decision = desk.told("submit", a_body(kind))
        assert decision.answer == {"outcome": "accepted", "amended": False}
        assert desk.facts() == ["submitted"]
        assert desk.state.request is not None
        assert desk.state.request.type == kind

    def test_what_is_missing_is_said_with_the_verdict(self):
        desk = a_desk("returned")
        assert desk.facts() == ["returned"]
        assert desk.state.verdict is not None
        assert [problem.field for problem in desk.state.verdict.problems] == ["details.purpose"]

    def test_who_may_not_ask_is_rejected_with_the_reason(self):
        desk = a_desk("rejected")
        assert desk.facts() == ["rejected"]
        assert desk.state.verdict is not None
        assert desk.state.verdict.reason == "role_may_not_submit"

    @pytest.mark.parametrize("status", [*OPEN, *CLOSED])
    def test_the_same_meaning_again_is_a_duplicate(self, status: str):
        desk = a_desk(status)
        again = {key: GOOD[key] for key in reversed(list(GOOD))}
        decision = desk.told("submit", again)
        assert decision.answer == {"outcome": "accepted", "duplicate": True}
        assert decision.facts == ()

    @pytest.mark.parametrize(("status", "body"), [("returned", LACKING), ("rejected", FORBIDDEN)])
    def test_what_was_not_accepted_gets_the_same_answer_again(self, status: str, body: dict[str, Any]):
        decision = a_desk(status).told("submit", body)
        assert decision.answer == {"outcome": status, "duplicate": True}
        assert decision.facts == ()

    @pytest.mark.parametrize("status", [*OPEN, *CLOSED])
    def test_another_meaning_is_a_conflict_that_names_the_fields(self, status: str):
        decision = a_desk(status).told("submit", with_details(OTHER, mode="phone"))
        assert decision.facts == ()
        assert decision.refusal is not None
        assert (decision.refusal.code, decision.refusal.status) == ("conflict", 409)
        for sentence in (decision.refusal.message.zh, decision.refusal.message.en):
            assert "details.mode, details.purpose" in sentence

    def test_a_conflict_does_not_say_personal_values(self):
        decision = a_desk("submitted").told("submit", with_details(GOOD, counterparts=["另一位"]))
        assert decision.refusal is not None
        assert "details.counterparts" in decision.refusal.message.zh
        assert "另一位" not in decision.refusal.message.zh

    @pytest.mark.parametrize("status", ["returned", "rejected", "dropped"])
    def test_completed_under_the_same_reference_it_is_accepted(self, status: str):
        desk = a_desk(status)
        decision = desk.told("submit", GOOD)
        assert desk.state.status == "submitted"
        assert decision.answer is not None
        assert decision.answer["amended"] is (status != "dropped")

    def test_returned_again_with_another_lack_it_says_so(self):
        desk = a_desk("returned")
        desk.told("submit", with_details(GOOD, topics=None))
        assert desk.facts() == ["returned", "returned"]
        assert desk.state.verdict is not None
        assert [problem.field for problem in desk.state.verdict.problems] == ["details.topics"]

    def test_the_same_words_are_judged_anew_once_the_survey_is_completed(self):
        desk = Desk()
        body = a_body("tech.proposal")
        assert desk.told("submit", body, earlier={}).answer == {"outcome": "returned", "amended": False}
        done = {("harbour", "crm", "S-0"): a_completed_survey()}
        assert desk.told("submit", body, earlier=done).answer == {"outcome": "accepted", "amended": True}

    def test_a_dropped_request_may_be_submitted_again_word_for_word(self):
        desk = a_desk("dropped")
        assert desk.told("submit", LACKING).answer == {"outcome": "returned", "amended": False}
        assert desk.facts() == ["returned", "dropped", "returned"]
