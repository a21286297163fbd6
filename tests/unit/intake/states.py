"""A request of intake brought to each of its states, and the bodies that bring it there."""

from typing import Any

from tests.builders import a_body, with_details
from tests.unit.intake.desk import (
    ASSIGNED,
    CHOOSING,
    COMPLETED,
    CONFIRMED,
    COORDINATED,
    PAUSED,
    SENT_BACK,
    WAITING,
    WITHDRAWN,
    WORKING,
    Desk,
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
    "sent_back": [COORDINATED, ASSIGNED, WORKING, SENT_BACK],
    "paused": [COORDINATED, ASSIGNED, WORKING, PAUSED],
    "completed": [COORDINATED, ASSIGNED, WORKING, COMPLETED],
    "confirmed": [COORDINATED, ASSIGNED, WORKING, COMPLETED, CONFIRMED],
    "withdrawn": [COORDINATED, WITHDRAWN],
}
OPEN = ["submitted", "waiting", "choosing", "assigned", "working", "sent_back", "paused"]
CLOSED = ["completed", "confirmed", "withdrawn"]


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
