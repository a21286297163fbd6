"""What the mail server that hands a mail over is told: taken, not now, or no, with a reason its writer can act on. Pure."""

from dataclasses import dataclass

from services.intake.domain.state import OPEN
from shared.schemas.model import Text
from shared.schemas.requests import Answer, number_of

MOST_NAMED = 5
LONGEST = 400
"""Bytes of one reply, well below the 512 of RFC 5321 (4.5.3.1.5)."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A reply of SMTP: `code` (RFC 5321), `status` (RFC 3463), and why."""

    code: int
    status: str
    text: Text

    def line(self, *, utf8: bool = False) -> str:
        """One line; Chinese only where the other side takes UTF-8 (RFC 6531)."""
        words = f"{self.text.zh} {self.text.en}" if utf8 else self.text.en.encode("ascii", "replace").decode()
        plain = "".join(character if character.isprintable() else " " for character in words)
        cut = plain.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore")
        return f"{self.code} {self.status} {cut}"


LATER = Reply(
    code=451,
    status="4.3.0",
    text=Text(zh="系统暂时不能收取邮件，请稍后重发。", en="The mail cannot be taken at the moment; send it again later."),
)
AUTOMATIC = Reply(
    code=250, status="2.0.0", text=Text(zh="自动邮件，已保存，不作答复。", en="Kept; what a machine sent is not answered.")
)
UNKNOWN_SENDER = Reply(
    code=550,
    status="5.7.1",
    text=Text(
        zh="发件人不在人员目录中；请用目录中登记的邮箱发送，或请本单位市场人员代为申请。",
        en="The sender is not in the directory; write from the address that is recorded there, or let your unit's marketing staff ask.",
    ),
)
NOT_VOUCHED_FOR = Reply(
    code=550,
    status="5.7.26",
    text=Text(
        zh="发件人未通过身份验证（SPF、DKIM 或 DMARC）；请用公司邮箱发送。",
        en="The sender is not authenticated (SPF, DKIM or DMARC); write from your company mailbox.",
    ),
)
UNKNOWN_MAILBOX = Reply(
    code=550,
    status="5.1.1",
    text=Text(zh="没有这个收件地址；请核对。", en="There is no such mailbox here; check the address."),
)
BUSY = Reply(code=421, status="4.3.2", text=Text(zh="连接过多，请稍后再试。", en="Too many connections; try again later."))


def unreadable(text: Text) -> Reply:
    """A mail that is refused as it stands."""
    return Reply(code=554, status="5.6.0", text=text)


def too_large(most: int) -> Reply:
    """A mail of more bytes than are taken."""
    text = Text(
        zh=f"邮件超过 {most // 1024} KiB；请把文件另行上传，或分几封邮件发送。",
        en=f"The mail is larger than {most // 1024} KiB; upload its files, or send them in several mails.",
    )
    return Reply(code=552, status="5.3.4", text=text)


def remark_on(request: str) -> Reply:
    """An answer to a request that names nothing to be changed."""
    number = number_of(request)
    text = Text(zh=f"{number} 已保存，没有要变更的字段。", en=f"{number} kept; it names no field that is to be changed.")
    return Reply(code=250, status="2.0.0", text=text)


def reply_to(answer: Answer) -> Reply:
    """250 for what is kept and will be answered by mail; 451 where the fault is ours; 550 for what changed nothing."""
    if answer.problem is not None:
        text = Text.model_validate(answer.problem["message"])
        return LATER if answer.problem["status"] >= 500 else Reply(code=550, status="5.7.0", text=text)
    verdict = answer.verdict
    unsaid = answer.action == "amend" and answer.status in OPEN and not answer.amended
    if unsaid and verdict is not None and verdict.outcome != "accepted":
        problems = [problem.message for problem in verdict.problems[:MOST_NAMED]]
        missing = [entry.label for entry in verdict.preconditions if entry.state == "missing"]
        zh = "".join([*(text.zh for text in problems), *(f"缺少证明：{label.zh}。" for label in missing)])
        en = " ".join([*(text.en for text in problems), *(f"Not proved: {label.en}." for label in missing)])
        text = Text(zh=f"变更 {answer.number} 未生效：{zh}", en=f"{answer.number} was not changed: {en}")
        return Reply(code=550, status="5.6.0", text=text)
    return Reply(code=250, status="2.0.0", text=Text(zh=f"{answer.number} 已收到。", en=f"{answer.number} {answer.outcome}"))
