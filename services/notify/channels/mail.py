"""Builds the bytes of a mail. The same item always gives the same Message-ID, so that a mailbox shows a repetition.

Invariant: no value reaches a header with a control character or an encoded word that could hide one.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


class UnsafeHeaderError(Exception):
    """A value may not become a header; the message names the header, never the value."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who the mails come from. `domain` ends every Message-ID."""

    address: str
    name: str
    domain: str


def build(
    *, item: str, request: str, sender: Sender, to: str, to_name: str, subject: str, text: str, html: str, date: datetime
) -> bytes:
    """The mail as bytes with CRLF lines (RFC 5322), 7-bit clean, in two alternatives (RFC 2046).

    All mails of a request hang on one thread root (References, In-Reply-To). Raises UnsafeHeaderError.
    """
    message = EmailMessage(policy=_POLICY)
    root = f"<request.{request}@{sender.domain}>"
    headers = {
        "From": _mailbox("From", sender.name, sender.address),
        "To": _mailbox("To", to_name, to),
        "Subject": _safe("Subject", subject),
        "Date": format_datetime(date),
        "Message-ID": _safe("Message-ID", f"<{item}@{sender.domain}>"),
        "In-Reply-To": _safe("In-Reply-To", root),
        "References": _safe("References", root),
        "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's machine shall answer it
    }
    for name, value in headers.items():
        message[name] = value
    message.set_content(_body(text), cte="base64")
    message.add_alternative(_body(html), subtype="html", cte="base64")
    return message.as_bytes()


def checked_address(address: str) -> str:
    """`address` when it can be used in an SMTP command: local part and domain in ASCII (RFC 5321). Raises UnsafeHeaderError."""
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise UnsafeHeaderError("The mail address is not of the form name@domain in ASCII; correct it in the directory.")
    return address


def _mailbox(header: str, name: str, address: str) -> Address:
    return Address(display_name=_safe(header, name), addr_spec=checked_address(address))


def _safe(header: str, value: str) -> str:
    if _CONTROL.search(value):
        raise UnsafeHeaderError(f"The header {header} would hold a control character or an encoded word; correct its source.")
    return value


def _body(text: str) -> str:
    """What UTF-8 can carry of `text`."""
    return text.encode("utf-8", "replace").decode("utf-8")
