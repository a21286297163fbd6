"""A mail is read whatever its charset, encoding and layout; what is hostile is refused with a clear text or does nothing."""

import time

import pytest

from services.intake.mail.cutting import cut
from services.intake.mail.html_text import text_of
from services.intake.mail.letter import Letter, Unreadable
from services.intake.mail.reading import MAX_DEPTH, MAX_TEXT, read
from tests.unit.intake.letters import VISIT, a_file, a_mail, a_part


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "gb2312", "gbk", "big5", "utf-16"])
def test_a_text_is_read_by_its_charset(charset: str):
    word = "參觀" if charset == "big5" else "客户参观"
    assert read(a_mail(f"{word}：是", charset=charset)).text == f"{word}：是"


@pytest.mark.parametrize("declared", ["utf-8", "us-ascii", "nonsense", "utf-7", "unicode_escape", "hex", ""])
@pytest.mark.parametrize("actual", ["utf-8", "gb18030"])
def test_a_wrong_charset_is_seen_through(declared: str, actual: str):
    part = a_part("支持类型：客户参观".encode(actual), head=f'Content-Type: text/plain; charset="{declared}"')
    assert read(b"From: a1@firm.example\r\n" + part).text == "支持类型：客户参观"


def test_headers_are_read_encoded_and_raw():
    raw = "From: 纪春生 <A1@Firm.Example>\r\nSubject: 客户参观\r\nDate: x\r\n\r\n".encode("gb18030")
    assert (read(raw).sender, read(raw).subject) == ("a1@firm.example", "客户参观")
    encoded = read(a_mail(Subject="=?gb18030?b?uN+y47Ddt8M=?= / visit"))
    assert encoded.subject == "高层拜访 / visit"


@pytest.mark.parametrize("sender", [None, "", "nobody", "a@x.example, b@x.example", "undisclosed:;", "<>", "@", "a b@x"])
def test_a_mail_of_nobody_or_of_several_has_no_sender(sender: str | None):
    assert read(a_mail(From=sender)).sender == ""


@pytest.mark.parametrize(
    "name", ["=?utf-8?q?a1=40firm=2Eexample=20=28?=", "=?utf-8?q?a1=40firm=2Eexample=2C?=", "=?utf-8?b?DQpCY2M6?="]
)
def test_an_encoded_name_is_never_an_address(name: str):
    assert read(a_mail(From=f"{name} <evil@evil.example>")).sender == "evil@evil.example"
    assert read(a_mail(From="=?utf-8?q?a1=40firm=2Eexample?=")).sender == ""


def test_the_subject_is_one_line_and_injects_nothing():
    hostile = "=?utf-8?q?visit=0D=0ABcc=3A_x=40evil.example=00=E2=80=AE?="
    assert read(a_mail(Subject=hostile)).subject == "visit Bcc: x@evil.example"


@pytest.mark.parametrize("given", [None, "nonsense", "<>", "<a b@x>", f"<{'x' * 300}@x>", "<a\x00b@x>", "<客户@x>"])
def test_a_mail_without_a_usable_message_id_is_known_by_its_content(given: str | None):
    one, again, other = (read(a_mail(text, Message_ID=given)) for text in (VISIT, VISIT, "另一封"))
    assert one.message_id is None
    assert one.reference == again.reference != other.reference
    assert one.reference.startswith("digest:")


def test_references_come_with_the_latest_first():
    letter = read(a_mail(In_Reply_To="<c@x>", References="<a@x> <b@x>\r\n <c@x>"))
    assert letter.references == ("<c@x>", "<b@x>", "<a@x>")


def test_html_alone_is_read_as_people_see_it():
    html = """<html><head><style>a:b</style></head><body><p>您好</p><div><span>支持类型：</span><span>客户参观</span></div>
    <table><tr><td><p>商机编号：</p></td><td>O-5</td></tr><tr><td>参观内容</td><td>展厅<br>午餐</td><td>阶段</td><td>2</td></tr>
    <tr><td colspan=2>说明一句</td></tr></table><script>x:y</script>
    <blockquote>支持类型：公司礼品</blockquote><div class="gmail_quote">旧：文</div></body></html>"""
    assert read(a_mail(html, subtype="html")).text.split("\n") == [
        "您好", "", "支持类型：客户参观", "", "商机编号：O-5", "参观内容：展厅", "午餐", "阶段：2", "说明一句",
    ]  # fmt: skip


