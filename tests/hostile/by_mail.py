"""Sends mails as they are and finds out what became of each."""

import asyncio
import smtplib

from tests.hostile.case import Case, Seen
from tests.hostile.ground import SUPPORT, Ground


async def one(ground: Ground, case: Case) -> Seen:
    """The SMTP reply and, for what was taken, the verdict in the ledger."""
    code, words = await asyncio.to_thread(_handed_over, ground, case)
    text = f"{code} {words}"
    if code != 250:
        return Seen(outcome=f"refused:{code}", status=code, answer=text)
    kept = ground.collection("intake", "mails").find_one({"message_id": case.more["message_id"]})
    if kept is None:
        return Seen(outcome="lost", status=code, answer=text)
    if not kept.get("request"):
        return Seen(outcome="aside:automatic", status=code, answer=text)
    document = ground.collection("intake", "requests").find_one({"_id": kept["request"]}, {"state.verdict": 1})
    verdict = document["state"]["verdict"] if document else {"outcome": "nowhere"}
    fields = tuple(problem["field"] for problem in verdict.get("problems", ()))
    return Seen(outcome=verdict["outcome"], requests=(kept["request"],), fields=fields, status=code, answer=f"{text} {verdict}")


def _handed_over(ground: Ground, case: Case) -> tuple[int, str]:
    with smtplib.SMTP("127.0.0.1", ground.stack.ports["mail"], timeout=60) as client:
        client.ehlo()
        code, words = client.mail(case.more["sender"] or "", ["SMTPUTF8", "BODY=8BITMIME"])
        if code == 250:
            code, words = client.rcpt(SUPPORT)
        if code == 250:
            try:
                code, words = client.data(case.payload)
            except smtplib.SMTPDataError as error:
                code, words = error.smtp_code, error.smtp_error
        return code, words.decode("utf-8", "replace") if isinstance(words, bytes) else words
