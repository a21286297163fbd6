"""What a command is refused with: a stable code, the HTTP status that says the same, and one sentence per language."""

from services.routing.domain.state import ALLOWED, Command, State, Status
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

STATUS = {
    "new": Text(zh="已受理", en="new"),
    "waiting": Text(zh="等待合适人选", en="waiting for somebody who fits"),
    "choosing": Text(zh="等待协调人选择", en="waiting for the coordinator's choice"),
    "assigned": Text(zh="已指派", en="assigned"),
    "working": Text(zh="处理中", en="in progress"),
    "completed": Text(zh="已完成", en="completed"),
    "withdrawn": Text(zh="已撤回", en="withdrawn"),
}
COMMANDS = {
    "accept": Text(zh="接受", en="be accepted"),
    "decline": Text(zh="谢绝", en="be declined"),
    "complete": Text(zh="完成", en="be completed"),
    "choose": Text(zh="选择支持人", en="have its supporters chosen"),
}
ENDED = {
    "completed": Text(zh="工作已完成，不能再变更或撤回。", en="The work is completed; it can no longer be amended or withdrawn."),
    "withdrawn": Text(
        zh="申请已撤回，不能再变更或撤回。", en="The request is withdrawn; it cannot be amended or withdrawn again."
    ),
}
UNKNOWN = Refusal(
    code="unknown_request",
    status=404,
    message=Text(zh="没有这个申请，或它尚未受理。", en="There is no such request, or it is not accepted yet."),
)
UNKNOWN_COMMAND = Refusal(
    code="unknown_command",
    status=422,
    message=Text(
        zh="不认识这个操作；可用：accept、decline、complete、choose。",
        en="There is no such command; use accept, decline, complete or choose.",
    ),
)
NOT_YOURS = Refusal(
    code="not_yours",
    status=403,
    message=Text(
        zh="只有承担这项工作的人或其休假代理人可以这样做。",
        en="Only those who have a seat in this request, or who stand in for them, may do this.",
    ),
)
NOT_COORDINATOR = Refusal(
    code="not_coordinator",
    status=403,
    message=Text(
        zh="只有协调人或其休假代理人可以选择支持人。", en="Only the coordinator, or who stands in, may choose supporters."
    ),
)
NOT_ACCEPTED = Refusal(
    code="not_accepted",
    message=Text(zh="请先接受这项工作，再完成它。", en="Accept your part of the work before you complete it."),
)
NO_REASON = Refusal(
    code="no_reason", status=422, message=Text(zh="谢绝时请说明原因（reason）。", en="Give a reason (reason) when you decline.")
)
NOT_OFFERED = Refusal(
    code="not_offered",
    status=422,
    message=Text(
        zh="请为每个席位各选一位候选人（people，按决定记录的顺序，不可重复）。",
        en="Choose one of the candidates for each seat (people, in the order of the decision records, each once).",
    ),
)


def out_of_state(status: Status, name: Command) -> Refusal:
    """`name` is not allowed in `status`; names the present status and those in which it would be."""
    wish, now = COMMANDS[name], STATUS[status]
    allowed = [STATUS[one] for one in STATUS if one in ALLOWED[name]]
    named = "" if now.en == status else f" ({status})"
    return Refusal(
        code="out_of_state",
        message=Text(
            zh=f"申请目前为“{now.zh}”（{status}），不能{wish.zh}；须为{'、'.join(one.zh for one in allowed)}。",
            en=f"The request is {now.en}{named} and cannot {wish.en}; it must be {' or '.join(one.en for one in allowed)}.",
        ),
    )


def ended(state: State) -> Text:
    """Why an amendment or withdrawal comes too late."""
    return ENDED[state.status]