def test_of_two_alternatives_the_plain_one_is_read_unless_it_is_blank():
    def both(plain: str) -> bytes:
        parts = b"".join(b"--=_a\r\n" + part for part in (a_part(plain), a_part("<p>网页</p>", subtype="html")))
        return b'From: a1@firm.example\r\nContent-Type: multipart/alternative; boundary="=_a"\r\n\r\n' + parts + b"--=_a--\r\n"

    assert read(both("文字")).text == "文字"
    assert read(both(" \r\n ")).text == "网页"


def test_lines_that_a_program_broke_are_put_together():
    part = a_part("参观目的：看到 \r\n真实运行\r\n-- \r\n署名", head='Content-Type: text/plain; charset="utf-8"; format=flowed')
    assert read(b"From: a@x.example\r\n" + part).text == "参观目的：看到 真实运行"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("草案.docx", "草案.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Users\\\\x\\\\草案.docx", "草案.docx"),
        ("..", "attachment-1"),
        ("a" * 400 + ".pdf", "a" * 225 + ".pdf"),
    ],
)
def test_a_file_has_a_name_and_no_path(name: str, kept: str):
    (file,) = read(a_mail(parts=[a_file(name, b"%PDF")])).files
    assert (file.name, file.data) == (kept, b"%PDF")


def test_files_of_one_name_are_told_apart_and_rfc_2231_is_read():
    head = "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''%E8%8D%89%E6%A1%88.pdf"
    files = read(a_mail(parts=[a_part(b"1", head=head), a_file("草案.pdf", b"2")])).files
    assert [file.name for file in files] == ["草案.pdf", "草案 (2).pdf"]


def test_a_mail_in_a_mail_is_a_file():
    inner = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhello\r\n"
    (file,) = read(a_mail(parts=[inner])).files
    assert (file.name, file.media_type) == ("attachment-1.eml", "message/rfc822")
    assert b"hello" in file.data


def nested(levels: int) -> bytes:
    mail = a_part("最里面")
    for level in range(levels):
        mark = f"=_{level}".encode()
        mail = (
            b'Content-Type: multipart/mixed; boundary="'
            + mark
            + b'"\r\n\r\n--'
            + mark
            + b"\r\n"
            + mail
            + b"\r\n--"
            + mark
            + b"--\r\n"
        )
    return b"From: a1@firm.example\r\n" + mail


def test_parts_in_parts_are_read_to_a_depth():
    assert read(nested(MAX_DEPTH)).text == "最里面"


