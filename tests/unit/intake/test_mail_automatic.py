"""What a machine sent is recognised; what a person sent is not taken for a machine's."""

import pytest

from services.intake.mail.authenticated import vouched_for
from services.intake.mail.automatic import automatic
from services.intake.mail.reading import read
from tests.unit.intake.letters import a_mail

OURS = {"support@backline.example"}
MACHINES = [
    ("bounce", a_mail(), ""),
    ("bounce", a_mail(), None),
    ("bounce", a_mail(), "<>"),
    ("bounce", a_mail(From="MAILER-DAEMON@mx.example"), "x@mx.example"),
    ("bounce", a_mail(From="no-reply@shop.example"), "x@shop.example"),
    ("report", a_mail().replace(b"Content-Type: text/plain", b"Content-Type: multipart/report"), "x@x.example"),
    ("auto_reply", a_mail(Auto_Submitted="auto-replied; owner=x"), "a1@firm.example"),
    ("auto_reply", a_mail(Auto_Submitted="auto-generated"), "a1@firm.example"),
    ("auto_reply", a_mail(X_Autoreply="yes"), "a1@firm.example"),
    ("auto_reply", a_mail(Subject="自动回复: 您的申请"), "a1@firm.example"),
    ("auto_reply", a_mail(Subject="Automatic reply: request"), "a1@firm.example"),
    ("auto_reply", a_mail(Subject="Out of office"), "a1@firm.example"),
    ("bulk", a_mail(Precedence="bulk"), "a1@firm.example"),
    ("loop", a_mail(From="Support@Backline.example"), "a1@firm.example"),
    ("loop", a_mail(more="Received: by x\n" * 51), "a1@firm.example"),
]


@pytest.mark.parametrize(("reason", "raw", "envelope"), MACHINES)
def test_a_machine_is_recognised(reason: str, raw: bytes, envelope: str | None):
    assert automatic(read(raw), envelope_sender=envelope, ours=OURS) == reason


@pytest.mark.parametrize(
    "raw",
    [
        a_mail(),
        a_mail(Auto_Submitted="no"),
        a_mail(Precedence="list", List_Id="<sales.firm.example>", X_BeenThere="sales@firm.example"),
        a_mail(Subject="自动化测试方案资料"),
        a_mail(Subject="退信箱改造项目资料"),
        a_mail(X_Auto_Response_Suppress="All", more="Received: by x\n" * 12),
    ],
)
def test_a_person_is_not_taken_for_one(raw: bytes):
    assert automatic(read(raw), envelope_sender="a1@firm.example", ours=OURS) is None


@pytest.mark.parametrize(
    ("said", "vouched"),
    [
        ("mx.firm.example; dkim=pass header.d=firm.example", True),
        ("mx.firm.example; spf=fail smtp.mailfrom=x; dmarc=pass (p=none) header.from=firm.example", True),
        ("MX.firm.example 1; spf=pass smtp.mailfrom=a1@firm.example", True),
        ("mx.firm.example; dkim=pass header.d=evil.example", False),
        ("mx.firm.example; dkim=pass header.d=example", False),
        ("mx.firm.example; dkim=pass header.d=m.example", False),
        ("mx.firm.example; dkim=fail header.d=firm.example", False),
        ("mx.firm.example; none", False),
        ("other.example; dkim=pass header.d=firm.example", False),
        ("other.example; x=y (mx.firm.example; dkim=pass header.d=firm.example)", False),
        ('mx.firm.example; spf=pass smtp.mailfrom="a 1"@firm.example', True),
        ('mx.firm.example; dkim=pass (a (b; c) d) header.d="firm.example"', True),
        ('mx.firm.example; spf=pass smtp.mailfrom="firm.example"@evil.example', False),
        ('mx.firm.example; spf=pass smtp.mailfrom="x@firm.example x"@evil.example', False),
        ('mx.firm.example; spf=pass smtp.mailfrom="a; dkim=pass header.d=firm.example "@evil.example', False),
        ("mx.firm.example; spf=pass smtp.mailfrom==?us-ascii?q?a=3B_dkim=3Dpass_header.d=3Dfirm.example_?=@evil.example", False),
        (
            'mx.firm.example; spf=pass (of "); dkim=pass header.d=firm.example ("@evil.example) smtp.mailfrom=x@evil.example',
            False,
        ),
        ('mx.firm.example; dkim=pass reason="header.d=firm.example" header.d=evil.example', False),
        ("mx.firm.example; spf=pass (no end header.d=firm.example; dkim=pass header.d=firm.example", False),
        (None, False),
    ],
)
def test_who_is_vouched_for(said: str | None, vouched: bool):
    assert vouched_for(read(a_mail(Authentication_Results=said)), "mx.firm.example") is vouched


def test_only_the_topmost_word_of_the_server_counts():
    forged = "Authentication-Results: mx.firm.example; dkim=pass header.d=firm.example"
    raw = a_mail(Authentication_Results="mx.firm.example; dkim=fail header.d=firm.example", more=forged)
    assert not vouched_for(read(raw), "mx.firm.example")
