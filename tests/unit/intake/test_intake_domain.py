"""One verdict per submission, one answer per meaning, in every state a request can be in."""

from pathlib import Path
from typing import Any

import pytest

from services.intake.domain import State
from shared.catalogue import load_pack
from shared.ledger.messages import NOTHING, Heard
from tests.builders import TYPES, a_body, a_completed_survey, events_of, with_details
from tests.unit.catalogue.packs import copied, replaced
from tests.unit.catalogue.test_privacy import PERSONAL, texts
from tests.unit.intake.desk import (
    ASSIGNED,
    CHOOSING,
    COMPLETED,
    COORDINATED,
    DECLINED,
    DOMAIN,
    NOT_AMENDED,
    NOT_WITHDRAWN,
    WAITING,
    WITHDRAWN,
    WORKING,
    Desk,
    a_context,
    amended,
)

GOOD = a_body("tech.survey")
LACKING = with_details(GOOD, purpose=None)
FORBIDDEN = a_body("tech.survey", requester={"id": "BL1", "role": "bu_leader"})
OTHER = with_details(GOOD, purpose="另一个目的")

PATHS: dict[str, list[Any]] = {
    "submitted": [],
    "waiting": [COORDINATED, WAITING],
    "choosing": [COORDINATED, CHOOSING],
    "assigned": [COORDINATED, ASSIGNED],
    "working": [COORDINATED, ASSIGNED, WORKING],
    "completed": [COORDINATED, ASSIGNED, WORKING, COMPLETED],
    "withdrawn": [COORDINATED, WITHDRAWN],
}
OPEN = ["submitted", "waiting", "choosing", "assigned", "working"]
CLOSED = ["completed", "withdrawn"]


def a_desk(status: str = "new") -> Desk:
    """A desk at which the request has come to `status`."""
    desk = Desk()
    match status:
        case "new":
            pass
        case "returned" | "dropped":
            desk.told("submit", LACKING)
        case "rejected":
            desk.told("submit", FORBIDDEN)
        case _:
            desk.told("submit", GOOD)
            for fact in PATHS[status]:
                desk.heard(fact)
    if status == "dropped":
        desk.told("withdraw", {"reason": "作罢"})
    assert desk.state.status == status
    return desk


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


