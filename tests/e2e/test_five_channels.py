"""The same request over all five channels at once, each from another system of the unit: one request, one assignment, everybody told once."""

import asyncio
import json
from collections import Counter
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest

from shared.schemas.requests import request_id
from tests.builders import a_body
from tests.builders.workbooks import a_sheet, a_workbook
from tests.hostile import aftermath, by_mail, by_topic, over_http
from tests.hostile.case import Case, Channel, Seen, expecting
from tests.hostile.ground import UNIT, Ground, open_ground
from tests.hostile.tables import a_csv
from tests.unit.intake.letters import a_mail

HEADER = ("单据编号", "来源系统", "工号", "岗位", "支持类型", "资料项", "资料格式", "数量", "交付方式")
TIMES = 3


def _identity(reference: str) -> str:
    return request_id(UNIT, "oa", reference)


def _sent(reference: str, quantity: int = 30) -> dict[Channel, Case]:
    """The request as each channel writes it."""
    details = {"items": ["brochure", "disc"], "format": ["print"], "quantity": quantity, "delivery": "courier"}
    nothing: dict[str, Any] = dict.fromkeys(("needed_by", "priority", "locale", "extra", "evidence", "attachments"))
    body = json.dumps(a_body("tools.company", source={"system": "oa", "reference": reference}, details=details, **nothing))
    row = (reference, "oa", "A1", "大客户经理", "公司资料", "宣传手册\n宣传光盘", "印刷版", str(quantity), "快递")
    lines = (
        "来源系统：oa",
        f"来源单号：{reference}",
        "支持类型：公司资料",
        "资料项：宣传手册、宣传光盘",
        "资料格式：印刷版",
        f"数量：{quantity}",
        "交付方式：快递",
    )
    own = f"<{reference}@firm.example>"
    book = a_workbook({"S": a_sheet([HEADER, row])})
    payloads: dict[Channel, bytes] = {
        "http": body.encode(),
        "batch": body.encode(),
        "csv": a_csv(row, header=HEADER),
        "xlsx": book,
        "mail": a_mail("\n".join(lines), Message_ID=own, Subject="x"),
        "topic": body.encode(),
    }
    more = {"mail": {"message_id": own, "sender": "a1@firm.example"}}
    return {
        channel: Case(name=channel, group="at once", channel=channel, payload=raw, expect=expecting(), more=more.get(channel, {}))
        for channel, raw in payloads.items()
    }


async def _handed_over(ground: Ground, cases: dict[Channel, Case]) -> dict[Channel, Seen]:
    """All channels at the same moment, each several times."""
    sending = {
        "http": lambda: over_http.one(ground, cases["http"]),
        "batch": lambda: over_http.lines(ground, [cases["batch"]]),
        "csv": lambda: over_http.table(ground, cases["csv"]),
        "xlsx": lambda: over_http.table(ground, cases["xlsx"]),
        "mail": lambda: by_mail.one(ground, cases["mail"]),
        "topic": lambda: by_topic.records(ground, [cases["topic"]]),
    }
    names = [name for name in sending for _ in range(TIMES)]
    answers = await asyncio.gather(*(sending[name]() for name in names))
    return {name: answer[0] if isinstance(answer, list) else answer for name, answer in zip(names, answers, strict=True)}  # type: ignore[misc]


def _types(ground: Ground, service: str, identity: str) -> Counter[str]:
    document = ground.collection(service, "requests").find_one({"_id": identity}, {"events.type": 1})
    return Counter(event["type"].rpartition(".")[2] for event in (document or {"events": ()})["events"])


def _told(ground: Ground, number: str) -> Counter[tuple[str, str]]:
    """(who, subject) of every mail about the request."""
    mails = [message_from_bytes(raw) for raw in ground.mails()]
    told = [(mail["X-RcptTo"], str(make_header(decode_header(mail["Subject"])))) for mail in mails]
    return Counter((who, subject) for who, subject in told if number in subject)


@pytest.mark.stack
@pytest.mark.timeout(600)
async def test_the_same_request_over_all_channels_at_once_is_one(tmp_path: Path) -> None:
    async with open_ground(tmp_path / "stack") as ground:
        seen = await _handed_over(ground, _sent("ONE"))
        assert {outcome.outcome for outcome in seen.values()} <= {"accepted", "duplicate"}, seen
        await aftermath.settled(ground)
        identity = _identity("ONE")
        assert ground.collection("intake", "requests").count_documents({"state.request.source.reference": "ONE"}) == 1
        assert _types(ground, "intake", identity) == {"submitted": 1}
        routed = _types(ground, "routing", identity)
        assert (routed["coordinator_assigned"], routed["supporters_assigned"]) == (1, 1)
        told = _told(ground, json.loads(seen["http"].answer)["number"])
        assert told, "nobody was told"
        assert set(told.values()) == {1}, told
        other = {**_sent("TWO"), "mail": _sent("TWO", quantity=31)["mail"]}
        control = await _handed_over(ground, other)
        assert "refused:conflict" in {seen.outcome for seen in control.values()} or control["mail"].outcome.startswith(
            "refused"
        ), control
