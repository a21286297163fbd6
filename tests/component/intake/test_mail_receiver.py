"""Mails over SMTP and LMTP into a real database: one mail is one request, its files are there, and no answer is given too early."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from services.intake.mail.kept import MailBook
from services.intake.mail.receiver import CONNECTIONS, Receiver
from services.intake.mail.replies import Reply
from services.intake.mail.taking import Door, MailRoom
from services.intake.mail.threads import Threads
from shared.schemas.requests import number_of, request_id
from shared.storage import BlobStore, Database
from tests.builders import the_pack
from tests.component.intake.intake_site import Site
from tests.unit.intake.letters import VISIT, a_file, a_mail

pytestmark = pytest.mark.stack
FIRST = request_id("harbour", "mail", "<m1@firm.example>")
INCOMPLETE = VISIT.replace("支持人员：客户经理；产品经理\n", "")
SUPPORT = "support@backline.example"


def a_room(site: Site, database: Database) -> MailRoom:
    book = MailBook(database["mails"])
    return MailRoom(
        reception=site.reception,
        threads=Threads(site._projection, book),
        book=book,
        blobs=BlobStore(database),
        files=site.attachments,
        directory=lambda: site._people.directory,
        pack=the_pack(),
        clock=site.clock,
        door=Door(ours=frozenset({SUPPORT})),
    )


async def opened(room: Any, **settings: Any) -> tuple[Receiver, asyncio.Task[None]]:
    given = {"host": "127.0.0.1", "port": 0, "protocol": "smtp", "max_bytes": 200_000, "mailboxes": frozenset({SUPPORT})}
    receiver = Receiver(room, **{**given, **settings})
    await receiver.open()
    task = asyncio.create_task(receiver.serve())
    await asyncio.sleep(0)
    return receiver, task


@pytest_asyncio.fixture(loop_scope="session")
async def receiver(site: Site, mongo_database: Database) -> AsyncIterator[Receiver]:
    await MailBook(mongo_database["mails"]).prepare()
    receiver, task = await opened(a_room(site, mongo_database))
    yield receiver
    task.cancel()
    await receiver.close()


def handed_over(
    port: int,
    raw: bytes,
    *,
    sender: str = "a1@firm.example",
    to: tuple[str, ...] = (SUPPORT,),
    client: type[smtplib.SMTP] = smtplib.SMTP,
) -> tuple[int, str]:
    with client("127.0.0.1", port, timeout=30) as smtp:
        smtp.ehlo_or_helo_if_needed()
        smtp.mail(sender)
        for recipient in to:
            code, words = smtp.rcpt(recipient)
            if code >= 400:
                return code, words.decode()
        code, words = smtp.data(raw)
        return code, words.decode()


async def sent(receiver: Receiver, raw: bytes, **options: Any) -> tuple[int, str]:
    return await asyncio.to_thread(handed_over, receiver.port, raw, **options)


async def shown(site: Site, request: str = FIRST) -> dict[str, Any]:
    answer: dict[str, Any] = (await site.ask("GET", f"/v1/requests/{request}")).json()
    return answer


async def test_one_mail_handed_over_by_many_at_once_is_one_request(site: Site, receiver: Receiver, mongo_database: Database):
    raw = a_mail(parts=[a_file("草案.pdf", b"%PDF")])
    answers = await asyncio.gather(*(sent(receiver, raw) for _ in range(4)))
    assert set(answers) == {(250, f"2.0.0 {number_of(FIRST)} accepted")}
    assert await sent(receiver, raw) == answers[0]
    assert await mongo_database["requests"].count_documents({}) == 1
    assert await mongo_database["mails"].count_documents({"request": FIRST}) == 1
    request = await shown(site)
    assert (request["status"], request["request"]["source"]["system"]) == ("submitted", "mail")
    blob = await BlobStore(mongo_database).get(request["request"]["attachments"][0]["sha256"])
    assert blob is not None
    assert (blob.name, blob.data) == ("草案.pdf", b"%PDF")
    assert [moment["type"] for moment in request["timeline"]] == ["backline.request.submitted"]


async def test_a_mail_with_a_file_that_may_not_come_in_is_returned_with_the_reason(site: Site, receiver: Receiver):
    raw = a_mail(parts=[a_file("草案.pdf", b"MZ" + bytes(100)), a_file("good.pdf", b"%PDF")])
    assert (await sent(receiver, raw))[1].endswith("returned")
    verdict = (await shown(site))["verdict"]
    assert [(problem["field"], problem["code"]) for problem in verdict["problems"]] == [("attachments.0", "content_refused")]
    assert "program" in verdict["problems"][0]["message"]["en"]


@pytest.mark.parametrize("named", ["thread", "earlier mail", "number"])
async def test_an_answer_completes_the_returned_request(site: Site, receiver: Receiver, named: str):
    assert (await sent(receiver, a_mail(INCOMPLETE)))[1].endswith("returned")
    headers: dict[str, str] = {
        "thread": {"References": f"<request.{FIRST}@backline.example> <x@backline.example>"},
        "earlier mail": {"References": "<m1@firm.example>"},
        "number": {"Subject": f"回复: 【{number_of(FIRST)}】申请需要补充"},
    }[named]
    answer = a_mail("支持人员：客户经理；产品经理\n\n> 支持人员：无", Message_ID="<m2@firm.example>", **headers)
    assert await sent(receiver, answer) == (250, f"2.0.0 {number_of(FIRST)} accepted")
    assert (await sent(receiver, answer))[0] == 250
    request = await shown(site)
    assert (request["status"], request["request"]["details"]["escorts"]) == ("submitted", ["客户经理", "产品经理"])
    assert len(request["timeline"]) == 2


@pytest.mark.parametrize(
    ("raw", "options", "code", "words"),
    [
        (a_mail(From="stranger@x.example"), {}, 550, "not in the directory"),
        (a_mail(), {"to": ("other@backline.example",)}, 550, "no such mailbox"),
        (a_mail(), {"to": ("Support+customer-visit@Backline.example",)}, 250, "accepted"),
        (a_mail(), {"sender": ""}, 250, "not answered"),
        (a_mail("x" * 300_000), {}, 552, "Too much"),
        (a_mail(parts=[a_file("x", b"")] * 120), {}, 554, "more than 100 parts"),
    ],
)
async def test_who_hands_over_is_told_what_became_of_it(
    receiver: Receiver, raw: bytes, options: dict[str, Any], code: int, words: str
):
    got, said = await sent(receiver, raw, **options)
    assert (got, words in said) == (code, True), said


async def test_lmtp_is_answered_once_for_each_recipient(site: Site, mongo_database: Database):
    receiver, task = await opened(a_room(site, mongo_database), protocol="lmtp", mailboxes=frozenset())

    def lines() -> list[bytes]:
        with smtplib.LMTP("127.0.0.1", receiver.port, timeout=30) as client:
            client.ehlo()
            client.mail("a1@firm.example")
            client.rcpt("support@x.example")
            client.rcpt("support+customer-visit@x.example")
            first = client.data(a_mail())
            return [str(first[0]).encode(), client.getreply()[1]]

    assert await asyncio.to_thread(lines) == [b"250", f"2.0.0 {number_of(FIRST)} accepted".encode()]
    task.cancel()
    await receiver.close()


class Failing:
    """A mail room whose database is away, or that takes for ever."""

    def __init__(self, fault: Callable[[], Any]) -> None:
        self._fault = fault

    async def take(self, raw: bytes, *, envelope_sender: str | None, recipients: Any) -> Reply:
        await self._fault()
        raise AssertionError("the fault raises")


async def away() -> None:
    raise ConnectionError("secret@firm.example")


async def for_ever() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("fault", [away, for_ever])
async def test_while_the_database_is_away_the_sender_keeps_the_mail(fault: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    monkeypatch.setattr("services.intake.mail.handing.PATIENCE_SECONDS", 0.2)
    receiver, task = await opened(Failing(fault))
    code, said = await sent(receiver, a_mail())
    assert (code, "later" in said) == (451, True)
    assert "secret" not in said + capsys.readouterr().out
    task.cancel()
    await receiver.close()


async def test_one_connection_too_many_is_told_to_come_again(receiver: Receiver):
    held = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(CONNECTIONS)]
    try:
        assert [(await asyncio.to_thread(one.recv, 100))[:3] for one in held] == [b"220"] * CONNECTIONS
        with socket.create_connection(("127.0.0.1", receiver.port)) as more:
            assert (await asyncio.to_thread(more.recv, 100))[:3] == b"421"
    finally:
        for one in held:
            one.close()
    async with asyncio.timeout(10):
        while (await sent(receiver, a_mail()))[0] != 250:
            await asyncio.sleep(0.1)


async def test_no_address_and_no_word_of_a_mail_is_logged(receiver: Receiver, capsys: Any):
    canary = "canary-7f3a"
    raw = a_mail(VISIT + f"\n{canary}：{canary}", Subject=canary, more=f"X-Note: {canary}", parts=[a_file(f"{canary}.pdf", b"x")])
    assert (await sent(receiver, raw))[0] == 250
    await sent(receiver, a_mail(From=f"{canary}@x.example"), sender=f"{canary}@x.example")
    logged = capsys.readouterr()
    assert "mail.taken" in logged.out
    assert canary not in logged.out + logged.err
    assert "a1@firm" not in logged.out + logged.err
