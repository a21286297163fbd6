"""How values read on paper in either language: labels, times with their offset, amounts, choices by name. Pure."""

from datetime import datetime
from typing import Any

from shared.catalogue import Field

WORDS = {
    "request": ("申请信息", "The request"),
    "number": ("申请编号", "Request"),
    "type": ("类型", "Type"),
    "unit": ("经营单位", "Business unit"),
    "requester": ("申请人", "Requester"),
    "opportunity": ("商机", "Opportunity"),
    "customer": ("客户", "Customer"),
    "stage": ("商机阶段", "Stage"),
    "tender_no": ("招标编号", "Tender no"),
    "needed_by": ("期望完成时间", "Needed by"),
    "priority": ("紧急程度", "Priority"),
    "coordinator": ("协调人", "Coordinator"),
    "supporters": ("支持人", "Supporters"),
    "other": ("其他信息", "Further information"),
    "result": ("工作成果", "Result"),
    "note": ("说明", "Note"),
    "open": ("尚未记录", "not recorded yet"),
    "total": ("合计", "Total"),
    "discount": ("折扣", "Discount"),
    "survey": ("需求调研结论", "What the survey found"),
    "checklist": ("评审清单（示例）", "Checklist (example)"),
    "signatures": ("会签", "Sign-off"),
    "draft": ("合同草案全文", "The draft in full"),
    "erased": ("（已按要求删除）", "(erased on request)"),
    "amount": ("金额", "Amount"),
}
PRIORITIES = {"low": ("低", "low"), "normal": ("普通", "normal"), "high": ("高", "high"), "urgent": ("紧急", "urgent")}


def word(key: str, locale: str) -> str:
    """The label called `key`."""
    return WORDS[key][locale == "en"]


def moment(value: object, locale: str) -> str:
    """An ISO time as people write it, with its own offset."""
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    offset = parsed.strftime("%z")
    suffix = f" (UTC{offset[:3]}:{offset[3:]})" if offset else ""
    if locale == "en":
        return f"{parsed:%Y-%m-%d %H:%M}{suffix}"
    return f"{parsed.year}年{parsed.month}月{parsed.day}日 {parsed:%H:%M}{suffix}"


def plain(spec: Field, value: Any, locale: str) -> str:
    """One value as text."""
    match spec.type:
        case "choice" | "choices":
            chosen = value if isinstance(value, list) else [value]
            return ("、" if locale == "zh" else ", ").join(spec.choice(str(item), locale) for item in chosen)
        case "time":
            return moment(value, locale)
        case "window" if isinstance(value, dict):
            start, end = moment(value.get("start"), locale), moment(value.get("end"), locale)
            rest = {key: inner for key, inner in value.items() if key not in {"start", "end", "place", "time_zone"}}
            zone = f" · {value['time_zone']}" if value.get("time_zone") else ""
            return f"{start} – {end} · {value.get('place', '')}{zone}" + (f" · {flat(rest, locale)}" if rest else "")
        case "money" if isinstance(value, int | float):
            return money(value)
        case _:
            return flat(value, locale)


def money(value: float) -> str:
    """An amount in CNY with two decimals and thousands separated."""
    return f"{value:,.2f}"


def flat(value: Any, locale: str) -> str:
    """Any JSON value as readable text."""
    match value:
        case None:
            return ""
        case bool():
            return ("是" if value else "否") if locale == "zh" else ("yes" if value else "no")
        case dict():
            return "；".join(f"{key}：{flat(inner, locale)}" for key, inner in value.items())
        case list():
            return "、".join(flat(inner, locale) for inner in value)
        case float() if value == int(value):
            return str(int(value))
        case _:
            return str(value)
