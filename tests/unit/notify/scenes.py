"""For each template of notify, the events that lead to it."""

from datetime import UTC, datetime

from pydantic import BaseModel

from shared.ledger.messages import Item
from shared.schemas import routing
from shared.schemas.service_levels import ConfirmationReminded, ServiceLevelBreached, ServiceLevelWarned
from tests.unit.notify import link_facts
from tests.unit.notify.bid_facts import bid_child_returned, bid_planned
from tests.unit.notify.life_facts import (
    absence_noticed,
    confirmed,
    coordination_handed_over,
    handed_over,
    paused,
    reopened,
    resumed,
    seat_given_up,
    sent_back,
    supporter_added,
    supporter_released,
)
from tests.unit.notify.notify_build import (
    Story,
    amendment_refused,
    clash_found,
    clash_resolved,
    coordinator_assigned,
    document_failed,
    document_rendered,
    evidence_asked,
    evidence_overdue,
    evidence_settled,
    precondition_waived,
    rejected,
    request_amended,
    request_withdrawn,
    returned,
    submitted,
    supporters_assigned,
    waiting,
    withdrawal_refused,
    work_accepted,
    work_completed,
    work_declined,
)
from tests.unit.notify.review_facts import SAID

AT_WORK = (submitted(), coordinator_assigned(), supporters_assigned(), work_accepted())
DUE = datetime(2027, 3, 5, 10, 0, tzinfo=UTC)
WARNED, BREACHED = ServiceLevelWarned(clock="delivery", due=DUE), ServiceLevelBreached(clock="response", due=DUE)
SCENES: dict[str, tuple[BaseModel, ...]] = {
    "submitted": (submitted(),),
    "returned": (returned(),),
    "rejected": (rejected(),),
    "coordinator_assigned": (submitted(), coordinator_assigned()),
    "supporters_assigned": (submitted(), coordinator_assigned(), supporters_assigned()),
    "assignment_waiting": (submitted(), coordinator_assigned(), waiting()),
    "work_accepted": (submitted(), coordinator_assigned(), supporters_assigned(), work_accepted()),
    "work_declined": (submitted(), coordinator_assigned(), supporters_assigned(), work_declined()),
    "work_completed": (submitted(), coordinator_assigned(), supporters_assigned(), work_accepted(), work_completed()),
    "work_sent_back": (*AT_WORK, sent_back()),
    "work_paused": (*AT_WORK, paused()),
    "work_resumed": (*AT_WORK, paused(), resumed()),
    "support_handed_over": (*AT_WORK, handed_over()),
    "coordination_handed_over": (*AT_WORK, coordination_handed_over()),
    "supporter_added": (*AT_WORK, supporter_added()),
    "supporter_released": (*AT_WORK, supporter_released()),
    "seat_given_up": (*AT_WORK, seat_given_up()),
    "delivery_confirmed": (*AT_WORK, work_completed(), confirmed()),
    "request_reopened": (*AT_WORK, work_completed(), reopened()),
    "escalated_to_coordinator": (*AT_WORK, routing.EscalatedToCoordinator(by="anna", reason="客户要求提前")),
    "escalated_to_leader": (*AT_WORK, routing.EscalatedToLeader(by="asker", reason="无人推进")),
    "service_level_warned": (submitted(), coordinator_assigned(), supporters_assigned(), WARNED),
    "service_level_breached": (submitted(), coordinator_assigned(), supporters_assigned(), BREACHED),
    "confirmation_reminded": (
        *(submitted(), coordinator_assigned(), supporters_assigned(), work_accepted(), work_completed()),
        ConfirmationReminded(due=DUE),
    ),
    "request_amended": (submitted(), coordinator_assigned(), supporters_assigned(), request_amended()),
    "precondition_waived": (returned(), precondition_waived()),
    "evidence_asked": (submitted(), evidence_asked()),
    "evidence_overdue": (submitted(), coordinator_assigned(), evidence_overdue()),
    "evidence_settled": (submitted(), coordinator_assigned(), evidence_settled()),
    "clash_found": (submitted(), coordinator_assigned(), clash_found()),
    "clash_resolved": (submitted(), coordinator_assigned(), clash_found(), clash_resolved()),
    "amendment_refused": (submitted(), amendment_refused()),
    "request_withdrawn": (submitted(), coordinator_assigned(), supporters_assigned(), request_withdrawn()),
    "withdrawal_refused": (submitted(), withdrawal_refused()),
    "bid_planned": (submitted(), coordinator_assigned(), supporters_assigned(), bid_planned()),
    "linked_request_awaited": (*AT_WORK, link_facts.awaited()),
    "linked_request_failed": (*AT_WORK, link_facts.failed()),
    "linked_request_decided": (*AT_WORK, link_facts.decided()),
    "bid_child_returned": (submitted(), coordinator_assigned(), supporters_assigned(), bid_child_returned()),
    "document_rendered": (submitted(), coordinator_assigned(), supporters_assigned(), work_accepted(), document_rendered()),
    "document_failed": (submitted(), coordinator_assigned(), supporters_assigned(), work_accepted(), document_failed()),
    "absence_noticed": (*AT_WORK, absence_noticed()),
    **{name: (submitted(), coordinator_assigned(), supporters_assigned(), fact) for name, (fact, _) in SAID.items()},
}
"""For each template, the events that lead to it; the last one causes it."""

