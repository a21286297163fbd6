"""The sentences about a bid's plan: whether its dates can be met, and if not so, what would have to move. Pure."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.routing.domain.explanation import REASONS
from shared.catalogue import Pack
from shared.schemas.bidding import BidConflict, BidFault, BidPart, Verdict
from shared.schemas.model import Text

FAULTS: dict[BidFault, Text] = {
    "no_due": Text(zh="申请没有投标截止时间（details.due）", en="the bid names no deadline (details.due)"),
    "due_past": Text(zh="投标截止时间已过", en="the deadline is over"),
    "due_out_of_range": Text(zh="投标截止或述标时间无法推算", en="the deadline or the pitch is too far off to be reckoned with"),
    "pitch_past": Text(zh="述标时间已过", en="the time of the pitch is over"),
    "pitch_before_due": Text(zh="述标早于投标截止，请核对", en="the pitch is before the deadline; check both"),
    "unknown_zone": Text(zh="不认识所写的时区，按政策的时区推算", en="the time zone is unknown, so the policy's own is used"),
}
LEADS: dict[Verdict, Text] = {
    "can": Text(zh="可以按期完成。", en="The dates can be met."),
    "only_if": Text(zh="只有在下列情况调整后才能按期完成：", en="The dates can be met only if this changes: "),
    "cannot": Text(zh="无法按期完成：", en="The dates cannot be met: "),
}


def sentence(
    verdict: Verdict,
    parts: Sequence[BidPart],
    conflicts: Sequence[BidConflict],
    faults: Sequence[BidFault],
    *,
    share: float,
    pack: Pack,
    zone: str,
) -> Text:
    """The verdict, and what it rests on; roles as `pack` calls them, times in `zone`."""
    reasons = [FAULTS[fault] for fault in faults]
    reasons += [_late(part) for part in parts if not part.feasible]
    reasons += [_short(part, role, pack) for part in parts for role in dict.fromkeys(part.unfilled)]
    reasons += [_asked_later(part, part.asked, ZoneInfo(zone)) for part in parts if part.asked is not None]
    if verdict == "only_if" and any(not part.feasible for part in parts):
        reasons.append(
            Text(
                zh=f"各部分须压缩到不低于 {share:.0%} 的工时", en=f"the parts are done in as little as {share:.0%} of their hours"
            )
        )
    lead = LEADS[verdict]
    zh, en = "；".join(reason.zh for reason in reasons), "; ".join(reason.en for reason in reasons)
    if verdict == "can" and reasons:
        zh, en = f"注意：{zh}", f" Note: {en}"
    more_zh, more_en = (
        (f"另有 {len(conflicts)} 处人员冲突。", f" {len(conflicts)} conflict(s) of people.") if conflicts else ("", "")
    )
    return Text(zh=f"{lead.zh}{zh}{'。' if reasons else ''}{more_zh}", en=f"{lead.en}{en}{'.' if reasons else ''}{more_en}")


def _late(part: BidPart) -> Text:
    hours = f"{part.lacking_hours:g}"
    return Text(
        zh=f"“{part.label.zh}”最迟开始时间已过 {hours} 个工作小时",
        en=f"“{part.label.en}” starts {hours} working hours too late",
    )


def _short(part: BidPart, role: str, pack: Pack) -> Text:
    full, zh, en = part.full.get(role, 0), pack.role_name(role, "zh"), pack.role_name(role, "en")
    kept = part.kept_from.get(role, {})
    why_zh = [f"{full} 人已满"] * bool(full) + [f"{kept[key]} 人{text.zh}" for key, text in REASONS.items() if kept.get(key)]
    why_en = [f"{full} full"] * bool(full) + [f"{kept[key]} {text.en}" for key, text in REASONS.items() if kept.get(key)]
    return Text(
        zh=f"“{part.label.zh}”没有可用的{zh}" + (f"（{'，'.join(why_zh)}）" if why_zh else ""),
        en=f"nobody can take “{part.label.en}” as {en}" + (f" ({', '.join(why_en)})" if why_en else ""),
    )


def _asked_later(part: BidPart, asked: datetime, zone: ZoneInfo) -> Text:
    was, now = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (asked, part.due))
    return Text(
        zh=f"“{part.label.zh}”的申请写明 {was} 前需要，现在须在 {now} 前完成，请变更该申请",
        en=f"“{part.label.en}” is asked for by {was}, and is needed by {now} now: amend its request",
    )
