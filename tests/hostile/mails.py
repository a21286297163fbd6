"""Mails that no mail program writes, from people and from machines; each has its SMTP reply and leaves what it should."""

import re
from base64 import b64encode
from collections.abc import Iterator
from email.header import Header

from tests.hostile.case import Case, expecting
from tests.hostile.strings import FORMULAS, HEADERS, SIGNS, TEMPLATES
from tests.unit.intake.letters import MATERIAL, a_file, a_mail, a_part

TAKEN = ("accepted", "returned")
ASIDE = "aside:automatic"
UNKNOWN = "refused:550"
UNREADABLE = "refused:554"
Sent = tuple[str, bytes, tuple[str, ...]]


def cases() -> Iterator[Case]:
    """All of them; each has a Message-ID of its own, by which its outcome is found."""
    for number, (name, raw, right) in enumerate([*_shapes(), *_headers(), *_machines(), *_senders(), *_texts(), *_files()]):
        own = f"<hostile-{number}@firm.example>"
        marked = raw.replace(b"<m1@firm.example>", own.encode())
        envelope = None if name.startswith("an empty envelope") else "a1@firm.example"
        more = {"message_id": own, "sender": envelope}
        yield Case(name=name, group="mails", channel="mail", payload=marked, expect=expecting(*right), more=more)


def _material(**more: object) -> bytes:
    return a_mail(MATERIAL, To="support+company-material@backline.example", **more)  # type: ignore[arg-type]


def _nested(depth: int) -> bytes:
    part = a_part(MATERIAL)
    for level in range(depth):
        part = (
            f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n'.encode()
            + part
            + f"\r\n--b{level}--\r\n".encode()
        )
    head = "From: a1@firm.example\r\nTo: support@backline.example\r\nSubject: x\r\nMessage-ID: <m1@firm.example>\r\nMIME-Version: 1.0\r\n"
    return head.encode() + part


