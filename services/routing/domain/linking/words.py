"""The sentences about a request that another one names: what its standing means, and what to do. Pure."""

from collections.abc import Sequence

from services.routing.domain.linking.state import Link
from shared.ledger.messages import Refusal
from shared.schemas.links import LinkedRequest, LinkStanding
from shared.schemas.model import Text
from shared.schemas.reviews import ReviewCondition

MOST_CONDITIONS = 5
MEANS: dict[LinkStanding, Text] = {
    "pending": Text(
        zh="关联的价格申请 {called} 尚未批准{who}。评审意见可先提出；价格批准后本申请自动继续。",
        en="The price request {called} it names is not approved yet{who}. Opinions may be given meanwhile; once the price is approved, "
        "this goes on by itself.",
    ),
    "unknown": Text(
        zh="本经营单位没有已受理的价格申请 {called}。请提交该价格申请，或变更本申请中的单号（price_request）。",
        en="There is no accepted price request {called} in this unit. File it, or amend the reference (price_request) here.",
    ),
    "other_type": Text(
        zh="关联的 {called} 不是价格申请。请变更为价格申请的单号（price_request）。",
        en="The request {called} it names is no price request. Amend the reference (price_request) to one that is.",
    ),
    "other_opportunity": Text(
        zh="关联的价格申请 {called} 属于另一个商机，其批准不适用于本申请。请变更为本商机的价格申请（price_request），或更正商机。",
        en="The price request {called} it names is about another opportunity, so that its approval says nothing of this. Amend the "
        "reference (price_request) to one of this opportunity, or correct the opportunity.",
    ),
    "circular": Text(
        zh="关联的 {called} 直接或间接在等待本申请，不会有结果。请变更或去掉关联（price_request）。",
        en="The request {called} it names waits, itself or through others, for this one, so that neither would end. Amend or remove the "
        "reference (price_request).",
    ),
    "rejected": Text(
        zh="关联的价格申请 {called} 未获批准，因此本申请不能通过或交付。请由申请人重新打开并更正价格申请，或变更为另一价格申请，"
        "或去掉关联，或撤回本申请。",
        en="The price request {called} it names was rejected, so this cannot be approved or delivered. The requester reopens and mends the "
        "price request, or amends this one to name another or none, or withdraws it.",
    ),
    "withdrawn": Text(
        zh="关联的价格申请 {called} 已撤回，因此本申请不能通过或交付。请变更为另一价格申请，或去掉关联，或撤回本申请。",
        en="The price request {called} it names was withdrawn, so this cannot be approved or delivered. Amend it to name another price "
        "request or none, or withdraw it.",
    ),
    "approved": Text(
        zh="关联的价格申请 {called} 已批准，本申请继续。", en="The price request {called} it names is approved; this goes on."
    ),
    "approved_with_changes": Text(
        zh="关联的价格申请 {called} 附条件批准：{conditions}。本申请继续，请按批准的价格和条件办理；依据价格的意见须重新提出。",
        en="The price request {called} it names is approved with changes: {conditions}. This goes on; keep to the price and the "
        "conditions as approved. Opinions that rest on the price are asked for again.",
    ),
}


def reason(standing: LinkStanding, named: LinkedRequest, held_by: Sequence[str], conditions: Sequence[ReviewCondition]) -> Text:
    """What `standing` means for whoever named the request, and what to do."""
    zh_who = f"（现由 {'、'.join(held_by)} 处理）" if held_by else ""
    en_who = f" ({', '.join(held_by)} have it in hand)" if held_by else ""
    called = f"{named.number}（{named.reference}）", f"{named.number} ({named.reference})"
    listed = [f"{one.id} {one.text}" for one in conditions[:MOST_CONDITIONS]]
    more = ["…"] if len(conditions) > MOST_CONDITIONS else []
    said = MEANS[standing]
    return Text(
        zh=said.zh.format(called=called[0], who=zh_who, conditions="；".join([*listed, *more])),
        en=said.en.format(called=called[1], who=en_who, conditions="; ".join([*listed, *more])),
    )


def overdue(link: Link) -> Text:
    """It is waited for, for too long."""
    said = link.reason or reason("pending", link, link.held_by, ())
    return Text(zh=f"等待已久：{said.zh}", en=f"This is waited for too long: {said.en}")


def refusal(link: Link | None) -> Refusal | None:
    """Why work that names a price request cannot be delivered yet; None when it can."""
    if link is None or not link.holds:
        return None
    said = link.reason or reason("pending", link, link.held_by, ())
    message = Text(zh=f"还不能交付：{said.zh}", en=f"This cannot be delivered yet. {said.en}")
    return Refusal(code="waits_for_price", message=message)
