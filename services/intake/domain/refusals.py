"""Why a command changes nothing, in both languages, with what to do instead."""

from services.intake.domain.state import State
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

UNKNOWN = Refusal(
    code="unknown_request",
    status=404,
    message=Text(
        zh="没有这个申请；请先提交，再变更或撤回。", en="There is no such request; submit it before amending or withdrawing it."
    ),
)
TYPE_FIXED = Refusal(
    code="type_fixed",
    message=Text(
        zh="已受理的申请不能改为另一支持类型；请撤回后用新的单号提交。",
        en="An accepted request cannot become one of another type; withdraw it and submit a new one under another reference.",
    ),
)
LONGEST_REASON = 2000
REASON_MISSING = Refusal(
    code="reason_missing",
    status=422,
    message=Text(
        zh=f"撤回须说明原因：请在 reason 中写明（1 至 {LONGEST_REASON} 字的文字）。",
        en=f"A withdrawal needs its reason: give it in `reason`, as a text of 1 to {LONGEST_REASON} characters.",
    ),
)
NOT_YOURS = Refusal(
    code="not_yours",
    status=403,
    message=Text(
        zh="这个单号已被其他经营单位使用；请用新的单号提交。",
        en="This reference is taken by another unit's request; submit yours under a new one.",
    ),
)


NOT_FOR_THEM = Refusal(
    code="not_your_unit",
    status=403,
    message=Text(
        zh="本系统只能为本经营单位提交申请；请把 business_unit 改为本单位，或请管理员准许代为提交（BACKLINE_FILES_FOR）。",
        en="This system may file for its own business unit alone; give that as business_unit, "
        "or ask the administrators for leave to file for another (BACKLINE_FILES_FOR).",
    ),
)


def conflict(fields: list[str]) -> Refusal:
    named = ", ".join(fields[:20]) or "?"
    return Refusal(
        code="conflict",
        message=Text(
            zh=f"同一来源单号已有内容不同的申请（不同之处：{named}）；要更改请使用变更（amend），新的申请请用新的单号。",
            en=f"This reference is taken by a request that says otherwise (it differs in: {named}); amend it, or use a new reference.",
        ),
    )


def closed(state: State) -> Refusal:
    return Refusal(
        code="closed",
        message=Text(
            zh=f"申请已结束（{state.status}），不能再变更或撤回；需要时请提交新的申请。",
            en=f"The request has ended ({state.status}) and can no longer be changed; submit a new one if needed.",
        ),
    )
