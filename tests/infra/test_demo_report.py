"""The demonstration's mails are counted exactly: a part that a bid opened more, or less, is three of them, and nothing else is."""

from pathlib import Path

import pytest

from infra.demo.report import Report
from infra.demo.sample import Effects

EXPECTED = Effects(assigned=0, mails=10, chats=0, documents=0, parts=2, undeliverable=0)


@pytest.mark.parametrize(
    ("parts", "mails", "right"), [(2, 10, True), (3, 13, True), (1, 7, True), (2, 13, False), (3, 10, False), (2, 11, False)]
)
def test_mails_follow_from_the_parts_that_were_opened(tmp_path: Path, parts: int, mails: int, right: bool):
    report = Report(messages=(), outcomes={}, in_flight=0, doubts=0, seconds=0.0, folder=tmp_path)
    for number in range(mails):
        told = {"channel": "email", "id": f"M{number}", "status": "sent", "template": "submitted", "about": f"E{number}"}
        if number < 2 * parts:
            told |= {"template": "bid_child_returned", "about": f"P{number // 2}"}
        report.take_delivery(told)
        report.mails[f"M{number}"] += 1
    assert (report.faults(EXPECTED) == []) is right
