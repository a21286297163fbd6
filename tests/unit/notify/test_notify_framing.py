"""How a message follows DATA: whatever it holds, a server finds its end where it is and gets every line back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notify.channels.smtp import framed
from tests.unit.notify.test_notify_mail import a_mail

PIECES = st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b".\r\n", b"RCPT TO:<b@x>", b"\x00", b"\x0b", b"\xe7"]))


def taken(sent: bytes) -> tuple[list[bytes], bytes]:
    """The lines that a server takes (RFC 5321, 4.5.2), and what it has of the next command."""
    lines: list[bytes] = []
    while sent:
        line, end, sent = sent.partition(b"\r\n")
        if end and line == b".":
            break
        lines.append(line.removeprefix(b"."))
    return lines, sent


@given(PIECES.map(b"".join))
@example(b".")
@example(b"")
@example(b"\r\n.\r\nMAIL FROM:<a@x>\r\n")
@example(b"a\n.\nMAIL FROM:<a@x>\n")
@example(b"a\r.\r")
def test_whatever_a_message_holds_its_end_is_at_its_end(message: bytes):
    sent = framed(message)
    assert taken(sent) == (message.splitlines(), b"")
    unbroken = sent.replace(b"\r\n", b"")
    assert b"\r" not in unbroken
    assert b"\n" not in unbroken  # some servers take a lone one for a line's end


def test_a_mail_of_ours_is_sent_as_it_was_built():
    assert framed(a_mail()) == a_mail() + b".\r\n"


@pytest.mark.parametrize("unframed", [b"a\r\n.\r\nMAIL FROM:<a@x>\r\n.\r\n", b".\r\nMAIL FROM:<a@x>\r\n.\r\n"])
def test_negative_control_a_dot_that_is_not_doubled_ends_the_message(unframed: bytes):
    assert taken(unframed)[1].startswith(b"MAIL")
