"""Who is told what: each event makes exactly the wanted messages, once, whatever is repeated."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.notify.domain import item_id
from services.notify.policy import NotifyPolicy, PolicyError, load_policy
from services.notify.state import Context, State
from shared.ledger.messages import NOTHING, Told, Woken
from shared.schemas import intake, notifications
from shared.schemas.requests import Requester
from shared.schemas.routing import SupportersAssigned
from tests.unit.notify.notify_build import (
    NOW,
    REQUEST,
    Story,
    a_decision,
    a_request,
    a_seat,
    coordinator_assigned,
    request_amended,
    request_withdrawn,
    returned,
    submitted,
    supporters_assigned,
    told,
    waiting,
    work_accepted,
    work_completed,
    work_declined,
)
from tests.unit.notify.scenes import SCENES, WANTED, items_for

PEOPLE_ONLY = {"service_level_warned", "service_level_breached", "confirmation_reminded"}


@pytest.mark.parametrize("template", SCENES)
def test_each_event_tells_exactly_those_whom_the_policy_names(template: str):
    *before, last = SCENES[template]
    decision = Story().through(before).hear(last)
    machines = {} if template in PEOPLE_ONLY else {"webhook:crm": "subscribers"}
    assert told(decision) == {**WANTED[template], **machines}
    assert {item.data["template"] for item in decision.items} == {template}


def test_every_row_of_the_policy_is_tried_here():
    assert {row.template for row in load_policy().events.values()} == set(WANTED)


@pytest.mark.parametrize("template", SCENES)
def test_an_event_handled_twice_plans_nothing_more(template: str):
    story = Story().through(SCENES[template])
    before = story.state
    assert story.last is not None
    assert story.hear_event(story.last) == NOTHING
    assert story.state.deliveries == before.deliveries


@pytest.mark.parametrize("end", ["done", "failed", "unknown"])
def test_an_end_told_twice_is_said_once(end: str):
    story = Story()
    item = story.hear(submitted()).items[0]
    assert len(story.settle(item, end, "why").facts) == 1
    assert story.settle(item, end, "why") == NOTHING


@pytest.mark.parametrize(
    ("end", "fact", "status"),
    [
        ("done", notifications.NotificationSent, "sent"),
        ("failed", notifications.NotificationFailed, "failed"),
        ("unknown", notifications.NotificationUnknown, "unknown"),
    ],
)
def test_every_end_is_said_and_kept(end: str, fact: type, status: Any):
    story = Story()
    item = story.hear(submitted()).items[0]
    (said,) = story.settle(item, end, "the reason", attempt=3).facts
    assert isinstance(said, fact)
    kept = story.state.deliveries[item.id]
    assert (kept.status, kept.attempt) == (status, 3)
    assert kept.problem == ("" if end == "done" else "the reason")


def test_a_doubt_is_settled_by_the_late_word_that_it_was_sent():
    story = Story()
    item = story.hear(submitted()).items[0]
    story.settle(item, "unknown", "the process stopped")
    (said,) = story.settle(item, "done").facts
    assert isinstance(said, notifications.NotificationSent)
    assert story.settle(item, "failed", "late") == NOTHING
    assert story.state.deliveries[item.id].status == "sent"


def test_the_end_of_an_item_nobody_planned_says_nothing():
    story = Story()
    stranger = Story().hear(submitted(source=a_request().source.model_copy(update={"reference": "CRM-2"}))).items[0]
    assert story.settle(stranger, "done") == NOTHING


def test_planned_deliveries_are_said_with_the_items_that_make_them():
    decision = Story().hear(submitted())
    (fact,) = decision.facts
    assert isinstance(fact, notifications.NotificationPlanned)
    assert [delivery.id for delivery in fact.deliveries] == [item.id for item in decision.items]


@pytest.mark.parametrize(
    ("said", "actor"),
    [(work_accepted(), "anna"), (work_completed(), "anna"), (work_declined("anna"), "anna")],
    ids=["accepted", "completed", "declined"],
)
def test_who_did_it_is_not_told_so(said: BaseModel, actor: str):
    story = Story().through([submitted(), coordinator_assigned(actor), supporters_assigned(actor)])
    decision = story.hear(said)
    assert f"email:{actor}" not in told(decision)
    assert "webhook:crm" in told(decision)


def test_a_coordinator_who_chose_the_supporters_is_not_told_whom():
    chosen = a_decision().model_copy(update={"chosen_by": "boss"})
    said = SupportersAssigned(seats=(a_seat("anna"),), decisions=(chosen,))
    decision = Story().through([submitted(), coordinator_assigned("boss")]).hear(said)
    assert "email:boss" not in told(decision)
    assert {"email:anna", "email:asker"} <= told(decision).keys()


def test_who_withdrew_gets_the_answer_because_the_policy_says_so():
    decision = Story().through([submitted()]).hear(request_withdrawn())
    assert told(decision)["email:asker"] == "requester"


def test_a_person_in_two_parts_gets_one_message_in_the_first_of_them():
    story = Story().through([submitted(), coordinator_assigned("anna")])
    decision = story.hear(supporters_assigned("anna"))
    assert told(decision) == {
        "email:anna": "supporters",
        "email:asker": "requester",
        "chat:east": "unit_room",
        "webhook:crm": "subscribers",
    }


def test_a_requester_who_coordinates_gets_one_message():
    decision = Story().through([submitted()]).hear(coordinator_assigned("asker"))
    assert told(decision) == {"email:asker": "coordinator", "webhook:crm": "subscribers"}


def test_without_a_coordinator_the_requester_hears_that_the_request_waits():
    decision = Story().through([submitted()]).hear(waiting(step="coordinator"))
    assert told(decision) == {"email:asker": "requester", "chat:east": "unit_room", "webhook:crm": "subscribers"}


def test_a_unit_without_a_room_and_no_subscriptions_leave_the_people():
    story = Story(context=Context(now=NOW)).through([submitted(), coordinator_assigned()])
    assert told(story.hear(supporters_assigned("anna"))) == {
        "email:anna": "supporters",
        "email:boss": "coordinator",
        "email:asker": "requester",
    }


def test_who_declined_is_told_no_more():
    story = Story().through([submitted(), coordinator_assigned(), supporters_assigned(), work_declined("anna")])
    assert "email:anna" not in told(story.hear(request_amended()))


def test_whose_seat_a_stand_in_gave_back_is_told_no_more():
    declined = work_declined("ben").model_copy(update={"on_behalf_of": "anna"})
    story = Story().through([submitted(), coordinator_assigned(), supporters_assigned("anna", "ben"), declined])
    assert story.state.supporters == ("ben",)


def test_a_coordinator_who_declined_is_told_no_more():
    story = Story().through([submitted(), coordinator_assigned(), work_declined("boss", "coordinator")])
    assert story.state.coordinators == ()


def test_a_new_coordinator_replaces_the_old_one():
    story = Story().through([submitted(), coordinator_assigned("boss"), coordinator_assigned("ben")])
    assert story.state.coordinators == ("ben",)


def test_an_amendment_changes_what_messages_show_and_keeps_the_policy():
    story = Story().through([submitted()])
    item = story.hear(request_amended(requester=Requester(id="other", role="account_manager"))).items[-2]
    assert item.data["recipient"] == "other"
    assert item.data["params"]["request"]["policy"]["name"] == "sales-support"


def test_an_event_before_its_request_plans_nothing():
    assert Story().hear(coordinator_assigned()) == NOTHING


def test_an_event_the_policy_does_not_name_plans_nothing():
    assert Story().through([submitted()]).hear(intake.RequestDropped(by="asker", reason="no need")) == NOTHING


def test_commands_and_wake_ups_are_nothing_to_notify():
    story = Story()
    for message in (Told(id="1", subject=REQUEST, name="x", data={}, at=NOW), Woken(subject=REQUEST)):
        assert story.domain.decide(State(), message, story.context) == NOTHING
    assert story.domain.wake_at(State()) is None
    assert story.domain.upcast({"seats": []}, 1) == {"seats": []}


def test_item_ids_are_the_same_in_every_process_and_differ_by_event_channel_and_recipient():
    assert item_id("e1", "email", "anna") == "832f4080-caa6-53f3-92f6-567229171846"
    assert (
        len(
            {item_id(*parts) for parts in [("e1", "email", "a"), ("e2", "email", "a"), ("e1", "chat", "a"), ("e1", "email", "b")]}
        )
        == 4
    )


def test_items_hold_no_personal_values():
    story = Story()
    items = story.hear(returned()).items
    assert "personal" not in str([item.data for item in items])
    changes = items_for("request_amended")[0].data["params"]["particulars"]["changes"]
    assert changes == [
        {"field": "details.mode", "before": "onsite", "after": "video"},
        {"field": "details.counterparts", "before": "", "after": ""},
    ]


def test_the_state_survives_the_database_format():
    state = Story().through(SCENES["work_completed"]).state
    assert State.model_validate(state.model_dump(mode="json")) == state


def test_the_deadline_is_the_first_that_the_request_carries():
    story = Story().through([submitted(needed_by=None, details={"due": "2027-03-09T17:00:00+08:00"})])
    assert story.state.request is not None
    assert story.state.request.deadline is not None
    assert story.state.request.deadline.isoformat() == "2027-03-09T17:00:00+08:00"


@pytest.mark.parametrize("due", ["not a time", "2027-03-09T17:00:00", 7, {"$personal": "details.due"}, None])
def test_what_is_no_time_with_an_offset_is_no_deadline(due: object):
    story = Story().through([submitted(needed_by=None, details={"due": due})])
    assert story.state.request is not None
    assert story.state.request.deadline is None


def test_a_policy_that_names_an_unknown_event_is_refused():
    with pytest.raises(ValidationError, match="no service says"):
        NotifyPolicy.model_validate(
            {"name": "x", "deadline": [], "events": {"backline.request.imagined": {"template": "x", "to": ["requester"]}}}
        )


def test_a_policy_file_with_a_fault_is_refused_with_its_name(tmp_path: Path):
    file = tmp_path / "policy.yaml"
    file.write_text("name: x\nevents: {backline.request.submitted: {template: t, to: [everybody]}}\n")
    with pytest.raises(PolicyError, match=r"policy\.yaml"):
        load_policy(file)
