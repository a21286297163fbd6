"""What routing says of work that waits, goes to others, is confirmed or done again, and of people who are away."""

from datetime import date, timedelta

from pydantic import BaseModel

from shared.schemas import absences, routing
from tests.unit.notify.notify_build import NOW, a_seat


def sent_back() -> BaseModel:
    return routing.WorkSentBack(by="anna", reason="请补充现有网络的情况。", missing=("details.topics",))


def paused() -> BaseModel:
    return routing.WorkPaused(by="anna", reason="客户出差", until=NOW + timedelta(days=3))


def resumed() -> BaseModel:
    return routing.WorkResumed(by=routing.POLICY, cause="time", status="working")


def handed_over() -> BaseModel:
    seats = (a_seat("carl"), a_seat("ben"))
    said = {"by": "anna", "holder": "anna", "person": "carl", "role": "presales_engineer", "reason": "出差"}
    return routing.SupportHandedOver(**said, seats=seats, status="assigned")


def coordination_handed_over() -> BaseModel:
    seat = a_seat("carl", "coordinator", "presales_manager")
    said = {"by": "boss", "holder": "boss", "person": "carl", "role": "presales_manager", "reason": "分工调整"}
    return routing.CoordinationHandedOver(**said, seat=seat)


def supporter_added() -> BaseModel:
    seats = (a_seat("anna"), a_seat("ben"), a_seat("carl"))
    return routing.SupporterAdded(
        by="boss", person="carl", role="presales_engineer", reason="工作量大", seats=seats, status="assigned"
    )


def supporter_released() -> BaseModel:
    return routing.SupporterReleased(
        by="boss", holder="ben", role="presales_engineer", reason="人手已够", seats=(a_seat("anna"),), status="assigned"
    )


def seat_given_up() -> BaseModel:
    return routing.SeatGivenUp(by="boss", role="presales_engineer", skill="bidding", reason="现有人手已够", status="waiting")


def confirmed() -> BaseModel:
    return routing.DeliveryConfirmed(by="asker", cause="person", rating=5, note="很好")


def reopened() -> BaseModel:
    boss = a_seat("boss", "coordinator", "presales_manager")
    return routing.RequestReopened(
        by="asker", reason="缺少拓扑图", status="working", coordinator=boss, supporters=(a_seat("anna"),)
    )


def absence_noticed() -> BaseModel:
    return absences.AbsenceNoticed(
        holder="anna", role="presales_engineer", step="supporter", until=date(2027, 3, 5), person="carl"
    )