AS = {"review_decided": "supporters"}
BOTH = dict.fromkeys(("email:anna", "email:ben"), "supporters")
WANTED: dict[str, dict[str, str]] = {
    "submitted": {"email:asker": "requester"},
    "returned": {"email:asker": "requester"},
    "rejected": {"email:asker": "requester"},
    "coordinator_assigned": {"email:boss": "coordinator", "email:asker": "requester"},
    "supporters_assigned": {
        **BOTH,
        "email:boss": "coordinator",
        "email:asker": "requester",
        "chat:east": "unit_room",
    },
    "assignment_waiting": {"email:boss": "coordinator", "chat:east": "unit_room"},
    "work_accepted": {"email:asker": "requester", "email:boss": "coordinator"},
    "work_declined": {"email:boss": "coordinator"},
    "work_completed": {"email:asker": "requester", "email:boss": "coordinator", "chat:east": "unit_room"},
    "work_sent_back": {"email:asker": "requester", "email:boss": "coordinator"},
    "work_paused": {"email:asker": "requester", "email:boss": "coordinator", "email:ben": "supporters"},
    "work_resumed": {
        "email:anna": "supporters",
        "email:ben": "supporters",
        "email:boss": "coordinator",
        "email:asker": "requester",
    },
    "support_handed_over": {
        "email:carl": "supporters",
        "email:ben": "supporters",
        "email:boss": "coordinator",
        "email:asker": "requester",
    },
    "coordination_handed_over": {
        "email:carl": "coordinator",
        "email:anna": "supporters",
        "email:ben": "supporters",
        "email:asker": "requester",
    },
    "supporter_added": {
        "email:anna": "supporters",
        "email:ben": "supporters",
        "email:carl": "supporters",
        "email:asker": "requester",
    },
    "seat_given_up": {"email:anna": "supporters", "email:ben": "supporters"},
    "supporter_released": {"email:anna": "supporters", "email:ben": "former"},
    "delivery_confirmed": {"email:anna": "supporters", "email:ben": "supporters", "email:boss": "coordinator"},
    "request_reopened": {"email:anna": "supporters", "email:boss": "coordinator"},
    "escalated_to_coordinator": {"email:boss": "coordinator"},
    "escalated_to_leader": {"email:boss": "coordinator"},
    "request_amended": {
        "email:boss": "coordinator",
        **BOTH,
        "email:asker": "requester",
    },
    "precondition_waived": {"email:asker": "requester"},
    "evidence_asked": {"email:asker": "requester"},
    "evidence_overdue": {"email:boss": "coordinator", "email:asker": "requester"},
    "evidence_settled": {"email:boss": "coordinator", "email:asker": "requester"},
    "clash_found": {"email:boss": "coordinator", "email:asker": "requester"},
    "clash_resolved": {"email:asker": "requester"},
    "amendment_refused": {"email:asker": "requester"},
    "request_withdrawn": {
        "email:boss": "coordinator",
        **BOTH,
        "email:asker": "requester",
    },
    "withdrawal_refused": {"email:asker": "requester"},
    "bid_planned": {"email:asker": "requester", "email:boss": "coordinator", **BOTH},
    "linked_request_awaited": {"email:asker": "requester", "email:boss": "coordinator"},
    "linked_request_failed": {"email:asker": "requester", "email:boss": "coordinator", **BOTH},
    "linked_request_decided": {**BOTH, "email:boss": "coordinator", "email:asker": "requester"},
    "bid_child_returned": {"email:asker": "requester", "email:boss": "coordinator"},
    "document_rendered": {"email:asker": "requester", "email:anna": "supporters", "email:ben": "supporters"},
    "service_level_warned": {"email:anna": "supporters", "email:ben": "supporters", "email:boss": "coordinator"},
    "service_level_breached": {"email:anna": "supporters", "email:ben": "supporters"},
    "confirmation_reminded": {"email:asker": "requester"},
    "absence_noticed": {"email:boss": "coordinator", "email:carl": "stand_in"},
    "document_failed": {"email:anna": "supporters", "email:ben": "supporters", "email:boss": "coordinator"},
    **{
        name: {who: "coordinator" if who == "email:boss" else AS.get(name, "asked") for who in people}
        for name, (_, people) in SAID.items()
    },
}
"""For each template, who is told of its last event, and as what; subscribers besides."""


def items_for(template: str, story: Story | None = None) -> tuple[Item, ...]:
    """The items that the last event of the template's scene makes."""
    story = story or Story()
    *before, last = SCENES[template]
    return story.through(before).hear(last).items
