"""The bytes of a mail: the same identity every time, threads by request, and no way in for a header that nobody wrote."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from services.notify.channels.mail import Sender, UnsafeHeaderError, build, checked_address
from tests.unit.notify.notify_build import NOW

SENDER = Sender(address="noreply@backline.example", name="Backline 营销支持", domain="backline.example")


def a_mail(**changes: Any):
    plain = {
        "item": "item-1",
        "request": "request-1",
        "sender": SENDER,
        "to": "anna@east.example",
        "to_name": "王磊",
        "subject": "【BL-1】支持人已确定：需求调研（智慧水务二期，一个相当长的商机名称，用来看看标题是否会被正确折行）",
        "text": "您好：\n.\n..两点\n",
        "html": "<p>您好</p>",
        "date": NOW,
    }
    return build(**{**plain, **changes})


def parsed(raw: Any):
    return message_from_bytes(raw, policy=default)


def test_a_mail_has_the_headers_of_its_item_and_request():
    mail = parsed(a_mail())
    assert mail["Message-ID"] == "<item-1@backline.example>"
    assert mail["References"] == mail["In-Reply-To"] == "<request.request-1@backline.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOW
    assert mail["To"].addresses[0].addr_spec == "anna@east.example"
    assert mail["To"].addresses[0].display_name == "王磊"
    assert mail["Subject"].endswith("正确折行）")


def test_a_mail_that_answers_one_names_it_and_the_root():
    mail = parsed(a_mail(answers="<20270301.c4ca@mail.qiheng.example>"))
    assert mail["In-Reply-To"] == "<20270301.c4ca@mail.qiheng.example>"
    assert mail["References"].split() == ["<request.request-1@backline.example>", "<20270301.c4ca@mail.qiheng.example>"]
    assert mail["Reply-To"] is None


@pytest.mark.parametrize(
    "hostile",
    [
        "<a@b>\r\nBcc: x@evil.example",
        "<a@b> <c@d>",
        "digest:0123",
        "<=?utf-8?q?=0aBcc:x?=@b>",
        "<客户@b>",
        f"<{'a' * 300}@b>",
        "",
        "<a\x00@b>",
    ],
)
def test_an_identity_that_is_none_is_not_answered_and_the_thread_stays(hostile: str):
    mail = parsed(a_mail(answers=hostile))
    assert mail["In-Reply-To"] == mail["References"] == "<request.request-1@backline.example>"
    assert mail["Bcc"] is None


def test_answers_go_where_they_are_read():
    sender = Sender(
        address="noreply@backline.example", name="Backline", domain="backline.example", reply_to="support@backline.example"
    )
    assert parsed(a_mail(sender=sender))["Reply-To"] == "support@backline.example"


def test_a_mail_carries_both_alternatives_and_is_seven_bit_clean():
    raw = a_mail()
    mail = parsed(raw)
    assert mail.get_content_type() == "multipart/alternative"
    assert mail.get_body(("plain",)).get_content().splitlines() == ["您好：", ".", "..两点"]
    assert mail.get_body(("html",)).get_content().strip() == "<p>您好</p>"
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize("letter", ["长", "a", "a ", "😀"])
def test_a_long_subject_is_folded_and_arrives_whole(letter: str):
    subject = (letter * 400).strip()
    raw = a_mail(subject=subject)
    head = raw.split(b"\r\n\r\n")[0]
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    assert parsed(raw)["Subject"] == subject


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=150).map(lambda text: " ".join(text.split())))
@example("\U0001f600" * 40)
@example("a" + "务" * 40)
def test_any_words_arrive_whole_in_encoded_words_that_rfc_2047_allows(words: str):
    assume("=?" not in words)
    raw = a_mail(subject=words, to_name=f"{words}务")
    lines = [line for line in raw.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n") if "=?utf-8?" in line]
    assert all(len(line) <= 76 for line in lines)
    assert all(len(word) <= 75 for line in lines for word in line.split() if word.startswith("=?"))
    mail = message_from_bytes(raw)
    assert str(make_header(decode_header(mail["Subject"]))) == words
    assert str(make_header(decode_header(mail["To"]))) == f"{words}务 <anna@east.example>"


@pytest.mark.parametrize("header", ["subject", "to_name", "item", "request"])
@pytest.mark.parametrize("hostile", ["a\r\nBcc: x@evil.example", "a\nb", "a\x00", "a\u2028b", "=?utf-8?q?=0aBcc:x?=", "a\ud800"])
def test_a_value_that_could_become_a_header_is_refused(header: str, hostile: str):
    with pytest.raises(UnsafeHeaderError):
        a_mail(**{header: hostile})


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@",
        "@x.example",
        "a b@x.example",
        "a@x\r\nRCPT TO:<b@x>",
        "王@x.example",
        "a@x..example",
        "<a@x.example>",
        "a@" + "x" * 260,
    ],
)
def test_an_address_that_smtp_cannot_carry_is_refused(address: str):
    with pytest.raises(UnsafeHeaderError):
        checked_address(address)


def test_the_refusal_names_no_value():
    with pytest.raises(UnsafeHeaderError) as caught:
        a_mail(to="anna secret@x.example")
    assert "secret" not in str(caught.value)
