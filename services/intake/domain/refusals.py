"""Why a command changes nothing, in both languages, with what to do instead."""

from services.intake.domain.state import State
from shared.catalogue.pack import Pack, Precondition
from shared.catalogue.waiving import Fault
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text
from shared.schemas.requests import Problem

MOST_NAMED = 5

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
WAIVER_REASON_MISSING = Refusal(
    code="reason_missing",
    status=422,
    message=Text(
        zh=f"豁免须说明理由：请在 reason 中写明（1 至 {LONGEST_REASON} 字的文字）。",
        en=f"A waiver needs its reason: give it in `reason`, as a text of 1 to {LONGEST_REASON} characters.",
    ),
)
PERSON_ONLY = Refusal(
    code="person_only",
    status=403,
    message=Text(
        zh="前提条件只能由本人豁免；请由有权豁免者以本人的凭证或邮件提出，或请管理员准许本单位系统代报本单位人员（BACKLINE_WAIVING_UNITS）。",
        en="Only a person can waive a precondition: with the token or by a mail of somebody who may, or through their unit's system where "
        "the administrators let it name the unit's people (BACKLINE_WAIVING_UNITS).",
    ),
)
WAIVED_BY_WHOM = Refusal(
    code="waived_by_whom",
    status=422,
    message=Text(
        zh="请在 by 中写明豁免者的工号；须为本单位的在职人员。",
        en="Give in `by` the id of the person who waives, somebody active of your own unit.",
    ),
)
WAIVED_BY_ANOTHER = Refusal(
    code="waived_by_another",
    status=403,
    message=Text(
        zh="by 写的是他人；豁免只能由本人提出，请去掉 by 或由其本人提出。",
        en="`by` names somebody else; people waive for themselves: leave it out, or let that person ask.",
    ),
)
MOVED_ON = Refusal(
    code="moved_on",
    message=Text(
        zh="这个申请在您查看之后已有变化（可能已有人更正）；请重新查看后再决定是否更正。",
        en="The request has changed since you looked at it, perhaps because somebody corrected it; look again before you correct it.",
    ),
)
TOO_EARLY = Refusal(
    code="submission_missing",
    status=404,
    message=Text(
        zh="变更或撤回先于申请到达，等候期内没有收到申请本身，因此未予执行；请先提交申请，再重发。",
        en="The amendment or withdrawal came before its request, which did not come in time; submit the request, then send it again.",
    ),
)
EARLY_REFUSED = Refusal(
    code="early_refused",
    message=Text(
        zh="先于申请到达的这一变更或撤回没有被接受；原因见本单位的退件台。",
        en="This amendment or withdrawal, which came before its request, was not accepted; your unit's desk says why.",
    ),
)
TOO_MANY_EARLY = Refusal(
    code="too_many_early",
    message=Text(
        zh="这个申请尚未提交，等候它的变更已经过多；请先提交申请。",
        en="Too many amendments wait for this request, which has not been submitted yet; submit it first.",
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


RESERVED_SYSTEM = Refusal(
    code="reserved_system",
    status=422,
    message=Text(
        zh="来源系统以 backline. 开头的单号由本系统自行分配；请在 source.system 中填写本单位自己的来源系统。",
        en="Source systems that begin with backline. are this system's own; give your own system's name in source.system.",
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


def not_applied(verdict: Json) -> Refusal:
    """A held amendment under which the request would not be accepted."""
    problems = [Problem.model_validate(problem) for problem in verdict.get("problems", ())][:MOST_NAMED]
    zh, en = (("".join(p.message.zh for p in problems)), (" ".join(p.message.en for p in problems)))
    return Refusal(
        code="amendment_not_accepted",
        status=422,
        message=Text(
            zh=f"先于申请到达的变更未生效：按其内容申请不能受理。{zh}",
            en=f"The amendment that came before its request was not applied: the request could not be accepted with it. {en}",
        ),
    )


def unknown_precondition(waivable: list[str]) -> Refusal:
    named = ", ".join(waivable)
    return Refusal(
        code="unknown_precondition",
        status=422,
        message=Text(
            zh=f"这个申请不涉及 precondition 所写的前提条件；现在可豁免的：{named or '无'}。",
            en=f"The request asks for no such `precondition`; what may be waived now: {named or 'nothing'}.",
        ),
    )


def not_waivable(precondition: Precondition, waivable: list[str]) -> Refusal:
    named = ", ".join(waivable)
    return Refusal(
        code="not_waivable",
        message=Text(
            zh=f"办法不允许豁免“{precondition.zh}”；请提供证明{f'；现在可豁免：{named}' if named else ''}。",
            en=f"The policy lets nobody waive “{precondition.en}”; prove it{f'. What may be waived now: {named}' if named else ''}.",
        ),
    )


def may_not_waive(fault: Fault, precondition: Precondition, pack: Pack) -> Refusal:
    zh = "或".join(pack.role_name(role, "zh") for role in precondition.waived_by)
    en = " or ".join(pack.role_name(role, "en") for role in precondition.waived_by)
    why = {
        "not_a_person": Text(zh="提出豁免者不在人员目录中或已离职", en="Whoever waives is not in the directory or has left"),
        "role_may_not_waive": Text(zh="您的岗位不能豁免它", en="Your post may not waive it"),
        "another_unit": Text(zh="您不属于该申请的经营单位", en="You are not of the request's unit"),
        "own_request": Text(zh="不能豁免自己的申请", en="Nobody waives for a request of their own"),
    }[fault]
    return Refusal(
        code=fault,
        status=403,
        message=Text(
            zh=f"{why.zh}；“{precondition.zh}”须由该经营单位或公司总部的{zh}豁免。",
            en=f"{why.en}; “{precondition.en}” is waived by the {en} of its unit or of headquarters.",
        ),
    )


def amendment_refused(reason: Text) -> Refusal:
    """What routing answered an amendment with."""
    return Refusal(
        code="amendment_refused",
        message=Text(
            zh=f"变更未被接受，申请内容保持不变：{reason.zh}", en=f"The amendment was refused and changed nothing: {reason.en}"
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
