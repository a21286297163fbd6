"""From the bytes of a mail to a Letter. Pure; raises nothing but Unreadable, whatever the bytes are.

Invariant: no header is trusted to be well formed, no part to be what it says; all sizes and depths have an end.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses

from services.intake.mail.cutting import cut
from services.intake.mail.html_text import text_of
from services.intake.mail.letter import MESSAGE_ID, File, Letter, Unreadable
from shared.catalogue.attachments import MAX_NAME, MEDIA_TYPE
from shared.schemas.model import Text

MAX_PARTS = 100
MAX_DEPTH = 20
MAX_TEXT = 1_000_000
MAX_LINES = 20_000
MAX_HTML = 1_000_000
MAX_HEADERS = 500
MAX_HEADER = 8_000
MAX_REFERENCES = 50
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
AS_THEY_STAND = {"authentication-results"}
"""Headers that a server wrote, for servers: words of a mail that it repeats are not to be read in them (RFC 8601, 2.2)."""
CHARSETS = re.compile(
    r"(?:utf-(?:8|16|16le|16be)|gb18030|big5(?:hkscs)?|iso-8859-\d{1,2}|iso-2022-\w+|windows-\d+|cp\d+|koi8-[ru]|shift_jis|euc-\w+)"
)
TOO_NESTED = Unreadable(
    Text(
        zh=f"邮件的部分超过 {MAX_PARTS} 个或嵌套超过 {MAX_DEPTH} 层；请新写一封邮件，把文件直接附上。",
        en=f"The mail has more than {MAX_PARTS} parts or more than {MAX_DEPTH} levels; write a new one with the files attached.",
    )
)
TOO_LONG = Unreadable(
    Text(
        zh=f"邮件正文超过 {MAX_TEXT} 字或 {MAX_LINES} 行；请把长的内容作为附件。",
        en=f"The text of the mail is longer than {MAX_TEXT} characters or {MAX_LINES} lines; attach what is long.",
    )
)
BROKEN = Unreadable(
    Text(zh="邮件的格式无法识别；请重新写一封。", en="The mail is not in a form that can be read; write it anew."),
)


def read(raw: bytes) -> Letter:
    """The letter in `raw`. Raises Unreadable."""
    try:
        message = message_from_bytes(raw)
        return _letter(message)
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError, AssertionError) as error:
        raise BROKEN from error  # the library's parsers meet hostile bytes with whatever comes to them


def _letter(message: "Message[str, str]") -> Letter:
    headers = _headers(message)
    leaves = list(_leaves(message))
    if len(leaves) > MAX_PARTS:
        raise TOO_NESTED
    subject = _line(_first(headers, "subject"))
    text = "\n\n".join(_texts(message, MAX_DEPTH))
    if len(text) > MAX_TEXT or text.count("\n") > MAX_LINES:
        raise TOO_LONG
    parted = cut(text, subject)
    senders = _addresses(message, "from")
    return Letter(
        sender=senders[0] if len(senders) == 1 else "",
        recipients=tuple(_addresses(message, "to", "cc", "delivered-to")),
        subject=subject,
        date=_line(_first(headers, "date")),
        message_id=next(iter(_message_ids(headers.get("message-id", ())[:1])), None),
        references=_references(headers),
        text=parted.own,
        forwarded=parted.forwarded,
        files=tuple(_files(leaves)),
        media_type=message.get_content_type(),
        headers=headers,
    )


def _headers(message: "Message[str, str]") -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in list(message.raw_items())[:MAX_HEADERS]:
        key = name.lower()
        given = str(value)[:MAX_HEADER]
        found[key] = (*found.get(key, ()), _plain(given) if key in AS_THEY_STAND else _decoded(given))
    return found


def _decoded(value: str) -> str:
    """A header in words: encoded words (RFC 2047) as they say; faulty ones as they stand."""
    plain = _plain(value)
    if "=?" not in plain:
        return plain
    try:
        parts = decode_header(plain)
    except (HeaderParseError, ValueError):
        return plain
    words = [_of_bytes(part, charset) if isinstance(part, bytes) else part for part, charset in parts]
    return "".join(words)


def _plain(value: str) -> str:
    """A header as it stands, raw bytes as UTF-8 or GB18030."""
    return value if value.isascii() else _of_bytes(value.encode("utf-8", "surrogateescape"), None)


def _of_bytes(data: bytes, charset: str | None) -> str:
    """`data` by its charset if it fits, else as UTF-8 or GB18030; what is in none of them is marked where it is wrong."""
    name = (charset or "").lower().replace("_", "-").replace("shift-jis", "shift_jis")
    named = "gb18030" if name in {"gb2312", "gbk", "x-gbk", "cp936"} else name
    for candidate in dict.fromkeys((named, "utf-8", "gb18030")):
        if CHARSETS.fullmatch(candidate):
            try:
                return data.decode(candidate)
            except (LookupError, ValueError):
                continue
    return data.decode("utf-8", "replace")


def _line(value: str) -> str:
    """A header's value on one line, without what is not seen."""
    return " ".join(CONTROLS.sub(" ", re.sub(r"\r?\n[ \t]", " ", value)).split())


