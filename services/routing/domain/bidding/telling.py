"""What people read of a bid's plan, and whether it is news to them. Pure.

A part that is over is no news: its own delivery was told. So however often a bid is planned on its way, people hear the same of it.
"""

from datetime import datetime

from shared.schemas.bidding import BidFault, BidPlan, Verdict
from shared.schemas.model import Frozen


class Told(Frozen):
    """What people were told last: when each part is due, and what the verdict rests on.

    `reasons` are parts that are late, start too late or are asked for too late, roles that nobody can take, and people who are needed
    in two places or away; in their order, so that the same facts are kept as the same state.
    """

    verdict: Verdict
    due: datetime | None
    pitch: datetime | None
    dues: dict[str, datetime]
    faults: tuple[BidFault, ...] = ()
    reasons: tuple[str, ...] = ()


def read_of(plan: BidPlan) -> Told:
    """What people read of `plan`."""
    left = [part for part in plan.parts if part.status not in {"delivered", "withdrawn"}]
    late = {f"late {part.part}" for part in left if part.status == "late"}
    behind = {f"behind {part.part}" for part in left if not part.feasible}
    short = {f"short {part.part} {role}" for part in left for role in part.unfilled}
    slow = {f"asked {part.part}" for part in left if part.asked is not None}
    people = {f"{one.kind} {one.person} {' '.join(one.parts)}" for one in plan.conflicts}
    return Told(
        verdict=plan.verdict,
        due=plan.due,
        pitch=plan.pitch,
        dues={part.part: part.due for part in left},
        faults=plan.faults,
        reasons=tuple(sorted(late | behind | short | slow | people)),
    )


def is_news(told: Told | None, plan: BidPlan) -> bool:
    """Whether `plan` says anything that people were not told; fewer parts and fewer reasons are none."""
    if told is None:
        return True
    now = read_of(plan)
    same = (now.verdict, now.due, now.pitch, now.faults) == (told.verdict, told.due, told.pitch, told.faults)
    return not (same and now.dues.items() <= told.dues.items() and {*now.reasons} <= {*told.reasons})
