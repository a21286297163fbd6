"""A selection of the hostile cases on a stack of its own; all of them: `python -m tests.hostile`."""

from pathlib import Path

import pytest

from tests.hostile import aftermath
from tests.hostile.__main__ import tried
from tests.hostile.case import Seen, surprise
from tests.hostile.ground import open_ground
from tests.hostile.strings import PROOF
from tests.hostile.table import all_cases, selection, surprises, totals


def test_there_are_600_cases_of_every_channel() -> None:
    cases = all_cases()
    assert len(cases) > 3_000
    assert len({(case.channel, case.group, case.name) for case in cases}) == len(cases)
    counted = totals([(case, Seen(outcome="accepted")) for case in cases])["by_channel"]
    assert min(counted.values()) > 25


@pytest.mark.stack
@pytest.mark.timeout(1800)  # the chat robot takes twenty messages a minute
async def test_hostile_input_does_nothing(tmp_path: Path) -> None:
    async with open_ground(tmp_path / "stack") as ground:
        results, faults = await tried(ground, selection())
    assert surprises(results) == []
    assert faults == []


def test_the_checks_would_notice() -> None:
    case = all_cases()[0]
    assert "server error" in surprise(case, Seen(outcome="refused:bad_directory", status=500))
    assert "expected" in surprise(case, Seen(outcome="opened the door"))
    good = b"\r\n".join([*(f"{name}: x".encode() for name in aftermath.HEADERS_OF_OURS), b"", b"x"])
    assert any("other headers" in fault for fault in aftermath.mail(good.replace(b"To: x", b"To: x\r\nBcc: v@evil.example")))
    assert any("bare line break" in fault for fault in aftermath.mail(good.replace(b"To: x", b"To: x\n")))
    assert any("hides" in fault for fault in aftermath.mail(good.replace(b"Subject: x", b"Subject: =?utf-8?q?a=0D=0AB:?=")))
    assert list(aftermath.logs({"intake": '{"level": "info"}\nTraceback (most recent call last):'}))
    assert str(191 * 7919) == PROOF
    assert list(aftermath.chain("r", [], 1))
