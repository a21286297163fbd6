"""The envelope of a mail in a mailbox, from what the server wrote down; whatever else the mail says of itself."""

import pytest

from services.intake.mail.automatic import automatic
from services.intake.mail.delivered import MOST_NAMED, UNKNOWN, envelope_of
from services.intake.mail.reading import read
from tests.unit.intake.letters import a_mail

PLUS, PLAIN = "support+customer-visit@firm.example", "support@firm.example"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", (UNKNOWN, ())),
        (f"Return-Path: <A1@firm.example>\nDelivered-To: {PLAIN}", ("A1@firm.example", (PLAIN,))),
        (f"Delivered-To: {PLAIN}\nX-Original-To: {PLUS.upper()}", (UNKNOWN, (PLUS, PLAIN))),
        (f"Delivered-To: {PLAIN}\nEnvelope-To: <{PLUS}>, {PLAIN}", (UNKNOWN, (PLUS, PLAIN))),
        ("Return-Path: <>", ("", ())),
        ("Return-Path:", ("", ())),
        ("Return-Path: <first@x>\nReturn-Path: <>", ("first@x", ())),
        ("Delivered-To: no address\nDelivered-To: \\\\", (UNKNOWN, ())),
    ],
)
def test_what_the_server_wrote_down_is_the_envelope(more: str, expected: tuple[str, tuple[str, ...]]):
    assert envelope_of(a_mail(more=more)) == expected


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", b"Delivered-To", b"Return-Path: \xff\xfe\r\n\r\n", b"\r\n" * 10_000])
def test_bytes_that_are_no_mail_have_no_envelope_and_do_no_harm(raw: bytes):
    assert envelope_of(raw)[1] == ()


def test_however_many_are_named_few_count():
    more = "\n".join(f"Delivered-To: x{number}@firm.example" for number in range(3 * MOST_NAMED))
    assert len(envelope_of(a_mail(more=more))[1]) == MOST_NAMED


@pytest.mark.parametrize(
    ("more", "reason"), [("", None), ("Return-Path: <a1@firm.example>", None), ("Return-Path: <>", "bounce")]
)
def test_a_mail_without_a_written_sender_is_not_taken_for_a_machines(more: str, reason: str | None):
    raw = a_mail(more=more)
    assert automatic(read(raw), envelope_sender=envelope_of(raw)[0], ours=frozenset()) == reason