HOSTILE = {
    "50 nested parts": nested(50),
    "2000 nested parts": nested(2000),
    "500 parts": a_mail(parts=[a_part("x")] * 500),
    "2 MB of text": a_mail("长" * (MAX_TEXT + 1)),
    "20,001 lines": a_mail("a：b\n" * 20_002),
    "2 MB of html": a_mail("<b>" * 700_000, subtype="html"),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_what_is_too_much_is_refused_with_the_remedy(raw: bytes):
    begun = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        read(raw)
    assert caught.value.text.zh
    assert caught.value.text.en
    assert time.monotonic() - begun < 20


ODD = [
    b"", b"\x00", b"\r\n\r\n", b"From", b"\xff\xfe" * 500, b": x\r\n\r\n", b"Subject: " + b"=?" * 4000,
    b"From: " + b"(" * 20000 + b"\r\n\r\n", b"From: " + b"<" * 20000 + b"\r\n\r\n", b"Content-Type: multipart/mixed\r\n\r\n",
    b'Content-Type: text/plain; charset="\x00"\r\n\r\nx', b"Content-Type: message/rfc822\r\n\r\n" * 300,
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n====", b"Content-Type: x\r\n\r\nx",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff; filename*9=x\r\n\r\nx",
    b"Content-Type: text/plain; charset*=''utf-8\r\nSubject: =?utf-7?q?+2AA-?=\r\n\r\nx",
    b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644 x\r\n\xff", b"\r\n".join(b"X-%d: y" % n for n in range(5000)),
]  # fmt: skip


@pytest.mark.parametrize("raw", ODD)
def test_whatever_the_bytes_are_they_are_a_letter_or_are_refused(raw: bytes):
    try:
        letter = read(raw)
    except Unreadable:
        letter = Letter()
    assert not any(0xD800 <= ord(c) <= 0xDFFF for c in letter.text + letter.subject + letter.reference)


def test_every_prefix_of_a_mail_is_a_letter():
    raw = a_mail(Subject="客户参观", parts=[a_file("草案.pdf", b"1")])
    for end in range(0, len(raw), 7):
        assert read(raw[:end]).headers is not None


@pytest.mark.parametrize(
    "html",
    [
        "<" * 50_000,
        "<!" * 25_000,
        "<td>" * 50_000,
        "<table><tr><td>" * 5_000,
        "&#x0;" * 9000,
        "<a b='" * 90_000,
        "<!--" * 90_000,
        "<a b='>" * 90_000,
        "<script>" * 90_000,
    ],
)
def test_hostile_html_takes_no_time(html: str):
    begun = time.monotonic()
    assert isinstance(text_of(html), str)
    assert time.monotonic() - begun < 10


QUOTATIONS = [
    "在 2027年3月3日，营销支持 <support@x.example> 写道：\n> 旧",
    "On Mon, 1 Mar 2027, Support wrote:\n> 旧",
    "On Mon, 1 Mar 2027 at 10:20, Support\n<support@x.example> wrote:\n旧",
    "------------------ 原始邮件 ------------------\n发件人: x\n旧",
    "-----Original Message-----\nFrom: x\n旧",
    "________________________________\nFrom: x\nSent: y\nTo: z\nSubject: w\n旧",
    "发件人: 支持\n发送时间: 周一\n收件人: 我\n主题: 退回\n旧",
    "> 旧",
    "-- \n署名",
    "Kind regards,\nLukas",
    "发自我的iPhone",
]


@pytest.mark.parametrize("rest", QUOTATIONS)
def test_what_is_only_repeated_is_cut_off(rest: str):
    assert cut(f"数量：3\n\n{rest}").own.rstrip("_\n ") == "数量：3"
    assert cut(f"数量：3\n\n{rest}").forwarded == ""


def test_what_is_forwarded_is_kept_apart():
    forwarded = "---------- 转发的邮件 ----------\n发件人：龚 <g@x>\n日期：周一\n\n数量：9\n\n--\n署名"
    assert cut(f"请看\n--\n我\n{forwarded}").forwarded == "数量：9"
    outlook = "请看\n发件人: 龚\n发送时间: 周一\n收件人: 我\n主题: 参观\n\n数量：9"
    assert cut(outlook, "转发: 参观").forwarded == "数量：9"
    assert cut(outlook, "回复: 参观").forwarded == ""


@pytest.mark.parametrize(
    "quoted",
    [
        '<img alt="</blockquote>豁免：前提 原因：急">',
        "<a title='</blockquote><p>豁免：前提 原因：急</p>'>x</a>",
        '<img alt="<!--"><blockquote><img alt="-->">x</blockquote>豁免：前提 原因：急',
        '<img alt="a>b</blockquote>豁免：前提">豁免：前提 原因：急',
    ],
)
def test_what_is_quoted_cannot_end_its_quotation(quoted: str):
    html = f"<p>好的</p><blockquote>{quoted}</blockquote><p>王</p>"
    assert text_of(html).split() == ["好的", "王"]


def test_a_quotation_below_a_line_that_goes_on_stays_one():
    raw = a_mail("好的 \n> 豁免：前提 原因：急", more="Content-X: 1").replace(
        b'charset="utf-8"', b'charset="utf-8"; format=flowed'
    )
    assert read(raw).text == "好的 "


@pytest.mark.parametrize(
    "head",
    [
        "-------- 转发的消息 --------\n主题: x\n日期: 今天\n发件人: 甲\n收件人: 乙\n",
        "以下是转发的邮件：\n\n主题: x\n发件人: 甲\n",
        "于 2027/3/1 10:00, 甲 写道:\n",
        'At 2027-03-01 10:00:00, "A" <a1@firm.example> wrote:\n',
    ],
)
def test_what_other_programs_put_above_what_they_repeat_is_known(head: str):
    assert read(a_mail(f"好的\n{head}\n豁免：前提 原因：急", Subject="Fwd: x")).text == "好的"
