"""What a command is refused with: a stable code, the HTTP status that says the same, and one sentence per language."""

from collections.abc import Sequence

from services.routing.domain.explanation import REASONS
from services.routing.domain.life import ALLOWED
from services.routing.domain.state import State
from shared.catalogue import Pack, SupporterRole
from shared.ledger.messages import Refusal
from shared.schemas.model import Text
from shared.schemas.routing import WorkCommand
from shared.schemas.status import WorkStatus

STATUS: dict[WorkStatus, Text] = {
    "new": Text(zh="已受理", en="new"),
    "waiting": Text(zh="等待合适人选", en="waiting for somebody who fits"),
    "choosing": Text(zh="等待协调人选择", en="waiting for the coordinator's choice"),
    "assigned": Text(zh="已指派", en="assigned"),
    "working": Text(zh="处理中", en="in progress"),
    "sent_back": Text(zh="已退回申请人补充", en="sent back to the requester"),
    "paused": Text(zh="已暂停", en="paused"),
    "completed": Text(zh="已完成", en="completed"),
    "confirmed": Text(zh="已确认", en="confirmed"),
    "withdrawn": Text(zh="已撤回", en="withdrawn"),
}
COMMANDS: dict[WorkCommand, Text] = {
    "accept": Text(zh="接受", en="be accepted"),
    "decline": Text(zh="谢绝", en="be declined"),
    "complete": Text(zh="完成", en="be completed"),
    "choose": Text(zh="选择支持人", en="have its supporters chosen"),
    "send_back": Text(zh="退回申请人", en="be sent back to the requester"),
    "pause": Text(zh="暂停", en="be paused"),
    "resume": Text(zh="恢复", en="be resumed"),
    "hand_over": Text(zh="移交", en="be handed over"),
    "add": Text(zh="增加支持人", en="get one more supporter"),
    "release": Text(zh="减少支持人", en="have a supporter released"),
    "confirm": Text(zh="确认", en="be confirmed"),
    "reopen": Text(zh="重新打开", en="be reopened"),
    "escalate": Text(zh="上报", en="be escalated"),
    "opine": Text(zh="提出评审意见", en="be given an opinion on"),
    "return_to_step": Text(zh="退回评审步骤", en="be returned to a step of its review"),
    "ask_also": Text(zh="加请评审人", en="get one more reviewer"),
    "transfer": Text(zh="移交评审席位", en="have a reviewer's part transferred"),
    "log_effort": Text(zh="登记工时", en="have hours logged"),
    "correct_effort": Text(zh="更正工时", en="have hours corrected"),
    "log_spend": Text(zh="登记费用", en="have money logged"),
    "correct_spend": Text(zh="更正费用", en="have money corrected"),
    "settle_clash": Text(zh="处理撞单", en="have its clash settled"),
    "record_outcome": Text(zh="登记商机结果", en="have its opportunity's outcome recorded"),
    "confirm_item": Text(zh="确认★条款", en="have a ★ item confirmed"),
}
ENDED: dict[WorkStatus, Text] = {
    "completed": Text(
        zh="工作已完成，不能再变更或撤回；如有不足，请重新打开（reopen）。",
        en="The work is completed; it can no longer be amended or withdrawn. Reopen it if something is lacking.",
    ),
    "confirmed": Text(
        zh="工作已完成并确认，不能再变更或撤回。",
        en="The work is completed and confirmed; it can no longer be amended or withdrawn.",
    ),
    "withdrawn": Text(
        zh="申请已撤回，不能再变更或撤回。", en="The request is withdrawn; it cannot be amended or withdrawn again."
    ),
}
UNKNOWN_PERSON = Text(zh="不在人员目录中", en="are not in the directory")
UNKNOWN = Refusal(
    code="unknown_request",
    status=404,
    message=Text(zh="没有这个申请，或它尚未受理。", en="There is no such request, or it is not accepted yet."),
)
UNKNOWN_COMMAND = Refusal(
    code="unknown_command",
    status=422,
    message=Text(
        zh=f"不认识这个操作；可用：{'、'.join(COMMANDS)}。", en=f"There is no such command; use one of {', '.join(COMMANDS)}."
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
        zh="只有协调人或其休假代理人可以选择、增加或减少支持人；没有协调人时，由经营单位领导增加或减少。",
        en="Only the coordinator, or who stands in, may choose, add or release supporters; while there is none, a leader of the unit.",
    ),
)
NOT_ACCEPTED = Refusal(
    code="not_accepted",
    message=Text(zh="请先接受这项工作，再完成它。", en="Accept your part of the work before you complete it."),
)
NO_REASON = Refusal(code="no_reason", status=422, message=Text(zh="请说明原因（reason）。", en="Give a reason (reason)."))
NOT_REQUESTER = Refusal(
    code="not_requester",
    status=403,
    message=Text(
        zh="只有申请人或其休假代理人可以确认或重新打开。", en="Only the requester, or who stands in, may confirm or reopen this."
    ),
)
NOT_CONCERNED = Refusal(
    code="not_concerned",
    status=403,
    message=Text(
        zh="只有申请人、协调人、支持人或其休假代理人可以上报。",
        en="Only the requester, the coordinator, the supporters, or who stands in for them, may escalate this.",
    ),
)
NOT_SEATED = Refusal(
    code="not_seated",
    status=422,
    message=Text(zh="所指的人不是本申请的支持人。", en="Whom you name is no supporter of this request."),
)
SEATED_ALREADY = Refusal(
    code="seated_already",
    status=422,
    message=Text(zh="所指的人已承担这项工作；请另选一位。", en="Whom you name has this part already; name another."),
)
NOT_VACANT = Refusal(
    code="not_vacant",
    status=422,
    message=Text(
        zh="没有这样的空缺席位；请写明要减少的支持人（person），或空缺席位的岗位（role）与技能（skill）。",
        en="No such seat is vacant; name whom to release (person), or the role and skill of a seat that is vacant.",
    ),
)
UNKNOWN_ROLE = Refusal(
    code="unknown_role",
    status=422,
    message=Text(zh="这类申请没有这个支持岗位（role）。", en="Requests of this type are not supported in that role (role)."),
)
LAST_SUPPORTER = Refusal(
    code="last_supporter",
    message=Text(
        zh="这是最后一位支持人；请移交（hand_over）或先增加一位。",
        en="This is the last supporter; hand the seat over, or add somebody first.",
    ),
)
IS_REVIEW = Refusal(
    code="is_review",
    message=Text(
        zh="评审的参与人由管理办法决定，不能增减。",
        en="Who takes part in a review follows from the policy; nobody is added or released.",
    ),
)
BAD_UNTIL = Refusal(
    code="bad_until",
    status=422,
    message=Text(zh="恢复时间（until）须带时区，且在今后一年之内。", en="Give until with an offset, and within the year ahead."),
)
BAD_RATING = Refusal(
    code="bad_rating",
    status=422,
    message=Text(zh="评分（rating）为 1 到 5 的整数。", en="A rating (rating) is 1, 2, 3, 4 or 5."),
)
OWN_DELIVERY = Refusal(
    code="own_delivery",
    status=403,
    message=Text(
        zh="交付成果的人（含代行）不能代申请人确认或评分；请由申请人本人确认，期满也会自动确认。",
        en="Whoever delivered the work, also in another's place, may not confirm or rate it; "
        "leave that to the requester, or to time, which confirms it by itself.",
    ),
)
OWN_RATING = Refusal(
    code="own_rating",
    status=422,
    message=Text(
        zh="申请人自己承担了这项工作，确认时不评分；请去掉评分（rating）。",
        en="The requester did this work themselves, so it is confirmed without a rating; leave it (rating) out.",
    ),
)
NOT_OFFERED = Refusal(
    code="not_offered",
    status=422,
    message=Text(
        zh="请为每个席位各选一位候选人（people，按决定记录的顺序，不可重复）。",
        en="Choose one of the candidates for each seat (people, in the order of the decision records, each once).",
    ),
)


