"""Amending and withdrawing: decided here while a request is open to its unit, asked of routing after."""

from pathlib import Path
from typing import Any

import pytest

from services.intake.api.personal import personal_values
from services.intake.domain import RequestDomain, State
from shared.catalogue import load_pack
from shared.schemas.model import Json
from tests.builders import a_body, the_pack, with_details
from tests.unit.catalogue.packs import copied, replaced
from tests.unit.intake.desk import (
    NOT_AMENDED,
    NOT_WITHDRAWN,
    WITHDRAWN,
    Desk,
    a_context,
    amended,
)
from tests.unit.intake.states import CLOSED, GOOD, OPEN, OTHER, a_desk


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
        asked = desk.state.private.latest
        desk.heard(amended(desk.events[-1].data["request"]))
        assert (desk.state.private.current, desk.state.private.pending) == (asked, ())
        assert desk.state.amending is False
        assert desk.told("submit", OTHER).answer == {"outcome": "accepted", "duplicate": True}
        assert desk.told("submit", GOOD).refusal is not None

    def test_answered_with_no_the_old_wording_stands(self):
        desk = a_desk("assigned")
        desk.told("amend", {"details": {"purpose": "另一个目的"}})
        desk.heard(NOT_AMENDED)
        assert desk.state.private.pending == ()
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
        assert desk.state.private.latest is not None
        assert desk.state.private.latest.request.details["counterparts"] == ["接任的郁主任"]

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


class TestTwoAmendmentsBeforeEitherIsAnswered:
    """Routing answers them one by one; each answer settles its own amendment and no other."""

    @pytest.fixture
    def desk(self) -> Desk:
        desk = a_desk("working")
        for name in ("甲", "乙"):
            desk.told("amend", {"details": {"purpose": f"目的{name}", "counterparts": [f"{name}主任"]}})
        desk.heard(amended(desk.events[-2].data["request"]), answering=desk.events[-2])
        return desk

    def standing(self, desk: Desk) -> tuple[Any, Any, Any]:
        """The purpose that was said, the purpose that stands, and the personal values that others get."""
        state = desk.state
        assert state.request is not None
        assert state.private.current is not None
        served = personal_values(state, {(the_pack().name, the_pack().version): the_pack()})
        return state.request.details["purpose"], state.private.current.request.details["purpose"], served["details.counterparts"]

    def test_the_first_answer_lets_the_first_wording_stand_and_the_second_is_still_open(self, desk: Desk):
        assert self.standing(desk) == ("目的甲", "目的甲", ["甲主任"])
        assert desk.state.amending is True

    def test_a_second_yes_lets_the_second_wording_stand(self, desk: Desk):
        desk.heard(amended(desk.events[-1].data["request"], version=3), answering=desk.events[-1])
        assert self.standing(desk) == ("目的乙", "目的乙", ["乙主任"])
        assert desk.state.amending is False

    def test_a_second_no_leaves_the_first_wording(self, desk: Desk):
        desk.heard(NOT_AMENDED, answering=desk.events[-1])
        assert self.standing(desk) == ("目的甲", "目的甲", ["甲主任"])
        assert desk.state.amending is False

    def test_the_refused_wording_sent_again_is_no_duplicate(self, desk: Desk):
        desk.heard(NOT_AMENDED, answering=desk.events[-1])
        refused = with_details(GOOD, purpose="目的乙", counterparts=["乙主任"])
        assert desk.told("submit", refused).refusal is not None

    def test_a_state_of_the_release_with_one_place_for_both_is_answered_rightly(self):
        desk = a_desk("working")
        for name in ("甲", "乙"):
            desk.told("amend", {"details": {"purpose": f"目的{name}", "counterparts": [f"{name}主任"]}})
        desk.state = State.model_validate(RequestDomain().upcast(stored_by_schema_2(desk.state), 2))
        for asked, version in zip(desk.events[-2:], (2, 3), strict=True):
            desk.heard(amended(asked.data["request"], version=version), answering=asked)
        assert self.standing(desk) == ("目的乙", "目的乙", ["乙主任"])


