"""A mailbox on a real IMAP server, polled into a real database: one mail is one request, whatever ends in between."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from infra.mailbox import MailServer
from services.intake.mail.mailbox import Mailbox, MailboxError, Waiting
from services.intake.mail.polling import BATCH, Poller
from services.intake.mail.taking import MailRoom
from shared.storage import Database
from tests.component.intake.intake_site import Site
from tests.component.intake.test_mail_receiver import INCOMPLETE, a_room
from tests.on_mailbox import Postman, Watched, a_server, an_account, flags_of, keywords
from tests.unit.intake.letters import MATERIAL, a_file, a_mail

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
USERS = [f"support{number}" for number in range(40)]
TAKEN, REFUSED = "BacklineTaken", "BacklineRefused"
MOST_BYTES = 20_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MailServer]:
    running = a_server(tmp_path_factory.mktemp("mailbox"), *USERS)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture(scope="module")
def fresh(server: MailServer) -> Iterator[str]:
    return iter(USERS)


@pytest.fixture
def user(fresh: Iterator[str]) -> str:
    """One whose mailbox is empty."""
    return next(fresh)


@pytest.fixture
def postman(server: MailServer, user: str) -> Iterator[Postman]:
    postman = Postman(server, user)
    yield postman
    postman.leave()


@pytest.fixture
def room(site: Site, mongo_database: Database) -> MailRoom:
    return a_room(site, mongo_database)


def a_poller(room: Any, mailbox: Any, **more: Any) -> Poller:
    return Poller(room, mailbox, **{"seconds": 0.05, "max_bytes": MOST_BYTES, **more})


async def numbers(database: Database) -> tuple[int, int]:
    """(requests, mails that were taken)."""
    return await database["requests"].count_documents({}), await database["mails"].count_documents({})


@pytest.fixture(params=["keywords", "folders"])
def places(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.param == "keywords" else {"done_folder": "已处理 & 归档", "refused_folder": 'Refused "x"'}


async def test_mails_become_requests_and_are_marked(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database, places: dict[str, str]
):
    postman.deliver(a_mail(parts=[a_file("草案.pdf", b"%PDF")]), a_mail(From="stranger@x.example", Message_ID="<m2@x.example>"))
    mailbox = Mailbox(an_account(server, user, **places))
    poller = a_poller(room, mailbox)
    assert await poller.once() is False
    assert await numbers(mongo_database) == (1, 1)
    assert await poller.once() is False
    await poller.close()
    if places:
        assert await flags_of(postman) == []
        assert await flags_of(postman, '"&XfJZBHQG- &- &X1JoYw-"') == [{"\\Seen"}]
        assert await flags_of(postman, '"Refused \\"x\\""') == [{"\\Flagged"}]
    else:
        assert await flags_of(postman) == [{"\\Seen", TAKEN}, {"\\Flagged", REFUSED}]


async def test_the_address_that_it_was_delivered_to_says_the_type(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database
):
    text = MATERIAL.replace("Type: Company material\n", "")
    postman.deliver(a_mail(text, more="X-Original-To: support+company-material@firm.example\nDelivered-To: support@firm.example"))
    await a_poller(room, Mailbox(an_account(server, user))).once()
    request = await mongo_database["requests"].find_one({})
    assert request is not None
    assert request["events"][0]["data"]["request"]["type"] == "tools.company"


async def test_what_nobody_wants_an_answer_to_is_kept_and_changes_nothing(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database
):
    postman.deliver(a_mail(more="Return-Path: <>"), a_mail(Message_ID="<m2@firm.example>", more="Return-Path: <a1@firm.example>"))
    await a_poller(room, Mailbox(an_account(server, user))).once()
    assert await numbers(mongo_database) == (1, 2)
    assert keywords(await flags_of(postman)) == [[TAKEN], [TAKEN]]


async def test_what_is_too_large_or_unreadable_is_marked_and_fetched_no_more(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database
):
    large = a_mail("x" * 2 * MOST_BYTES, Message_ID="<large@firm.example>")
    many = a_mail(parts=[a_file("x", b"")] * 120, Message_ID="<many@firm.example>")
    broken = b"\xff\x00\xfe no mail at all"
    postman.deliver(large, many, broken, a_mail())
    mailbox = Watched(Mailbox(an_account(server, user)))
    poller = a_poller(room, mailbox)
    for _ in range(3):
        await poller.once()
    assert mailbox.fetched == [2, 3, 4], "the large one never, the others once"
    assert await numbers(mongo_database) == (1, 1)
    assert keywords(await flags_of(postman)) == [[REFUSED], [REFUSED], [REFUSED], [TAKEN]]


async def test_an_end_between_taking_and_marking_does_nothing_twice(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database
):
    postman.deliver(
        a_mail(INCOMPLETE), a_mail("支持人员：客户经理；产品经理", Message_ID="<m2@x>", References="<m1@firm.example>")
    )
    mailbox = Watched(Mailbox(an_account(server, user)))
    mailbox.marks = False
    for _ in range(2):  # once for each mail, had it been marked
        await a_poller(room, mailbox).once()
    assert await numbers(mongo_database) == (1, 1)
    assert keywords(await flags_of(postman)) == [[], []]
    mailbox.marks = True
    await a_poller(room, mailbox).once()
    assert keywords(await flags_of(postman)) == [[TAKEN], [TAKEN]]
    assert await numbers(mongo_database) == (1, 2)
    request = await mongo_database["requests"].find_one({})
    assert request is not None
    told = [event["type"] for event in request["events"]]
    assert told == ["backline.request.returned", "backline.request.submitted"]


async def test_the_control_who_marks_first_loses_a_mail(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database
):
    class MarksFirst(Watched):
        def fetch(self, mail: Waiting) -> bytes | None:
            raw = super().fetch(mail)
            self.mark(mail, taken=True)
            raise MailboxError(f"it ended with {len(raw or b'')} bytes in hand")

    postman.deliver(a_mail())
    account = an_account(server, user)
    await a_poller(room, MarksFirst(Mailbox(account))).once()
    await a_poller(room, Watched(Mailbox(account))).once()
    assert await numbers(mongo_database) == (0, 0), "the mail is gone, and nobody asked for anything"


async def test_two_processes_at_one_mailbox_make_one_request_of_one_mail(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database, places: dict[str, str]
):
    postman.deliver(*(a_mail(Message_ID=f"<m{number}@firm.example>") for number in range(1, 6)))
    pollers = [a_poller(room, Mailbox(an_account(server, user, **places))) for _ in range(2)]
    for _ in range(3):
        await asyncio.gather(*(poller.once() for poller in pollers))
    assert await numbers(mongo_database) == (5, 5)
    assert keywords(await flags_of(postman)) == ([] if places else [[TAKEN]] * 5)
    for poller in pollers:
        await poller.close()


async def test_a_full_mailbox_is_read_in_batches_and_those_that_were_dealt_with_are_passed_over(
    server: MailServer, user: str, postman: Postman, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.intake.mail.mailbox.WINDOW", 7)
    taken: list[bytes] = []

    class Counts:
        async def take(self, raw: bytes, *, envelope_sender: str | None, recipients: Any) -> Any:
            taken.append(raw)
            return (await self._known()) if len(taken) == 3 else GOOD

        async def _known(self) -> Any:
            raise ConnectionError("away for a moment")

    from services.intake.mail.replies import AUTOMATIC as GOOD

    mails = [a_mail(Message_ID=f"<m{number}@firm.example>") for number in range(2 * BATCH + 5)]
    await asyncio.to_thread(postman.deliver, *mails)
    poller = a_poller(Counts(), Mailbox(an_account(server, user)))
    rounds = [await poller.once() for _ in range(5)]
    assert rounds == [False, True, True, False, False], "the third mail could not be taken at first"
    assert taken == [*mails[:3], *mails[2:]]
    assert keywords(await flags_of(postman)) == [[TAKEN]] * len(mails)


async def test_a_mail_that_can_never_be_taken_lets_the_others_go_first_and_stays(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database
):
    class Stumbles:
        async def take(self, raw: bytes, **about: Any) -> Any:
            if b"poison" in raw:
                raise RuntimeError("a fault of ours")
            return await room.take(raw, **about)

    now = 0.0
    postman.deliver(a_mail(Message_ID="<poison@firm.example>"), a_mail())
    mailbox = Watched(Mailbox(an_account(server, user)))
    poller = a_poller(Stumbles(), mailbox, seconds=30, clock=lambda: now)
    for _ in range(5):
        await poller.once()
    assert mailbox.fetched == [1, 1, 1, 2], "three times in its turn, then the other"
    now = 31.0
    await poller.once()
    assert mailbox.fetched[4:] == [1]
    assert keywords(await flags_of(postman)) == [[], [TAKEN]]
    assert await numbers(mongo_database) == (1, 1)


async def test_a_mailbox_that_is_away_is_tried_less_and_less_often_and_logged_once(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database, capsys: pytest.CaptureFixture[str]
):
    from dataclasses import replace

    from infra.embedded import free_port
    from shared.telemetry import metrics

    account, now = an_account(server, user), 0.0
    mailbox = Mailbox(replace(account, port=free_port()))
    poller = a_poller(room, mailbox, seconds=10, clock=lambda: now)
    pauses = []
    for _ in range(7):
        now += 5
        assert await poller.once() is False
        pauses.append(poller._pause())
    assert pauses == [20, 40, 80, 160, 300, 300, 300]
    assert metrics.MAILBOX_SILENT._value.get() == 35
    assert capsys.readouterr().out.count("mail.mailbox_away") == 1
    postman.deliver(a_mail())
    mailbox._account = account
    await poller.once()
    assert (await numbers(mongo_database), metrics.MAILBOX_SILENT._value.get()) == ((1, 1), 0)
    assert "mail.mailbox_back" in capsys.readouterr().out


async def test_a_connection_that_is_lost_is_made_again(
    server: MailServer, user: str, postman: Postman, room: MailRoom, mongo_database: Database
):
    mailbox = Mailbox(an_account(server, user))
    poller = a_poller(room, mailbox)
    await poller.once()
    mailbox.abort()
    postman.deliver(a_mail())
    await poller.once()
    await poller.once()
    assert await numbers(mongo_database) == (1, 1)


async def test_a_wrong_password_is_said_without_a_word_of_it(server: MailServer, user: str):
    from dataclasses import replace

    mailbox = Mailbox(replace(an_account(server, user), password="wrong-secret"))
    with pytest.raises(MailboxError, match="the login was refused") as refused:
        mailbox.waiting(1, lambda _key: False)
    assert "wrong-secret" not in repr(refused.value) + repr(an_account(server, user))


async def test_a_server_whose_certificate_nobody_signed_is_not_told_the_password(server: MailServer, user: str):
    from dataclasses import replace

    mailbox = Mailbox(replace(an_account(server, user), port=server.ports["imaps"], tls="implicit"))
    with pytest.raises(MailboxError, match="SSLCertVerificationError"):
        mailbox.waiting(1, lambda _key: False)


async def test_a_name_of_before_does_not_mark_another_mail(server: MailServer, user: str, postman: Postman):
    """UIDVALIDITY: a mail is called by both numbers."""
    postman.deliver(a_mail())
    mailbox = Mailbox(an_account(server, user))
    (mail,) = mailbox.waiting(5, lambda _key: False)
    stale = Waiting(key=(mail.key[0] + 1, mail.key[1]), size=1)
    with pytest.raises(MailboxError, match="gone"):
        mailbox.mark(stale, taken=True)
    assert keywords(postman.flags()) == [[]]
