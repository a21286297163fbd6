"""A request by mail through the whole stack: returned in its own thread, completed by an answer to that answer, accepted."""

import asyncio
import smtplib
import subprocess
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import httpx
import pytest

from infra.stack import Stack
from tests.e2e.front import Front

SAMPLE = Path(__file__).resolve().parents[2] / "infra" / "demo" / "sample" / "directory.yaml"
ASKER, SUPPORT = "be01@east.lanqiao.example", "support@backline.example"
FIRST = "<first@east.lanqiao.example>"


def a_mail(text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=default.clone(max_line_length=200))
    mail["From"], mail["To"] = ASKER, SUPPORT
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


async def hand_over(stack: Stack, mail: EmailMessage) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", stack.ports["mail"], timeout=30) as client:
            client.send_message(mail)

    await asyncio.to_thread(send)


async def the_answer(stack: Stack, message_id: str, words: str) -> EmailMessage:
    """The one mail that answers `message_id` with `words` in its subject."""
    async with asyncio.timeout(60):
        while True:
            files = [file.read_bytes() for file in (stack.maildir / "new").iterdir()]
            mails = [mail for raw in files if isinstance(mail := message_from_bytes(raw, policy=default), EmailMessage)]
            if found := [mail for mail in mails if mail["In-Reply-To"] == message_id and words in mail["Subject"]]:
                (answer,) = found
                return answer
            await asyncio.sleep(0.2)


def typed_from_the_readme(stack: Stack) -> subprocess.CompletedProcess[str]:
    """README's command, with the address of this stack."""
    readme = (SAMPLE.parents[3] / "README.md").read_text(encoding="utf-8").split("## By mail")[1].split("\n\n")[1]
    command = readme.replace("backline address mail", f"echo http://127.0.0.1:{stack.ports['mail']}")
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.stack
@pytest.mark.timeout(240)
async def test_a_request_goes_back_and_forth_by_mail(stack: Stack) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        await Front(stack, client).employ(SAMPLE.read_bytes())
        first = a_mail("支持类型：公司资料\n资料项：企业简介\n天气：晴\n", Subject="公司资料", Message_ID=FIRST)
        for _ in range(2):  # a mail server that lost our answer hands the mail over again
            await hand_over(stack, first)
        returned = await the_answer(stack, FIRST, "申请需要补充")
        text = returned.get_body(("plain",)).get_content()
        assert all(words in text for words in ("数量", "直接回复", "未能识别：天气"))
        headers = {"In_Reply_To": returned["Message-ID"], "References": f"{returned['References']} {returned['Message-ID']}"}
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        answer = a_mail(f"数量：30\n\n在 2027年3月1日，支持 写道：\n{quoted}", Subject=f"回复: {returned['Subject']}", **headers)
        await hand_over(stack, answer)
        assert await the_answer(stack, FIRST, "申请已受理")
        listed = await client.get(f"{stack.url('intake')}/v1/requests", headers={"Authorization": "Bearer dev-unit-east"})
        (request,) = listed.json()["requests"]
        assert request["number"] in returned["Subject"]
        done = await asyncio.to_thread(typed_from_the_readme, stack)
        assert (done.returncode, done.stderr) == (0, "")
        assert await the_answer(stack, "<1@east.lanqiao.example>", "申请已受理")