def _shapes() -> Iterator[Sent]:
    yield "a good mail", _material(), ("accepted",)
    yield "50 nested parts", _nested(50), (UNREADABLE,)
    yield "1,000 nested parts", _nested(1_000), (UNREADABLE,)
    yield "15 nested parts", _nested(15), TAKEN
    yield "200 parts side by side", _material(parts=[a_part("x")] * 200), (UNREADABLE,)
    yield (
        "a boundary that is missing",
        _material().replace(b"MIME-Version: 1.0", b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="nowhere"', 1),
        TAKEN,
    )
    yield "a boundary that never ends", _material(parts=[a_part("x")]).replace(b"--=_outer--", b""), ("accepted",)
    yield (
        "an empty boundary",
        b'From: a1@firm.example\r\nTo: s@x.example\r\nMessage-ID: <m1@firm.example>\r\nContent-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx',
        (*TAKEN, UNREADABLE),
    )
    yield "no body", b"From: a1@firm.example\r\nMessage-ID: <m1@firm.example>\r\n\r\n", ("returned",)
    yield "a type that is none", _material().replace(b"text/plain", b"te xt/pl\x00ain/;;"), (*TAKEN, UNREADABLE)
    yield "an encoding that is none", _material().replace(b"base64", b"x-nothing"), TAKEN
    yield "broken base64", a_mail(MATERIAL).replace(b"VHlwZTog", b"VH%%!!"), TAKEN
    yield "a charset that is none", _material(charset="utf-8").replace(b"utf-8", b"x-unknown\\0"), TAKEN
    yield "GBK that claims to be UTF-8", _material().replace(b'charset="utf-8"', b'charset="utf-8"; x=1'), TAKEN
    yield "UTF-7", _material().replace(b"utf-8", b"utf-7"), TAKEN
    yield "a message in a message in a message", _material(parts=[_as_message(_as_message(_material()))]), ("accepted",)
    yield from _long_shapes()


def _long_shapes() -> Iterator[Sent]:
    """What is long, in HTML, or a report."""
    yield "1.5 million characters", a_mail("行" * 1_500_000), (UNREADABLE,)
    yield "30,000 lines", a_mail("x: y\n" * 30_000), (UNREADABLE,)
    yield "HTML nested 5,000 deep", a_mail("<div>" * 5_000 + "x" + "</div>" * 5_000, subtype="html"), TAKEN
    yield (
        "HTML that hides a field",
        a_mail("<p style='display:none'>数量：999</p><script>数量：3</script><p>支持类型：公司资料</p>", subtype="html"),
        TAKEN,
    )
    yield "HTML with an unclosed comment", a_mail("<!-- " + "x" * 50_000 + "<b>y", subtype="html"), TAKEN
    yield (
        "a delivery report",
        a_part("x", head='Content-Type: multipart/report; boundary="r"').replace(
            b"Content-Type", b"From: a1@firm.example\r\nMessage-ID: <m1@firm.example>\r\nContent-Type", 1
        ),
        (ASIDE, *TAKEN),
    )
    yield "bare line feeds", _material().replace(b"\r\n", b"\n"), TAKEN
    yield "lines that begin with dots", a_mail(f"{MATERIAL}\n.\n..\nMAIL FROM:<x>\n"), TAKEN


def _as_message(raw: bytes) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" + raw


def _headers() -> Iterator[Sent]:
    yield "10,000 headers", _material(more="\n".join(f"X-H{n}: {n}" for n in range(10_000))), TAKEN
    yield "a header of 200 KB", _material(more="X-Long: " + "x" * 200_000), ("refused:500",)
    yield "10,000 folds", _material(more="X-Fold: a\n" + "\n".join([" b"] * 10_000)), TAKEN
    yield "8-bit headers", _material().replace(b"Subject: hello", "Subject: 公司资料".encode()), TAKEN
    yield "8-bit GBK headers", _material().replace(b"Subject: hello", "Subject: 公司资料".encode("gbk")), TAKEN
    yield "a NUL in a header", _material().replace(b"Subject: hello", b"Subject: he\0llo"), (*TAKEN, "refused:500")
    yield "a header without a colon", _material(more="nothing here"), (*TAKEN,)
    yield "two subjects", _material(more="Subject: =?utf-8?q?=0D=0ABcc:_v?="), ("accepted",)
    yield "two dates, none of them one", _material(Date="yesterday", more="Date: 99 Foo 99999"), ("accepted",)
    for name, text in HEADERS.items():
        flat = re.sub(r"[\r\n\x0b\x0c\x85\u2028\u2029]+", " ", text)
        yield f"a subject with {name}", _material(Subject=flat), ("accepted",)
        yield f"a subject that hides {name}", _material(Subject=_hidden(text)), ("accepted",)
        yield f"a name that hides {name}", _material(From=f"{_hidden(text)} <a1@firm.example>"), ("accepted",)
    yield "a hundred encoded words", _material(Subject="\r\n ".join([_hidden("公\r\n")] * 100)), ("accepted",)
    yield "an encoded word that never ends", _material(Subject="=?utf-8?b?" + "A" * 900), ("accepted",)
    yield "a line of 5,000 characters", _material(Subject="A" * 5_000), ("refused:500",)
    yield "a Message-ID with a header", _material(In_Reply_To="<x@y.example>\r\n Bcc: v@evil.example"), ("accepted",)
    yield "1,000 references", _material(References="\r\n ".join(f"<r{n}@x.example>" for n in range(1_000))), ("accepted",)
    yield (
        "a reference to a request of nobody",
        _material(In_Reply_To="<request.00000000-0000-5000-8000-000000000000@backline.example>"),
        ("accepted",),
    )
    yield (
        "a forged Authentication-Results",
        _material(more="Authentication-Results: mx.evil.example; spf=pass; dkim=pass"),
        ("accepted",),
    )


def _hidden(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


def _machines() -> Iterator[Sent]:
    marks = {
        "an auto-reply": "Auto-Submitted: auto-replied",
        "a notification": "Auto-Submitted: auto-generated; x=1",
        "an Exchange reply": "X-AutoReply: yes",
        "an Autoresponse": "X-Autorespond: 1",
        "bulk mail": "Precedence: bulk",
        "junk mail": "Precedence: junk",
        "60 hops": "\n".join(["Received: from a by b"] * 60),
    }
    for name, more in marks.items():
        yield name, _material(more=more), (ASIDE,)
    for subject in (
        "自动回复: 您好",
        "Out of Office: x",
        "Undeliverable: x",
        "Delivery Status Notification (Failure)",
        "系统退信：x",
    ):
        yield f"the subject {subject}", _material(Subject=subject), (ASIDE,)
    yield "an empty envelope sender", _material(), (ASIDE,)
    for sender in ("MAILER-DAEMON@firm.example", "postmaster@firm.example", "noreply@firm.example", "bounces+1@firm.example"):
        yield f"from {sender}", _material(From=sender), (ASIDE,)
    yield "a mailing list", _material(more="List-Id: <all.firm.example>\nPrecedence: list"), ("accepted",)


def _senders() -> Iterator[Sent]:
    senders = {
        "a stranger": "evil@evil.example",
        "a name that is an address": '"a1@firm.example" <evil@evil.example>',
        "two addresses": "a1@firm.example, evil@evil.example",
        "nobody": "",
        "a group": "undisclosed-recipients:;",
        "a comment": "evil@evil.example (a1@firm.example)",
        "a route": "<@evil.example:evil@evil.example>",
        "a lookalike": "=?utf-8?b?0LAxQGZpcm0uZXhhbXBsZQ==?= <evil@evil.example>",
        "an address in a quote": '"a1@firm.example, "@evil.example',
        "a subdomain": "a1@firm.example.evil.example",
        "somebody who left": "gone@firm.example",
        "an encoded address in a comment": "=?utf-8?q?a1=40firm=2Eexample=20=28?= <evil@evil.example>",
        "an encoded address with a comma": "=?utf-8?q?a1=40firm=2Eexample=2C?= <evil@evil.example>",
        "an encoded address alone": "=?utf-8?q?a1=40firm=2Eexample?=",
    }
    for name, sender in senders.items():
        yield f"from {name}", _material(From=sender), (UNKNOWN,)
    yield "from two lines of From", _material(more="From: evil@evil.example"), (UNKNOWN,)
    yield "from capitals and a name", _material(From="=?utf-8?b?57qq?= <A1@FIRM.EXAMPLE>"), ("accepted",)
    yield "with a Reply-To of somebody else", _material(more="Reply-To: evil@evil.example"), ("accepted",)
    yield (
        "with a Sender of somebody else",
        _material(more="Sender: evil@evil.example\nReturn-Path: <evil@evil.example>"),
        ("accepted",),
    )


def _texts() -> Iterator[Sent]:
    for group, texts in {"templates": TEMPLATES, "formulas": FORMULAS, "headers": HEADERS, "signs": SIGNS}.items():
        for name, text in texts.items():
            yield (
                f"{group}: {name} as a remark and an unknown line",
                a_mail(f"{MATERIAL}\n竞争态势：{text}\n{text}：{text}\n"),
                TAKEN,
            )
    yield "申请人 says another", a_mail(f"{MATERIAL}\n申请人：PM1\n申请岗位：总经理"), (*TAKEN, "rejected")
    yield "a unit of others", a_mail(f"{MATERIAL}\n经营单位：islands"), (*TAKEN, "rejected", "refused:550")
    yield "a quantity of 1e400", a_mail(MATERIAL.replace("30", "1e400")), ("returned",)
    yield "a minus quantity", a_mail(MATERIAL.replace("30", "-5")), ("returned",)
    yield "a million digits", a_mail(MATERIAL.replace("30", "9" * 1_000)), ("returned",)
    yield "5,000 fields", a_mail("\n".join(f"字段{n}：值" for n in range(5_000))), TAKEN
    yield "the same field 1,000 times", a_mail(MATERIAL + "\nQuantity: 3" * 1_000), TAKEN


def _files() -> Iterator[Sent]:
    names = {
        "a path": "../../etc/passwd",
        "a Windows path": "C:\\Windows\\system32\\cmd.exe",
        "CRLF": "a\r\nBcc: v@evil.example.pdf",
        "a NUL": "a.exe\0.pdf",
        "a right-to-left override": "报价\u202efdp.exe",
        "300 characters": "n" * 300 + ".pdf",
        "a script": "<script>alert(1)</script>.html",
        "a formula": "=cmd|' /C calc'!A0.xlsx",
        "a device": "CON",
        "dots": "...",
        "nothing": "",
        "Extension B": "𠀀.pdf",
        "a template": "{{191*7919}}.docx",
    }
    for name, given in names.items():
        encoded = Header(given, "utf-8").encode() if given else ""
        part = a_part(
            b"%PDF-1.7 x", head=f'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="{encoded}"'
        )
        yield f"a file named by {name}", _material(parts=[part]), TAKEN
    yield "a file whose type is a header", _material(parts=[a_file("a.pdf", b"x", "text/html\r\nX-Evil: 1")]), TAKEN
    yield "100 files of one name", _material(parts=[a_file("a.pdf", str(n).encode()) for n in range(60)]), TAKEN
