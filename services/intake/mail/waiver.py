"""Finds in a mail's own words that its writer waives a precondition: “豁免：… 原因：…”, “Waive: …; Reason: …”. Pure."""

import re
from dataclasses import dataclass

from services.intake.mail.lines import Entry, entries
from shared.catalogue import Pack
from shared.catalogue.labels import fold_label
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

WAIVING = frozenset(map(fold_label, ("豁免", "同意豁免", "豁免前提条件", "豁免条件", "Waive", "Waiver", "I waive", "Waived")))
REASON = frozenset(
    map(fold_label, ("原因", "理由", "豁免原因", "豁免理由", "Reason", "Reason for waiver", "Reason for the waiver"))
)
INLINE = re.compile(r"[\s;；,，。.]*(?:豁免)?(?:原因|理由|(?<![A-Za-z])reason)\s*[:：﹕︓]\s*", re.IGNORECASE)
QUOTES = " \t“”\"'‘’「」『』《》【】[];；,，。."
SENDER_NOT_PROVED = Refusal(
    code="sender_not_proved",
    status=403,
    message=Text(
        zh="不能凭邮件豁免前提条件：本系统没有核验发件人身份；请以本人凭证通过接口提出，或请管理员设置 BACKLINE_MAIL_VOUCHING_SERVER。",
        en="No precondition is waived by mail here, since nobody checks who a mail is from; ask over HTTP with your own token, or let the "
        "administrators set BACKLINE_MAIL_VOUCHING_SERVER.",
    ),
)
WHICH_REQUEST = Refusal(
    code="waiver_without_request",
    status=422,
    message=Text(
        zh="看不出要豁免的是哪个申请；请直接回复该申请的邮件，或在主题中写明申请编号（BL-…）。",
        en="It is not clear which request the waiver is for; answer a mail about it, or give its number (BL-…) in the subject.",
    ),
)
ONE_AT_A_TIME = Refusal(
    code="several_waivers",
    status=422,
    message=Text(
        zh="一封邮件只能豁免一项前提条件；请每项单独发一封。", en="A mail waives one precondition; send one mail for each."
    ),
)


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """`precondition` is its key where the policy knows the name, else what was written."""

    precondition: str
    reason: str


def waivers_in(text: str, pack: Pack) -> list[Waiver]:
    """What `text`, a writer's own words, waives. A reason stands behind it, on the lines below, or under a label of its own."""
    found: list[Waiver] = []
    for entry in entries(text, lambda label: fold_label(label) in WAIVING | REASON):
        if fold_label(entry.label) in WAIVING:
            found.append(_waiver(entry, pack))
        elif fold_label(entry.label) in REASON and found and not found[-1].reason:
            found[-1] = Waiver(precondition=found[-1].precondition, reason=entry.value)
    return found


def _waiver(entry: Entry, pack: Pack) -> Waiver:
    named, *reason = INLINE.split(entry.value, maxsplit=1)
    if not reason:
        named, *reason = entry.value.split("\n", 1)
    return Waiver(precondition=_key(named.strip(QUOTES), pack), reason=reason[0].strip() if reason else "")


def _key(named: str, pack: Pack) -> str:
    wanted = fold_label(named)
    called = ((key, (key, one.zh, one.en)) for key, one in pack.preconditions.items())
    return next((key for key, names in called if wanted in map(fold_label, names)), named)
