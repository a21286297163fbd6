"""Parts a mail's text into what its writer says, what they pass on, and what is only repeated: quotations and signatures. Pure."""

import re
from dataclasses import dataclass

SIGNATURE = re.compile(r"--\s?|—{2,}|_{2,5}")
CLOSING = re.compile(
    r"(?:(?:kind |best |warm |many )?regards|best wishes|sincerely|thanks(?: and regards)?|sent from my .{1,40}"
    r"|发自我的.{1,40}|此致|顺颂商祺|祝好)[,，!！。.]?",
    re.IGNORECASE,
)
FORWARDED = re.compile(
    r"(?:[-—_=*\s]*(?:转发的?(?:邮件|消息)(?:信息)?|Forwarded message|Forwarded by .{1,80})[-—_=*\s]*"
    r"|Begin forwarded message:|(?:开始|以下是)转发的邮件[:：])",
    re.IGNORECASE,
)
QUOTED = re.compile(
    r"[-—_=*\s]*(?:原始邮件|原始信息|Original Message|Original Appointment|回复的原邮件)[-—_=*\s]*", re.IGNORECASE
)
WROTE = re.compile(r"(?:在.{1,300}写道[:：]?|.{0,300}于.{1,120}写道[:：]?|(?:On|At) .{1,300} wrote:)", re.IGNORECASE)
HEADER = re.compile(
    r"\*{0,2}(发件人|寄件人|From|发送时间|日期|Sent|Date|收件人|To|抄送|Cc|主题|主旨|Subject)\s*\*{0,2}\s*[:：]", re.IGNORECASE
)
FIRST_HEADERS = ("发件人", "寄件人", "from")
WRITTEN = ("wrote:", "写道：", "写道:", "写道")
FORWARDING = re.compile(r"\s*(?:fwd?|转发|轉寄)\s*[:：]", re.IGNORECASE)
MARKED = ">"


@dataclass(frozen=True)
class Cut:
    """The two parts of a text that count."""

    own: str
    forwarded: str


def cut(text: str, subject: str = "") -> Cut:
    """`text` without what it quotes and without signatures. A forwarded mail is kept apart, without its own quotations."""
    own, forwarded = _parted([line for line in text.split("\n") if not line.lstrip(" \u3000").startswith(MARKED)], subject)
    return Cut(own, _inner(forwarded))


def _parted(lines: list[str], subject: str) -> tuple[str, list[str]]:
    """What the writer of `lines` says, and the lines of what they forward."""
    own: list[str] = []
    for place, line in enumerate(lines):
        bare = line.strip()
        if FORWARDED.fullmatch(bare) or (FORWARDING.match(subject) and _headers_begin(lines, place)):
            return _joined(own), lines[place + 1 :]
        if QUOTED.fullmatch(bare) or _wrote(lines, place) or _headers_begin(lines, place):
            break
        if own and (SIGNATURE.fullmatch(bare) or CLOSING.fullmatch(bare)):
            return _joined(own), _after_marker(lines[place + 1 :], subject)
        own.append(line)
    return _joined(own), []


def _after_marker(lines: list[str], subject: str) -> list[str]:
    """What is forwarded below a signature."""
    for place, line in enumerate(lines):
        if FORWARDED.fullmatch(line.strip()) or (FORWARDING.match(subject) and _headers_begin(lines, place)):
            return lines[place + 1 :]
    return []


def _inner(lines: list[str]) -> str:
    """What a forwarded mail says itself, without its header lines and whatever it forwards in its turn."""
    begun = next((place for place, line in enumerate(lines) if line.strip() and not HEADER.match(line.strip())), len(lines))
    return _parted(lines[begun:], "")[0]


def _wrote(lines: list[str], place: int) -> bool:
    """“On … wrote:”, which mail programs fold over two lines."""
    bare = lines[place].strip()
    if not bare or len(bare) > 400:
        return False
    if bare.endswith(WRITTEN) and WROTE.fullmatch(bare):
        return True
    following = lines[place + 1].strip() if place + 1 < len(lines) else ""
    folded = f"{bare} {following}"
    return bool(bare.startswith(("On ", "At ", "在", "于")) and following.endswith(WRITTEN) and WROTE.fullmatch(folded[:400]))


def _headers_begin(lines: list[str], place: int) -> bool:
    """The head of another mail as Outlook writes it: From, and at least two of its fellows in the next lines."""
    first = HEADER.match(lines[place].strip())
    if first is None or first[1].casefold() not in FIRST_HEADERS:
        return False
    return sum(1 for line in lines[place + 1 : place + 6] if HEADER.match(line.strip())) >= 2


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")
