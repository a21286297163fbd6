"""Which word of ours an entry of the desk rests on, and which correction from there is a repetition."""

from services.intake.api.batch_lines import BatchLine
from services.intake.desk.refused import Refusals
from services.intake.desk.resending import Correction, Resending
from services.intake.reception import NOT_NOW, Sender, Submission, refused
from shared.http.principal import Principal
from shared.ledger.messages import Refusal
from shared.messaging.wire import Record
from tests.unit.intake.letters import a_mail
from tests.unit.intake.life import Life
from tests.unit.intake.mail_build import Room
from tests.unit.intake.states import GOOD, LACKING, OTHER
from tests.unit.intake.test_desk_channels import Shelf

HARBOUR = Sender(by="unit:harbour", filed_by="harbour")


class MovedOn(Shelf):
    """Reads a head that has moved on since the refusal."""

    async def head(self, _request: str | None, _unit: str) -> int:
        return 7


def a_line(body: object, by: str = "harbour") -> Submission:
    return Submission(action="submit", body=body, by=f"unit:{by}", filed_by=by, channel="batch", id="c1")


async def test_an_entry_rests_on_the_word_at_which_it_was_refused_not_on_a_later_one():
    life, shelf = Life(GOOD), MovedOn()
    await life.send("http", "submit", GOOD)
    answer = await life.reception.take(a_line(OTHER))
    assert answer.problem is not None
    await Refusals(shelf, life.room.clock).mail(a_line(OTHER), answer, "ab" * 32)  # type: ignore[arg-type]
    assert [entry.said for entry in shelf.entries] == [life.room.requests.states[life.id].head]


async def test_what_never_came_to_the_ledger_rests_on_the_word_that_stands():
    life, shelf = Life(GOOD), MovedOn()
    answer = await life.reception.take(a_line(GOOD, by="islands"))
    await Refusals(shelf, life.room.clock).mail(a_line(GOOD, by="islands"), answer, "ab" * 32)  # type: ignore[arg-type]
    assert [entry.said for entry in shelf.entries] == [7]


async def test_one_content_after_another_word_is_judged_anew_and_under_the_same_word_repeated():
    life = Life(GOOD)
    await life.send("http", "submit", LACKING)
    resending = Resending(None, life.reception, life.room.clock)  # type: ignore[arg-type]

    async def sent(body: dict[str, object], seen: int | None = None) -> tuple[str, str | None]:
        state = life.room.requests.states[life.id]
        answer = await resending.request(life.id, state, Correction(body=body, seen=seen), HARBOUR)
        return answer.outcome, answer.problem and answer.problem["code"]

    first = life.room.requests.states[life.id].head
    other = LACKING | {"priority": "urgent"}
    assert await sent(other) == ("returned", None)
    assert await sent(LACKING) == ("returned", None)
    before = life.room.requests.states[life.id].head
    assert await sent(other) == ("returned", None)
    state = life.room.requests.states[life.id]
    assert (state.head, state.private.current.body["priority"]) == (before + 1, "urgent")
    assert await sent(other, seen=first) == ("returned", None)
    assert life.room.requests.states[life.id].head == before + 1


async def test_a_fault_of_ours_lies_on_no_desk():
    life, shelf = Life(GOOD), Shelf()
    refusals = Refusals(shelf, life.room.clock)  # type: ignore[arg-type]
    for status in (409, 503):
        answer = refused(life.id, "submit", Refusal(code="x", status=status, message=NOT_NOW.message))
        await refusals.line(BatchLine(place=1, raw=b"{}"), answer, Principal(kind="unit", id="harbour"), "c")
        await refusals.record(Record(topic="t", partition=0, offset=1, key=None, headers=(), value=b"{}"), answer, "c", "harbour")
        await refusals.mail(a_line(GOOD), answer, "ab" * 32)
    assert [entry.problem["status"] for entry in shelf.entries] == [409] * 3


async def test_a_mail_that_comes_again_puts_no_bytes_back():
    room = Room()
    for _ in range(2):
        await room.send(a_mail())
    assert [name for name, _ in room.book.blobs] == ["mail.eml"]
    await room.send(a_mail(Message_ID="<another@firm.example>"))
    assert [name for name, _ in room.book.blobs] == ["mail.eml"] * 2