class TestAmend:
    @pytest.mark.parametrize("status", ["new", "dropped"])
    def test_there_must_be_something_to_amend(self, status: str):
        decision = a_desk(status).told("amend", {"priority": "low"})
        assert decision.refusal is not None
        assert (decision.refusal.code, decision.refusal.status) == ("unknown_request", 404)

    def test_a_patch_completes_what_was_returned(self):
        desk = a_desk("returned")
        decision = desk.told("amend", {"details": {"purpose": "补上目的"}})
        assert decision.answer == {"outcome": "accepted", "amended": True}
        assert desk.facts() == ["returned", "submitted"]
        assert desk.state.request is not None
        assert desk.state.request.details["purpose"] == "补上目的"
        assert desk.state.request.details["topics"] == ["泊位排程", "闸口识别"]

    def test_a_patch_that_leaves_the_lack_gets_the_same_answer(self):
        decision = a_desk("returned").told("amend", {"priority": "high"})
        assert decision.answer == {"outcome": "returned", "duplicate": True}

    @pytest.mark.parametrize("status", OPEN)
    def test_an_open_request_asks_routing(self, status: str):
        desk = a_desk(status)
        decision = desk.told("amend", {"details": {"purpose": "另一个目的"}, "priority": "urgent"})
        assert decision.answer == {"outcome": "accepted", "amended": True}
        assert desk.facts()[-1] == "amendment_requested"
        assert [change["field"] for change in desk.events[-1].data["changes"]] == ["details.purpose", "priority"]
        assert desk.state.amending is True
        assert desk.state.status == status

    @pytest.mark.parametrize("status", CLOSED)
    def test_a_closed_request_cannot_be_amended(self, status: str):
        decision = a_desk(status).told("amend", {"priority": "low"})
        assert decision.refusal is not None
        assert decision.refusal.code == "closed"

    @pytest.mark.parametrize("status", OPEN)
    def test_an_amendment_that_changes_nothing_is_a_duplicate(self, status: str):
        decision = a_desk(status).told("amend", {"priority": "high"})
        assert decision.answer == {"outcome": "accepted", "duplicate": True}

    @pytest.mark.parametrize("status", OPEN)
    def test_an_amendment_of_extra_fields_alone_is_one(self, status: str):
        desk = a_desk(status)
        assert desk.told("amend", {"extra": {"currency": "EUR"}}).answer == {"outcome": "accepted", "amended": True}
        assert [change["field"] for change in desk.events[-1].data["changes"]] == ["extra.currency"]

    def test_an_amendment_that_breaks_the_request_is_answered_and_changes_nothing(self):
        desk = a_desk("assigned")
        before = desk.state
        decision = desk.told("amend", {"details": {"purpose": None}})
        assert decision.answer is not None
        assert decision.answer["outcome"] == "returned"
        assert [problem["field"] for problem in decision.answer["verdict"]["problems"]] == ["details.purpose"]
        assert desk.state == before

    def test_answered_with_yes_the_new_wording_stands(self):
        desk = a_desk("assigned")
        desk.told("amend", {"details": {"purpose": "另一个目的"}})
        pending = desk.state.private.pending
        assert pending is not None
        desk.heard(amended(desk.events[-1].data["request"]))
        assert (desk.state.private.current, desk.state.private.pending) == (pending, None)
        assert desk.state.amending is False
        assert desk.told("submit", OTHER).answer == {"outcome": "accepted", "duplicate": True}
        assert desk.told("submit", GOOD).refusal is not None

    def test_answered_with_no_the_old_wording_stands(self):
        desk = a_desk("assigned")
        desk.told("amend", {"details": {"purpose": "另一个目的"}})
        desk.heard(NOT_AMENDED)
        assert desk.state.private.pending is None
        assert desk.state.amending is False
        assert desk.told("submit", GOOD).answer == {"outcome": "accepted", "duplicate": True}

    def test_a_second_amendment_builds_on_the_first_before_that_is_answered(self):
        desk = a_desk("assigned")
        desk.told("amend", {"details": {"purpose": "另一个目的"}})
        desk.told("amend", {"priority": "urgent"})
        request = desk.events[-1].data["request"]
        assert (request["details"]["purpose"], request["priority"]) == ("另一个目的", "urgent")
        assert [change["field"] for change in desk.events[-1].data["changes"]] == ["priority"]

    def test_an_amendment_of_personal_values_names_the_field_and_neither_value(self):
        desk = a_desk("assigned")
        desk.told("amend", {"details": {"counterparts": ["接任的郁主任"]}})
        pointer = {"$personal": "details.counterparts"}
        assert desk.events[-1].data["changes"] == [{"field": "details.counterparts", "before": pointer, "after": pointer}]
        assert "郁主任" not in desk.said()
        assert desk.state.private.pending is not None
        assert desk.state.private.pending.request.details["counterparts"] == ["接任的郁主任"]

    def test_unit_and_source_cannot_be_amended_away(self):
        desk = a_desk("assigned")
        desk.told("amend", {"business_unit": "mountain", "source": {"reference": "OTHER"}, "priority": "low"})
        request = desk.events[-1].data["request"]
        assert (request["business_unit"], request["source"]) == ("harbour", GOOD["source"])

    def test_an_accepted_request_does_not_become_one_of_another_type(self):
        patch = {"type": "tools.company", "details": a_body("tools.company")["details"]}
        desk = a_desk("assigned")
        decision = desk.told("amend", patch)
        assert decision.refusal is not None
        assert decision.refusal.code == "type_fixed"
        assert "宁主任" not in desk.said()

    def test_an_open_request_keeps_the_policy_it_was_filed_under(self, tmp_path: Path):
        folder = copied(tmp_path, version="2.0.0")
        replaced(
            folder, "tech.yaml", "purpose: {zh: 期望目的, en: Purpose, type: text", "aim: {zh: 期望目的, en: Purpose, type: text"
        )
        stricter = load_pack(version="2.0.0", root=tmp_path)
        desk = a_desk("assigned")
        desk.context = a_context(stricter)
        assert desk.told("amend", {"priority": "urgent"}).answer == {"outcome": "accepted", "amended": True}
        fresh = Desk(context=a_context(stricter))
        assert fresh.told("submit", GOOD).answer == {"outcome": "returned", "amended": False}
        assert fresh.state.policy == stricter.pin


