"""Builds the bytes of a mail. The same item always gives the same Message-ID, so that a mailbox shows a repetition.

Invariant: no value reaches a header with a control character or an encoded word that could hide one.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, formataddr
from functools import lru_cache

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?")
_MESSAGE_ID = re.compile(r"(?!.*=\?)<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~:-]{1,120}@[A-Za-z0-9.:\[\]-]{1,120}>")
"""What is answered may come from anywhere: only an identity that fits on a line and hides nothing is named."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")

UNFOLDED = 60
LONGEST_WORD = 39
"""Bytes of UTF-8 in one encoded word, so that a header's first line too has at most 76 characters (RFC 2047, 2)."""


class UnsafeHeaderError(Exception):
    """A value may not become a header; the message names the header, never the value."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who the mails come from. `domain` ends every Message-ID; answers go to `reply_to` where it is given."""

    address: str
    name: str
    domain: str
    reply_to: str | None = None


def build(
    *,
    item: str,
    request: str,
    sender: Sender,
    to: str,
    to_name: str,
    subject: str,
    text: str,
    html: str,
    date: datetime,
    answers: str | None = None,
) -> bytes:
    """The mail as bytes with CRLF lines (RFC 5322), 7-bit clean, in two alternatives (RFC 2046).

    All mails of a request hang on one thread root (References), and answer it or the mail `answers`. Whoever answers one of ours
    names the root, which names the request (docs/decisions/0018). Raises UnsafeHeaderError. (Written out here from the
    library's parts, since an EmailMessage takes ten times as long.)
    """
    identity, root = _safe("Message-ID", f"<{item}@{sender.domain}>"), _safe("References", f"<request.{request}@{sender.domain}>")
    boundary = f"=_{item}"  # no base64 text holds an underscore
    lines = [
        f"From: {_mailbox('From', sender.name, sender.address)}",
        f"To: {_mailbox('To', to_name, to)}",
        f"Subject: {_encoded(_safe('Subject', subject))}",
        f"Date: {_dated(date.replace(microsecond=0, tzinfo=None), date.utcoffset())}",
        f"Message-ID: {identity}",
        *_thread(root, answers),
        *([f"Reply-To: {checked_address(sender.reply_to)}"] if sender.reply_to else []),
        "Auto-Submitted: auto-generated",  # RFC 3834: nobody's machine shall answer it
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
        "",
        *_part(boundary, "plain", text),
        *_part(boundary, "html", html),
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def _thread(root: str, answers: str | None) -> tuple[str, str]:
    """In-Reply-To and References: the root, and the mail that is answered where it has an identity that can be named."""
    if answers is None or not _MESSAGE_ID.fullmatch(answers):
        return f"In-Reply-To: {root}", f"References: {root}"
    return f"In-Reply-To: {answers}", f"References: {root}\r\n {answers}"


def _part(boundary: str, subtype: str, text: str) -> tuple[str, ...]:
    body = _base64(crlf(text.encode("utf-8", "replace")))
    return (
        f"--{boundary}",
        f'Content-Type: text/{subtype}; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        body,
    )


def crlf(data: bytes) -> bytes:
    """`data` with each of its lines ended by CRLF, the last too; nothing remains nothing. What needs no change costs three looks."""
    ends = data.count(b"\n")
    if ends == data.count(b"\r") == data.count(b"\r\n") and data.endswith(b"\r\n"):
        return data
    return b"\r\n".join([*data.splitlines(), b""])


@lru_cache(maxsize=64)
def _dated(moment: datetime, offset: timedelta | None) -> str:
    """A date (RFC 5322, 3.3), `moment` being local; of the many mails of one second it is written once."""
    return format_datetime(moment if offset is None else moment.replace(tzinfo=timezone(offset)))


def _base64(data: bytes) -> str:
    """`data` in base64, in lines of 76 characters (RFC 2045, 6.8), each ended by CRLF."""
    text = b2a_base64(data, newline=False).decode("ascii")
    lines = [text[at : at + 76] for at in range(0, len(text), 76)]
    return "\r\n".join([*lines, ""])


def checked_address(address: str) -> str:
    """`address` when it can be used in an SMTP command: local part and domain in ASCII (RFC 5321). Raises UnsafeHeaderError."""
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise UnsafeHeaderError("The mail address is not of the form name@domain in ASCII; correct it in the directory.")
    return address


@lru_cache(maxsize=2048)
def _mailbox(header: str, name: str, address: str) -> str:
    """A name and an address (RFC 5322, 3.4); the name in encoded words (RFC 2047) where it is not ASCII."""
    checked = checked_address(address)
    if _safe(header, name).isascii():
        return formataddr((name, checked))
    return f"{_encoded(name)}\r\n <{checked}>"


def _encoded(value: str) -> str:
    """`value`, in encoded words (RFC 2047) where it is not ASCII or has to be folded: they alone fold where there is no space.

    (Written out here too: the library's Header tries each length of each line, and makes words that are a character too long.)
    """
    if value.isascii() and len(value) <= UNFOLDED:
        return value
    pieces = _pieces(value.encode("utf-8"))
    return "\r\n ".join(f"=?utf-8?b?{b2a_base64(piece, newline=False).decode('ascii')}?=" for piece in pieces)


def _pieces(text: bytes) -> Iterator[bytes]:
    """UTF-8 in pieces of at most LONGEST_WORD bytes, none of which ends within a character (RFC 2047, 5)."""
    start = 0
    while start < len(text):
        end = start + LONGEST_WORD
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        yield text[start:end]
        start = end


def _safe(header: str, value: str) -> str:
    if _CONTROL.search(value):
        raise UnsafeHeaderError(f"The header {header} would hold a control character or an encoded word; correct its source.")
    return value