def seat_vacant(vacant: Sequence[SupporterRole], pack: Pack) -> Refusal:
    """The work is not delivered while somebody is sought for it; names the seats."""
    zh, en = (
        "、".join(_seat_name(seat, pack, "zh") for seat in vacant),
        ", ".join(_seat_name(seat, pack, "en") for seat in vacant),
    )
    return Refusal(
        code="seat_vacant",
        message=Text(
            zh=f"还有空缺的支持人席位：{zh}。请协调人（没有协调人时为经营单位领导）增加支持人（add），"
            "或放弃该席位（release，不写 person）。",
            en=f"Somebody is still sought: {en}. The coordinator, or a leader of the unit while there is none, "
            "adds somebody (add) or gives the seat up (release without a person).",
        ),
    )


def others_not_accepted(people: Sequence[str]) -> Refusal:
    """One supporter does not deliver for others who have not taken their part on; names them."""
    zh, en = "、".join(people), ", ".join(people)
    return Refusal(
        code="others_not_accepted",
        message=Text(
            zh=f"{zh} 尚未接受各自的部分，不能完成；请其先接受（accept），或由协调人减少（release）或移交（hand_over）。",
            en=f"{en} have not accepted their part, so this cannot be completed: "
            "they accept it, or the coordinator releases them or hands it over.",
        ),
    )


def _seat_name(seat: SupporterRole, pack: Pack, locale: str) -> str:
    skill = f"（{seat.skills[0]}）" if locale == "zh" else f" ({seat.skills[0]})"
    return pack.role_name(seat.role, locale) + (skill if seat.skills else "")


def stale(state: State) -> Refusal:
    """Whoever commands has seen another revision; names the present one and the present status."""
    now = STATUS[state.status]
    return Refusal(
        code="stale_revision",
        message=Text(
            zh=f"申请已有变化：现为“{now.zh}”（{state.status}），版本 {state.revision}；请查看后重试。",
            en=f"The request has changed: it is {now.en} ({state.status}) at revision {state.revision}; look at it and try again.",
        ),
    )


def not_fit(person: str, removed_by: str) -> Refusal:
    """Why somebody who was named cannot have the seat."""
    why = REASONS.get(removed_by, UNKNOWN_PERSON)
    return Refusal(
        code="not_fit",
        status=422,
        message=Text(
            zh=f"{person} 不能承担：{why.zh}；请另选一位。", en=f"{person} cannot take it: they {why.en}; name another."
        ),
    )


def out_of_state(status: WorkStatus, name: WorkCommand) -> Refusal:
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
