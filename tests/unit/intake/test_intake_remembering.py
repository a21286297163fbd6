"""What intake keeps of a request: its timeline, and the personal values that nobody else gets."""

from typing import Any

import pytest

from services.intake.domain import State
from shared.ledger.messages import NOTHING, Heard
from tests.builders import TYPES, a_body, events_of, with_details
from tests.unit.catalogue.test_privacy import PERSONAL, texts
from tests.unit.intake.desk import (
    DECLINED,
    DOMAIN,
    NOT_AMENDED,
    WORKING,
    Desk,
    a_context,
)
from tests.unit.intake.states import GOOD, PATHS, a_desk


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
