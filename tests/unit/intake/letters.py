"""Mails for tests, as bytes: built by hand, so that what no library would write can be written too."""

from base64 import encodebytes
from collections.abc import Sequence
from email.header import Header

VISIT = """支持类型：客户参观
商机编号：O-5
商机名称：智慧港口
客户名称：示例港务集团
商机阶段：2
期望完成时间：2027年3月10日 14:00
紧急程度：普通
参观客户：示例港务集团
参观目的：看到真实运行
参观内容：展厅
参观时间：2027年3月10日 14:00 至 16:30
参观地点：三号码头会议厅
支持人员：客户经理；产品经理
费用预算：用餐 2800 元，交通 1,600 元
参观类型：公司总部
有明确的客户对象和目的：是，客户为示例港务集团"""
MATERIAL = """Type: Company material
Items: brochure, disc
Format: print
Quantity: 30
Delivery: courier"""
HEADERS = {
    "From": "a1@firm.example",
    "To": "support@backline.example",
    "Subject": "hello",
    "Date": "Mon, 01 Mar 2027 10:20:00 +0800",
    "Message-ID": "<m1@firm.example>",
}


def a_mail(
    text: str | bytes = VISIT,
    *,
    subtype: str = "plain",
    charset: str = "utf-8",
    more: str = "",
    parts: Sequence[bytes] = (),
    **headers: str | None,
) -> bytes:
    """A mail with `text` and then `parts`. Headers by their names with _ for -; None leaves one out. `more` are further lines."""
    given = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    head = [f"{name}: {_encoded(value)}" for name, value in given.items() if value is not None]
    head += [line for line in more.split("\n") if line]
    body = a_part(text, subtype=subtype, charset=charset)
    if parts:
        head.append('Content-Type: multipart/mixed; boundary="=_outer"')
        body = b"\r\n" + b"".join(b"--=_outer\r\n" + part + b"\r\n" for part in (body, *parts)) + b"--=_outer--\r\n"
    return "\r\n".join(["MIME-Version: 1.0", *head]).encode() + b"\r\n" + body


def a_part(text: str | bytes, *, subtype: str = "plain", charset: str = "utf-8", head: str = "") -> bytes:
    """One part in base64, its head included."""
    data = text if isinstance(text, bytes) else text.encode(charset)
    kind = f"{head}\r\n" if head else f'Content-Type: text/{subtype}; charset="{charset}"\r\n'
    return kind.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + encodebytes(data).replace(b"\n", b"\r\n")


def a_file(name: str, data: bytes, media_type: str = "application/pdf") -> bytes:
    """An attachment."""
    encoded = Header(name, "utf-8").encode() if not name.isascii() else name
    head = f'Content-Type: {media_type}\r\nContent-Disposition: attachment; filename="{encoded}"'
    return a_part(data, head=head)


def _encoded(value: str | None) -> str:
    return value if value is None or value.isascii() else Header(value, "utf-8").encode()  # type: ignore[return-value]