def stored_by_schema_2(state: State) -> Json:
    """The state as it was stored while there was one place for an amendment: the last one's wording."""
    document = state.model_dump(mode="json")
    latest = document["private"]["pending"][-1]["version"]
    return {**document, "amending": True, "private": {**document["private"], "pending": latest}}


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
        assert a_desk(status).told("withdraw", {"reason": "作罢"}).answer == {"outcome": "withdrawn", "duplicate": True}

    def test_completed_work_cannot_be_withdrawn(self):
        decision = a_desk("completed").told("withdraw", {"reason": "作罢"})
        assert decision.refusal is not None
        assert decision.refusal.code == "closed"

    @pytest.mark.parametrize("reason", [None, "", "  ", 7, ["丢单"], "很" * 2001])
    @pytest.mark.parametrize("status", ["submitted", "returned", "withdrawn"])
    @pytest.mark.parametrize("channel", ["http", "batch", "topic"])
    def test_a_withdrawal_says_why_whatever_its_channel(self, status: str, channel: str, reason: Any):
        desk = a_desk(status)
        decision = desk.told("withdraw", {} if reason is None else {"reason": reason}, channel=channel)
        assert decision.facts == ()
        assert decision.refusal is not None
        assert (decision.refusal.code, decision.refusal.status) == ("reason_missing", 422)
        assert all("reason" in sentence for sentence in (decision.refusal.message.zh, decision.refusal.message.en))

    def test_routings_answer_ends_the_wish(self):
        for fact, status in ((WITHDRAWN, "withdrawn"), (NOT_WITHDRAWN, "submitted")):
            desk = a_desk("submitted")
            desk.told("withdraw", {"reason": "丢单"})
            desk.heard(fact)
            assert (desk.state.status, desk.state.withdrawing) == (status, False)


def test_another_type_is_refused_before_its_own_fields_are_asked_for():
    decision = a_desk("submitted").told("amend", {"type": "tech.bid"})
    assert decision.refusal is not None
    assert decision.refusal.code == "type_fixed"


COMMANDS = {"submit": OTHER, "amend": {"details": {"purpose": "他人所改"}}, "withdraw": {"reason": "他人所撤"}}


class TestWhoMay:
    @pytest.mark.parametrize("channel", ["http", "batch", "topic"])
    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize("status", [*OPEN, *CLOSED, "returned", "rejected", "dropped"])
    def test_another_unit_changes_nothing_and_learns_nothing(self, status: str, command: str, channel: str):
        desk = a_desk(status)
        before = desk.state
        decision = desk.told(command, COMMANDS[command], by="unit:islands", unit="islands", channel=channel)
        assert decision.refusal is not None
        told = ("not_yours", 403) if command == "submit" else ("unknown_request", 404)
        assert (decision.refusal.code, decision.refusal.status) == told
        assert (decision.facts, decision.private, decision.answer, desk.state) == ((), None, None, before)
        assert "purpose" not in decision.refusal.message.zh + decision.refusal.message.en

    def test_a_unit_that_sends_the_very_same_words_again_is_not_told_what_became_of_another_units_request(self):
        assert a_desk("submitted").told("submit", GOOD, by="unit:islands", unit="islands").refusal is not None

    @pytest.mark.parametrize(
        ("by", "unit"), [("unit:harbour", "harbour"), ("person:A1", "islands"), ("service:backline", "")], ids=str
    )
    def test_its_unit_its_requester_and_our_services_may(self, by: str, unit: str):
        assert a_desk("submitted").told("withdraw", {"reason": "作罢"}, by=by, unit=unit).refusal is None

    def test_the_unit_that_filed_it_for_another_may_and_so_may_the_unit_it_is_for(self):
        for unit in ("islands", "harbour"):
            desk = Desk()
            desk.told("submit", GOOD, by="unit:islands", unit="islands")
            assert desk.told("withdraw", {"reason": "作罢"}, by=f"unit:{unit}", unit=unit).refusal is None

    @pytest.mark.parametrize("command", ["amend", "withdraw"])
    def test_to_another_unit_a_request_that_exists_is_as_one_that_does_not(self, command: str):
        told = [
            desk.told(command, COMMANDS[command], by="unit:islands", unit="islands") for desk in (a_desk("submitted"), Desk())
        ]
        assert told[0].refusal == told[1].refusal

    def test_nobody_is_a_unit_without_a_name(self):
        assert a_desk("submitted").told("withdraw", {"reason": "作罢"}, by="person:X9", unit="").refusal is not None
