"""To whom and from whom a mail in a mailbox was delivered, as the server that put it there wrote down. Pure.

A mail that is read from a mailbox comes without its envelope. Return-Path says the sender (RFC 5321, 4.4), Delivered-To,
X-Original-To and Envelope-To the recipient; these headers are not proof of anything, and nothing but the type follows from them.
"""

from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.utils import getaddresses

UNKNOWN = "unknown@mailbox.invalid"
"""The sender of a mail that nobody wrote one down for: it is not known to be a machine's."""
RECIPIENTS = ("x-original-to", "envelope-to", "delivered-to")
MOST_HEAD = 512 * 1024
MOST_HEADERS = 500
MOST_NAMED = 20
LONGEST = 2_000


def envelope_of(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """(sender, recipients): the sender is empty for what says that it is to be answered by nobody."""
    try:
        return _envelope(raw)
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError, AssertionError):
        return UNKNOWN, ()  # the library's parsers meet hostile bytes with whatever comes to them; the mail room says what it is


def _envelope(raw: bytes) -> tuple[str, tuple[str, ...]]:
    head = BytesHeaderParser().parsebytes(raw[:MOST_HEAD])
    named = [(name.lower(), str(value)[:LONGEST]) for name, value in list(head.raw_items())[:MOST_HEADERS]]
    senders = [value for name, value in named if name == "return-path"]
    # The address before an alias was followed comes first: it has what stands behind the plus.
    values = [value for wanted in RECIPIENTS for name, value in named if name == wanted]
    addresses = [address.strip().lower() for _, address in getaddresses(values) if "@" in address]
    sender = _sender(senders[0]) if senders else UNKNOWN
    return sender, tuple(dict.fromkeys(addresses))[:MOST_NAMED]


def _sender(value: str) -> str:
    bare = value.strip()
    return "" if bare in {"", "<>"} else bare.strip("<> ")
