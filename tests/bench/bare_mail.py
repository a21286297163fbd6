"""The mail of the bare loop: about as long as Backline's, built by the same call, without a template."""

from datetime import UTC, datetime

from services.notify.channels.mail import Sender, build

SENDER = Sender(address="bench@firm.example", name="Backline 营销支持", domain="firm.example")
RECIPIENT = "somebody@firm.example"
TEXT = "您提交的申请已经分派。\n申请编号、类型、客户、截止时间、协调人与支持人见下。\n" * 8
HTML = "<html><body>" + "<p>您提交的申请已经分派，请在系统中查看。</p>" * 30 + "</body></html>"


def bare_mail(item: str, request: str) -> bytes:
    """One mail, with the item's and the request's id in its headers as Backline's have them."""
    return build(
        item=item,
        request=request,
        sender=SENDER,
        to=RECIPIENT,
        to_name="某人",
        subject="您的申请已经分派（智慧泊位一期）",
        text=TEXT,
        html=HTML,
        date=datetime.now(UTC),
    )
