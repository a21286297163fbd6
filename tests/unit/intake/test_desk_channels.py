"""What each channel refuses lies on the desk of the unit it came from; what it takes does not."""

from typing import Any

import orjson
import pytest

from services.intake.desk.entries import LARGEST, Entry, entry_of
from services.intake.desk.refused import Refusals
from services.intake.inbound import Inbound
from services.intake.mail.replies import Reply
from services.intake.reception import NO_IDENTITY, Submission, refused
from shared.messaging.wire import Record
from shared.schemas.requests import Answer
from tests.builders import NOW
from tests.unit.intake.letters import a_mail
from tests.unit.intake.life import Life
from tests.unit.intake.mail_build import Room
from tests.unit.intake.states import GOOD, OTHER
from tests.unit.ledger.small_domain import FakeClock


class Shelf:
    """The entries that were put there."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def head(self, _request: str | None, _unit: str) -> int:
        return 0

    async def put(self, entry: Entry) -> bool:
        self.entries.append(entry)
        return True


def a_record(value: bytes, *, key: bytes = b"harbour|crm|R-1", action: str = "submit") -> Record:
    return Record(
        topic="backline.inbound.v1", partition=0, offset=7, key=key, headers=(("action", action.encode()),), value=value
    )


async def handled(record: Record, life: Life | None = None) -> tuple[Life, list[Entry]]:
    life, shelf = life or Life(GOOD), Shelf()
    refusals = Refusals(shelf, life.room.clock)  # type: ignore[arg-type]
    await Inbound(life.reception, life.letters, life.broker, refusals=refusals).handle([record])  # type: ignore[arg-type]
    return life, shelf.entries


@pytest.mark.parametrize(
    ("value", "key", "action", "expected"),
    [
        (b"{oops", b"harbour|crm|R-1", "submit", "harbour"),
        (b'{"business_unit": "harbour"}', b"x", "submit", "harbour"),
        (b"[]", b"harbour|a|b", "submit", "harbour"),
        (b'{"business_unit": "harbour"}', b"x", "smile", "harbour"),
    ],
)
async def test_a_record_that_is_no_request_is_a_dead_letter_and_lies_on_its_units_desk(
    value: bytes, key: bytes, action: str, expected: str
):
    life, (entry,) = await handled(a_record(value, key=key, action=action))
    assert len(life.letters.dead) == 1
    assert entry.unit == expected
    assert entry.problem["code"] == life.broker.said[0]["problem"]["code"]
    assert (entry.kind, entry.place) == ("record", "backline.inbound.v1/0/7")


async def test_a_record_of_nobody_is_a_dead_letter_alone():
    life, entries = await handled(a_record(b"{oops", key=b""))
    assert (len(life.letters.dead), entries) == (1, [])


async def test_a_conflict_on_the_topic_lies_there_and_what_is_accepted_does_not():
    life, entries = await handled(a_record(orjson.dumps(GOOD)))
    assert entries == []
    other = Record(topic="backline.inbound.v1", partition=0, offset=8, key=b"k", headers=(), value=orjson.dumps(OTHER))
    _, (entry,) = await handled(other, life)
    assert (entry.problem["code"], entry.subject, entry.body) == ("conflict", life.id, OTHER)


class TestMails:
    @pytest.fixture
    def room(self) -> Room:
        room = Room()
        self.kept: list[tuple[Submission, Answer]] = []

        async def keep(submission: Submission, answer: Answer, _sha256: str) -> None:
            self.kept.append((submission, answer))

        room.room._refused = keep
        return room

    async def answered(self, room: Room, text: str, **headers: Any) -> Reply:
        given = {"In_Reply_To": "<m1@firm.example>", "Message_ID": "<m2@firm.example>", **headers}
        return await room.send(a_mail(text, **given))

    async def test_an_amendment_that_cannot_stand_lies_on_the_writers_desk(self, room: Room):
        await room.send(a_mail())
        assert self.kept == []
        reply = await self.answered(room, "参观类型：月球")
        ((submission, answer),) = self.kept
        assert (reply.code, submission.action, submission.filed_by, answer.outcome) == (550, "amend", "harbour", "returned")

    async def test_one_that_stands_and_thanks_do_not(self, room: Room):
        await room.send(a_mail())
        await self.answered(room, "参观目的：看新系统")
        await self.answered(room, "谢谢！", Message_ID="<m3@firm.example>")
        assert self.kept == []

    async def test_a_mail_that_takes_back_a_request_it_names_waits_for_it(self, room: Room):
        lines = "来源系统：crm\n来源单号：R-77\n撤回：客户推迟"
        reply = await room.send(a_mail(lines))
        assert (reply.code, room.last.status, [one.name for one in room.last.private.early]) == (250, "new", ["withdraw"])


class TestEntry:
    async def test_what_is_too_large_is_kept_from_its_start(self):
        entry = an_entry({"x": "大" * LARGEST})
        assert entry.content is None
        assert entry.raw is not None
        assert len(entry.raw) <= LARGEST

    @pytest.mark.parametrize("raw", [b"\xff\x00\x01", b"", "界".encode("gb18030")])
    async def test_any_bytes_are_kept_as_text_that_can_be_stored(self, raw: bytes):
        entry = entry_of("c", refused(None, "submit", NO_IDENTITY), unit="harbour", kind="line", channel="batch", at=NOW, raw=raw)
        assert entry.raw is not None
        assert "\0" not in entry.raw
        entry.raw.encode()

    @pytest.mark.parametrize("body", [{"\ud800": "\0"}, {"$where": 2**90}, {"a.b": float("inf")}, ["x"]])
    async def test_any_content_is_kept_in_ascii(self, body: Any):
        entry = an_entry(body)
        assert entry.content is not None
        assert entry.content.isascii()


def an_entry(body: Any) -> Entry:
    answer = refused(None, "submit", NO_IDENTITY)
    return entry_of("c", answer, unit="harbour", kind="line", channel="batch", at=FakeClock(NOW).now(), body=body)
