"""How values read on paper in either language: labels, times with their offset, amounts, choices by name. Pure."""

from datetime import datetime
from typing import Any

from shared.catalogue import Field

WORDS = {
    "sheet": ("内部资料页", "Internal sheet"),
    "internal": ("内部使用，不外发", "Internal use, not for customers"),
    "file_number": ("编号", "Number"),
    "authors": ("编写人", "Prepared by"),
    "request": ("申请信息", "Request details"),
    "number": ("申请编号", "Request"),
    "reference": ("来源单号", "Reference"),
    "type": ("类型", "Type"),
    "unit": ("经营单位", "Business unit"),
    "requester": ("申请人", "Requester"),
    "opportunity": ("商机", "Opportunity"),
    "customer": ("客户", "Customer"),
    "stage": ("商机阶段", "Stage"),
    "tender_no": ("招标编号", "Tender no"),
    "coordinator": ("协调人", "Coordinator"),
    "supporters": ("支持人", "Supporters"),
    "version": ("版本", "Version"),
    "date": ("日期", "Date"),
    "other": ("其他信息", "Further information"),
    "result": ("工作成果", "Result"),
    "note": ("说明", "Note"),
    "open": ("尚未记录", "not recorded yet"),
    "total": ("合计", "Total"),
    "discount": ("折扣", "Discount"),
    "survey": ("需求调研结论", "What the survey found"),
    "surveyed": ("调研安排", "The survey"),
    "checklist": ("评审清单（示例）", "Checklist (example)"),
    "signatures": ("会签", "Sign-off"),
    "draft": ("合同草案全文", "The draft in full"),
    "erased": ("（已按要求删除）", "(erased on request)"),
    "amount": ("金额", "Amount"),
    "currency": ("币种", "Currency"),
    "files": ("附件", "Attached files"),
    "file": ("文件名", "File"),
    "size": ("大小", "Size"),
    "shown": ("在本材料中", "In this packet"),
}
WINDOW = ("start", "end", "place", "time_zone")
"""What a time and place are made of."""


def word(key: str, locale: str) -> str:
    """The label called `key`."""
    return WORDS[key][locale == "en"]


def joined(parts: list[str], locale: str) -> str:
    """Several values as one."""
    return (", " if locale == "en" else "、").join(parts)


def aside(main: str, addition: str, locale: str) -> str:
    """`main` with `addition` in brackets; alone where there is nothing to add."""
    if not addition:
        return main
    return f"{main} ({addition})" if locale == "en" else f"{main}（{addition}）"


def moment(value: object, locale: str) -> str:
    """An ISO time as people write it, with its own offset."""
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return aside(f"{day(value, locale)} {parsed:%H:%M}", _offset(parsed), locale)


def day(value: object, locale: str) -> str:
    """The date of an ISO time."""
    parsed = datetime.fromisoformat(str(value))
    return f"{parsed:%Y-%m-%d}" if locale == "en" else f"{parsed.year}年{parsed.month}月{parsed.day}日"


def plain(spec: Field, value: Any, locale: str) -> str:
    """One value as text."""
    if value is None:
        return word("erased", locale) if spec.personal else ""
    match spec.type:
        case "choice" | "choices":
            chosen = value if isinstance(value, list) else [value]
            return joined([spec.choice(str(item), locale) for item in chosen], locale)
        case "time":
            return moment(value, locale)
        case "window" if isinstance(value, dict):
            return _window(value, locale)
        case "money" if isinstance(value, int | float):
            return money(value)
        case _:
            return flat(value, locale)


def _window(value: dict[str, Any], locale: str) -> str:
    """When, and on the next line where."""
    rest = {key: inner for key, inner in value.items() if key not in WINDOW}
    places = [str(value["place"])] if value.get("place") else []
    return f"{_span(value, locale)}\n" + " · ".join([*places, *([flat(rest, locale)] if rest else [])])


def _span(value: dict[str, Any], locale: str) -> str:
    """From when to when; a date and a zone that both ends share are said once."""
    zone_name = str(value.get("time_zone") or "")
    try:
        start, end = (datetime.fromisoformat(str(value.get(key))) for key in ("start", "end"))
    except ValueError:
        return " ".join([f"{moment(value.get('start'), locale)} – {moment(value.get('end'), locale)}", zone_name]).strip()
    if start.utcoffset() != end.utcoffset():
        ends = f"{moment(value['start'], locale)} – {moment(value['end'], locale)}"
        return aside(ends, zone_name, locale)
    zones = joined([zone for zone in (zone_name, _offset(start)) if zone], locale)
    if start.date() == end.date():
        ends = f"{day(start, locale)} {start:%H:%M}–{end:%H:%M}"
    else:
        ends = f"{day(start, locale)} {start:%H:%M} – {day(end, locale)} {end:%H:%M}"
    return aside(ends, zones, locale)


def _offset(at: datetime) -> str:
    """UTC+08:00; nothing for a time without an offset."""
    offset = at.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:]}" if offset else ""


def money(value: float) -> str:
    """An amount with two decimals and thousands separated."""
    return f"{value:,.2f}"


def flat(value: Any, locale: str) -> str:
    """Any JSON value as readable text."""
    match value:
        case None:
            return ""
        case bool():
            return ("是" if value else "否") if locale == "zh" else ("yes" if value else "no")
        case dict():
            between, after = ("; ", ": ") if locale == "en" else ("；", "：")
            return between.join(f"{key}{after}{flat(inner, locale)}" for key, inner in value.items())
        case list():
            return joined([flat(inner, locale) for inner in value], locale)
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case _:
            return str(value)
