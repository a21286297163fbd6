"""Clashes with other units: told by the guard that compares, decided by people of either side. Pure."""

from collections.abc import Mapping
from typing import Final

from services.routing.domain.clashes import Clash, known
from services.routing.domain.context import Context
from services.routing.domain.leading import leads
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.ledger.messages import NOTHING, Decision, Refusal, Told
from shared.schemas.clashes import ClashFound, ClashResolved, Resolution
from shared.schemas.model import Text
from shared.schemas.people import Directory
from shared.schemas.routing import POLICY

FOUND: Final = "clash"
OVER: Final = "clash_over"
SETTLED: Final = "clash_settled"
FROM_GUARD = frozenset({FOUND, OVER, SETTLED})
DECIDED: Mapping[str, Resolution] = {"keep_both": "keep_both", "merged": "merged", "withdrawn": "withdrawn"}
WEIGHT: Mapping[Resolution | None, int] = {None: 0, "ended": 1, "keep_both": 2, "merged": 3, "withdrawn": 4}
"""When both sides decide at once, the weightier stands on both."""
MOST_TO_CALL = 2

NOT_SETTLERS = Refusal(
    code="not_leader_or_coordinator",
    status=403,
    message=Text(
        zh="只有本经营单位领导、协调人或其休假代理人可以处理撞单。",
        en="Only the unit's leaders, the coordinator, or who stands in for them, may settle a clash.",
    ),
)
UNKNOWN_CLASH = Refusal(
    code="unknown_clash",
    status=422,
    message=Text(
        zh="本申请没有这个撞单（clash）；请查看本申请的撞单。", en="The request has no such clash; look at the request's clashes."
    ),
)
SETTLED_ALREADY = Refusal(
    code="settled_already",
    message=Text(zh="这个撞单已经处理；请查看结果。", en="The clash is settled already; look at what was decided."),
)
BAD_RESOLUTION = Refusal(
    code="bad_resolution",
    status=422,
    message=Text(
        zh="处理结果（resolution）须为 keep_both、merged 或 withdrawn，并说明原因（reason）。",
        en="The resolution is keep_both, merged or withdrawn, with a reason (reason).",
    ),
)


def settle(state: State, wish: Wish, context: Context) -> Decision:
    """A leader of the request's unit or its coordinator says what was agreed with the other side."""
    unit = state.request.business_unit if state.request else ""
    coordinating = wish.coordinating(state, context)
    if coordinating is None and not leads(wish.by, unit, context):
        return Decision(refusal=NOT_SETTLERS)
    clash = known(state.clashes, wish.data.get("clash"))
    if clash is None:
        return Decision(refusal=UNKNOWN_CLASH)
    if clash.resolution is not None:
        return Decision(refusal=SETTLED_ALREADY)
    resolution, reason = DECIDED.get(wish.text("resolution")), wish.text("reason")
    if resolution is None or not reason:
        return Decision(refusal=BAD_RESOLUTION)
    behalf = wish.behalf(coordinating.person) if coordinating else None
    return Decision(facts=(_resolved(clash, resolution, wish.by, reason, behalf),))


def hear(state: State, told: Told, context: Context) -> Decision:
    """What the guard found out. Whatever is known already changes nothing, so it may be told any number of times.

    Of who decided in the other unit only the unit is said.
    """
    if state.request is None or state.status in {"confirmed", "withdrawn"}:
        return NOTHING
    clash = known(state.clashes, told.data["clash"])
    if told.name == FOUND:
        if clash is not None and clash.resolution != "ended":
            return NOTHING
        return Decision(facts=(_found(told, context.directory, context.policy.clash_contacts),))
    if clash is None:
        return NOTHING
    if told.name == OVER:
        return NOTHING if clash.resolution is not None else Decision(facts=(_resolved(clash, "ended", POLICY),))
    resolution = DECIDED[told.data["resolution"]]
    if WEIGHT[resolution] <= WEIGHT[clash.resolution]:
        return NOTHING
    by, unit = str(told.data["by"]), str(told.data.get("unit", clash.other_unit))
    return Decision(facts=(_resolved(clash, resolution, by if unit == state.request.business_unit else unit),))


def whom_to_call(directory: Directory, unit: str, roles: tuple[str, ...]) -> tuple[str, ...]:
    """People of `unit` in the first of `roles` that anybody there has."""
    for role in roles:
        if found := [person.id for person in directory.holders(role) if person.business_unit == unit]:
            return tuple(found[:MOST_TO_CALL])
    return ()


def _found(told: Told, directory: Directory, roles: tuple[str, ...]) -> ClashFound:
    unit = str(told.data["other_unit"])
    call = whom_to_call(directory, unit, roles)
    return ClashFound(clash=told.data["clash"], kind=told.data["kind"], other_unit=unit, call=call)


def _resolved(clash: Clash, resolution: Resolution, by: str, reason: str = "", behalf: str | None = None) -> ClashResolved:
    return ClashResolved(
        clash=clash.clash,
        kind=clash.kind,
        other_unit=clash.other_unit,
        resolution=resolution,
        by=by,
        reason=reason,
        on_behalf_of=behalf,
    )
