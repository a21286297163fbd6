"""Says an estimate in one sentence per language. Pure."""

from shared.ledger.messages import Refusal
from shared.schemas.estimates import Basis, Range
from shared.schemas.model import Text

OTHERS_ESTIMATE = Refusal(
    code="others_estimate",
    status=403,
    message=Text(
        zh="只能估算本经营单位（business_unit）的申请；请填写本单位代码。",
        en="Estimates are for requests of your own unit (business_unit); give its code.",
    ),
)
NO_SUCH_TYPE = Refusal(
    code="no_such_type",
    status=422,
    message=Text(
        zh="没有这个支持类型（type）；请用 GET /v1/catalogue 查看。",
        en="There is no such type (type); GET /v1/catalogue names them.",
    ),
)
PLAIN = 100
"""From so many hours on they are said in whole ones."""
NOBODY = Text(
    zh="目前没有任何人能承担这类申请（含已满人员）；请联系协调人或公司市场部。",
    en="There is nobody at present who could take such a request, not even among those who are full; ask the coordinator or "
    "corporate marketing.",
)


def told(verdict: str, people: Range | None, done: Range | None, *, basis: Basis | None = None, observations: int = 0) -> Text:
    """The sentence. Hours are working time."""
    if verdict == "nobody" or people is None:
        return NOBODY
    if verdict == "now":
        zh, en = "现在就有合适人选。", "Somebody who fits has room now."
    else:
        zh = f"能承担的人均已满，预计等待 {_hours(people)} 个工作小时（八成情况）。"
        en = f"Those who could take it are full; in eight of ten cases the wait is {_hours(people)} working hours."
    if done is None:
        return Text(
            zh=f"{zh}完成时间无从估计：近期没有足够的同类交付，服务标准也未规定。",
            en=f"{en} When it would be done cannot be said: too few of the kind were delivered, and no service level names a time.",
        )
    by_zh = f"近期 {observations} 件同类交付" if basis == "observed" else f"服务标准（近期同类交付仅 {observations} 件）"
    by_en = (
        f"{observations} delivered of late" if basis == "observed" else f"the service level ({observations} delivered of late)"
    )
    return Text(
        zh=f"{zh}预计 {_hours(done)} 个工作小时内完成（八成情况），依据{by_zh}。这不是承诺。",
        en=f"{en} It would be done within {_hours(done)} working hours in eight of ten cases, by {by_en}. This is no promise.",
    )


def _hours(given: Range) -> str:
    return "–".join(f"{hours:.0f}" if hours >= PLAIN else f"{hours:.3g}" for hours in (given.early_hours, given.late_hours))
