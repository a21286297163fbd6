"""Why hours, money or an outcome are refused."""

from collections.abc import Sequence

from shared.ledger.messages import Refusal
from shared.schemas.model import Text

NOT_YOUR_ENTRY = Refusal(
    code="not_your_entry",
    status=403,
    message=Text(
        zh="只能更正自己登记的工时和费用；他人的由协调人更正。",
        en="You may correct your own hours and money; those of others the coordinator corrects.",
    ),
)
UNKNOWN_ENTRY = Refusal(
    code="unknown_entry",
    status=422,
    message=Text(
        zh="没有这个序号（number）的记录；请查看本申请的工时和费用。",
        en="There is no entry of that number; look at the request's effort.",
    ),
)
NOT_YOUR_HOURS = Refusal(
    code="not_your_hours",
    status=403,
    message=Text(
        zh="只能登记自己的工时；他人（person）的工时由协调人登记。",
        en="You may log your own hours; those of others (person) the coordinator logs.",
    ),
)
NEVER_SEATED = Refusal(
    code="never_seated",
    status=422,
    message=Text(
        zh="此人（person）从未承担本申请的工作；请填写现在或曾经承担的人。",
        en="This person (person) never had a seat in the request; name somebody who has or had one.",
    ),
)
BAD_HOURS = Refusal(
    code="bad_hours",
    status=422,
    message=Text(
        zh="工时（hours）须大于 0、不超过 24 小时，以 0.25 小时为单位；更正时可为 0。",
        en="Give hours above 0 and up to 24, in quarters (0.25); a correction may say 0.",
    ),
)
BAD_DAY = Refusal(
    code="bad_day",
    status=422,
    message=Text(
        zh="日期（day）须为 YYYY-MM-DD，不早于申请受理之日，也不晚于今天。",
        en="Give day as YYYY-MM-DD, not before the request was accepted and not in the future.",
    ),
)
DAY_FULL = Refusal(
    code="day_full",
    status=422,
    message=Text(
        zh="这一天登记的工时合计超过 24 小时；请更正已有的工时。",
        en="That makes more than 24 hours on this day; correct what is logged already.",
    ),
)
NO_BUDGET = Refusal(
    code="no_budget",
    status=422,
    message=Text(
        zh="这类申请没有费用预算，不能登记费用。", en="Requests of this type have no budget; no money is logged for them."
    ),
)
BAD_AMOUNT = Refusal(
    code="bad_amount",
    status=422,
    message=Text(
        zh='金额（amount）须为大于 0 的十进制文本（人民币元，最多两位小数），例如 "1200.50"；更正时可为 "0"。',
        en='Give amount as a decimal text above 0, in CNY, with at most two places, such as "1200.50"; a correction may say "0".',
    ),
)
NOT_OUTCOMES = Refusal(
    code="not_requester_or_leader",
    status=403,
    message=Text(
        zh="只有申请人、经营单位领导或其休假代理人可以登记商机结果。",
        en="Only the requester, the unit's leaders, or who stands in for them, may record the outcome.",
    ),
)
NO_OPPORTUNITY = Refusal(
    code="no_opportunity",
    status=422,
    message=Text(
        zh="本申请没有关联商机，不能登记结果。", en="The request names no opportunity, so there is no outcome to record."
    ),
)
OTHER_OPPORTUNITY = Refusal(
    code="other_opportunity",
    status=422,
    message=Text(
        zh="本申请关联的是另一个商机（opportunity）；请在该商机的申请上登记。",
        en="The request is about another opportunity; record the outcome on one of that opportunity's requests.",
    ),
)
BAD_OUTCOME = Refusal(
    code="bad_outcome",
    status=422,
    message=Text(zh="结果（outcome）须为 won、lost 或 dropped。", en="The outcome is won, lost or dropped."),
)
BAD_OUTCOME_AMOUNT = Refusal(
    code="bad_outcome_amount",
    status=422,
    message=Text(
        zh='赢单须写明金额（amount）；金额为十进制文本（人民币元，最多两位小数），例如 "1200000.00"。',
        en='What is won has an amount: a decimal text in CNY with at most two places, for example "1200000.00".',
    ),
)
NO_OUTCOME_REASON = Refusal(
    code="no_outcome_reason",
    status=422,
    message=Text(zh="丢单或放弃须说明原因（reason）。", en="Give a reason (reason) for what is lost or dropped."),
)


def corrected_already(number: int) -> Refusal:
    """Somebody corrected the entry before; names the one that counts."""
    return Refusal(
        code="corrected_already",
        message=Text(
            zh=f"该记录已被第 {number} 条更正；请查看后更正第 {number} 条。",
            en=f"Entry {number} has corrected this one already; look at it and correct entry {number}.",
        ),
    )


def too_many_entries(most: int) -> Refusal:
    """The request has as many hours as it may; corrections are not counted."""
    return Refusal(
        code="too_many_entries",
        message=Text(
            zh=f"本申请的工时已达 {most} 条上限；请更正（correct-effort）已有的一条，把新增工时并入。",
            en=f"The request has {most} entries, as many as it may; correct one of them (correct-effort) so that it includes the rest.",
        ),
    )


def too_many_spends(most: int) -> Refusal:
    """The request has as many notes of money as it may."""
    return Refusal(
        code="too_many_spends",
        message=Text(
            zh=f"本申请的费用已达 {most} 条上限；请更正（correct-spend）已有的一条，把新增费用并入。",
            en=f"The request has {most} notes of money, as many as it may; correct one (correct-spend) so that it includes the rest.",
        ),
    )


def too_many_corrections(most: int) -> Refusal:
    """The entry was corrected as often as it may be; it can still be taken back."""
    return Refusal(
        code="too_many_corrections",
        message=Text(
            zh=f"该记录已更正 {most} 次；请将其更正为 0 收回，再重新登记，或更正另一条。",
            en=f"The entry was corrected {most} times; take it back with 0, then log it anew or correct another entry.",
        ),
    )


def unknown_line(lines: Sequence[str]) -> Refusal:
    """The budget has no such line; names those it has."""
    return Refusal(
        code="unknown_line",
        status=422,
        message=Text(zh=f"费用项（line）须为：{'、'.join(lines)}。", en=f"The line is one of {', '.join(lines)}."),
    )


def accounts_closed(days: int) -> Refusal:
    """The request ended too long ago."""
    return Refusal(
        code="accounts_closed",
        message=Text(
            zh=f"申请结束已超过 {days} 天，不能再登记或更正工时和费用。",
            en=f"The request ended more than {days} days ago; hours and money are no longer logged or corrected.",
        ),
    )