def _first(headers: dict[str, tuple[str, ...]], name: str) -> str:
    return next(iter(headers.get(name, ())), "")


def _addresses(message: "Message[str, str]", *names: str) -> list[str]:
    """The addresses that these headers name, in small letters, each once. What a name hides in encoded words is none."""
    raw = [str(value)[:MAX_HEADER] for name, value in list(message.raw_items())[:MAX_HEADERS] if name.lower() in names]
    found = [address.strip().lower() for _, address in getaddresses([_line(_plain(value)) for value in raw])]
    return list(dict.fromkeys(address for address in found if "@" in address and " " not in address))


def _message_ids(values: tuple[str, ...]) -> list[str]:
    return [found for value in values for found in MESSAGE_ID.findall(value)]


def _references(headers: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """In-Reply-To first, then References from the latest to the first."""
    named = _message_ids(headers.get("in-reply-to", ())) + _message_ids(headers.get("references", ()))[::-1]
    return tuple(dict.fromkeys(named))[:MAX_REFERENCES]


def _parts_of(message: "Message[str, str]") -> "list[Message[str, str]]":
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _leaves(message: "Message[str, str]") -> "Iterator[Message[str, str]]":
    """All parts that hold no parts; a mail inside the mail is one of them. Raises Unreadable."""
    waiting, seen = [(message, 0)], 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > 2 * MAX_PARTS:
            raise TOO_NESTED
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend((inner, depth + 1) for inner in reversed(_parts_of(part)))
        else:
            yield part


def _is_text(part: "Message[str, str]") -> bool:
    named = part.get_content_disposition() == "attachment" or part.get_filename() is not None
    return part.get_content_type() in {"text/plain", "text/html"} and not named


def _texts(message: "Message[str, str]", room: int) -> Iterator[str]:
    """What is to be read: of alternatives the plain one unless it is blank, of everything else all texts."""
    if message.get_content_maintype() != "multipart" or not message.is_multipart():
        if _is_text(message):
            yield _text(message)
        return
    parts = _parts_of(message) if room > 0 else []
    if message.get_content_type() == "multipart/alternative":
        offered = {part.get_content_type(): part for part in parts if _is_text(part)}
        plain = _text(offered["text/plain"]) if "text/plain" in offered else ""
        if plain.strip():
            yield plain
            return
        parts = [part for part in parts if part is not offered.get("text/plain")]
    for part in parts:
        yield from _texts(part, room - 1)


def _text(part: "Message[str, str]") -> str:
    data = part.get_payload(decode=True)
    raw = data if isinstance(data, bytes) else b""
    if len(raw) > 4 * MAX_TEXT:
        raise TOO_LONG
    text = _of_bytes(raw, part.get_content_charset()).replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    if part.get_content_type() == "text/html":
        if len(text) > MAX_HTML:
            raise TOO_LONG
        return text_of(text)
    return _unflowed(text) if str(part.get_param("format", "")).lower() == "flowed" else text


def _unflowed(text: str) -> str:
    """Lines that a mail program broke by itself (RFC 3676) put together again."""
    lines: list[str] = []
    soft = False
    for line in text.split("\n"):
        unstuffed = line.removeprefix(" ")
        if soft and lines and not line.startswith(">"):  # what is quoted goes on nothing of one's own (RFC 3676, 4.5)
            lines[-1] += unstuffed
        else:
            lines.append(unstuffed)
        soft = unstuffed.endswith(" ") and unstuffed != "-- " and not line.startswith(">")
    return "\n".join(lines)


def _files(leaves: "list[Message[str, str]]") -> Iterator[File]:
    taken: set[str] = set()
    for number, part in enumerate((part for part in leaves if not _is_text(part)), start=1):
        media_type = part.get_content_type()
        yield File(name=_free(_name(part, number), taken), media_type=_media_type(media_type), data=_content(part))


def _content(part: "Message[str, str]") -> bytes:
    inner = _parts_of(part)
    if inner:
        return inner[0].as_bytes()
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _media_type(given: str) -> str:
    return given if re.fullmatch(MEDIA_TYPE, given) else "application/octet-stream"


def _name(part: "Message[str, str]", number: int) -> str:
    """A file's name without its path; RFC 2231 and RFC 2047 are both in use."""
    given = part.get_filename()
    name = _line(_decoded(collapse_rfc2231_value(given))) if given is not None else ""
    name = re.split(r"[/\\]", name)[-1].strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > MAX_NAME - 8:
        name = f"{stem[: MAX_NAME - 30]}{dot}{ending[:20]}" if dot else name[: MAX_NAME - 8]
    return name or f"attachment-{number}{'.eml' if part.get_content_type() == 'message/rfc822' else ''}"


def _free(name: str, taken: set[str]) -> str:
    """`name`, numbered when another file of the mail is called so."""
    stem, dot, ending = name.rpartition(".")
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{stem} ({count}){dot}{ending}" if dot else f"{name} ({count})"
    taken.add(free)
    return free