class TestWithdraw:
    def test_there_must_be_something_to_withdraw(self):
        decision = a_desk("new").told("withdraw", {"reason": "x"})
        assert decision.refusal is not None
        assert decision.refusal.status == 404

    @pytest.mark.parametrize("status", ["returned", "rejected"])
    def test_what_was_never_accepted_is_dropped_at_once(self, status: str):
        desk = a_desk(status)
        assert desk.told("withdraw", {"reason": "作罢"}).answer == {"outcome": "withdrawn"}
        assert desk.state.status == "dropped"
        assert desk.events[-1].data == {"by": "person:A1", "reason": "作罢"}

    @pytest.mark.parametrize("status", OPEN)
    def test_an_open_request_asks_routing(self, status: str):
        desk = a_desk(status)
        assert desk.told("withdraw", {"reason": "丢单"}).answer == {"outcome": "withdrawn"}
        assert desk.facts()[-1] == "withdrawal_requested"
        assert desk.state.status == status
        assert desk.told("withdraw", {"reason": "丢单"}).answer == {"outcome": "withdrawn", "duplicate": True}

    @pytest.mark.parametrize("status", ["dropped", "withdrawn"])
    def test_withdrawn_twice_is_withdrawn(self, status: str):
        assert a_desk(status).told("withdraw", {}).answer == {"outcome": "withdrawn", "duplicate": True}

    def test_completed_work_cannot_be_withdrawn(self):
        decision = a_desk("completed").told("withdraw", {})
        assert decision.refusal is not None
        assert decision.refusal.code == "closed"

    def test_routings_answer_ends_the_wish(self):
        for fact, status in ((WITHDRAWN, "withdrawn"), (NOT_WITHDRAWN, "submitted")):
            desk = a_desk("submitted")
            desk.told("withdraw", {})
            desk.heard(fact)
            assert (desk.state.status, desk.state.withdrawing) == (status, False)


class TestTimeline:
    @pytest.mark.parametrize("status", PATHS)
    def test_everything_said_by_anybody_is_a_line_in_its_order(self, status: str):
        desk = a_desk(status)
        assert [line.source for line in desk.state.timeline] == ["intake"] + ["routing"] * len(PATHS[status])
        assert not any({"request", "decision", "decisions", "verdict"} & line.data.keys() for line in desk.state.timeline)

    def test_a_decline_returns_working_to_assigned(self):
        desk = a_desk("working")
        desk.heard(DECLINED)
        assert desk.state.status == "assigned"

    def test_what_others_say_needs_no_answer(self):
        desk = a_desk("assigned")
        assert DOMAIN.decide(desk.state, Heard(event=desk.say(WORKING)), a_context()) == NOTHING

    def test_an_answer_to_nothing_changes_nothing(self):
        assert DOMAIN.decide(State(), Heard(event=events_of("R")(NOT_AMENDED)), a_context()) == NOTHING


class TestPersonal:
    @pytest.mark.parametrize("kind", TYPES)
    def test_personal_values_are_in_no_fact(self, kind: str):
        desk = Desk()
        body = a_body(kind)
        values = set(texts([body["details"][key] for key in PERSONAL[kind]])) - {"云汀港务集团"}
        desk.told("submit", with_details(body, weather="晴"))
        desk.told("amend", {"priority": "urgent"})
        desk.told("withdraw", {"reason": "作罢"})
        assert desk.facts() == ["submitted", "amendment_requested", "withdrawal_requested"]
        assert [value for value in values if value in desk.said()] == []
        assert desk.state.private.current is not None
        assert desk.state.private.current.body["details"] == {**body["details"], "weather": "晴"}

    @pytest.mark.parametrize(
        "change", [{"type": "tech.surveyy"}, {"requester": {"id": "?", "role": "account_manager"}}, {"details": {}}]
    )
    def test_not_even_when_the_request_is_returned_or_rejected(self, change: dict[str, Any]):
        desk = Desk()
        desk.told("submit", {**GOOD, "details": {**GOOD["details"], "purpose": None}} | change)
        assert desk.facts()[0] in {"returned", "rejected"}
        assert "宁主任" not in desk.said()
        assert "阚科长" not in desk.said()
