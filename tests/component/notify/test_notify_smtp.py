"""Mails against real SMTP servers, the misbehaving ones included: what is certain ends certain, what is not ends in doubt, once."""

import asyncio
import socket
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from infra.sinks.mail import Maildir, MailSink
from services.notify.channels.mail import UnsafeHeaderError
from services.notify.channels.smtp import Mailer, SmtpServer
from shared.ledger.effects import Done, Doubt, LeaseLost, Retry, Terminal
from tests.component.notify.smtp_servers import STEPS, Inbox, breaking, serving
from tests.unit.notify.test_notify_mail import a_mail

BEFORE_DATA = STEPS[: STEPS.index("DATA")]
FROM_DATA = STEPS[STEPS.index("DATA") :]


class Point:
    """A point of no return that remembers how often it was passed; `phase` is what a ledger would have on record."""

    def __init__(self, *, lost: bool = False) -> None:
        self.passed = 0
        self.lost = lost

    async def __call__(self) -> None:
        if self.lost:
            raise LeaseLost
        self.passed += 1

    @property
    def phase(self):
        return "data" if self.passed else "leased"


def a_mailer(port: int, **changes: Any):
    return Mailer(SmtpServer(**{"host": "127.0.0.1", "port": port, "timeout": 5.0, **changes}))


async def send(mailer: Mailer, point: Any = None, to: str = "anna@east.example", **changes: Any):
    point = point or Point()
    mail = a_mail(to=to, **changes)
    return await mailer.send(mail, sender="noreply@backline.example", recipient=to, point_of_no_return=point)


async def test_a_mail_arrives_as_it_was_built():
    inbox, point = Inbox(), Point()
    async with serving(inbox) as port:
        mailer = a_mailer(port)
        assert await send(mailer, point) == Done()
        await mailer.close()
    ((to, raw),) = inbox.mails
    mail = message_from_bytes(raw, policy=default)
    assert to == "anna@east.example"
    assert mail["Message-ID"] == "<item-1@backline.example>"
    assert mail.get_body(("plain",)).get_content().splitlines() == ["您好：", ".", "..两点"]
    assert point.passed == 1


@pytest.mark.parametrize("ended", ["\r\n.\r\n", "\n.\n", "\r.\r"])
async def test_what_looks_like_the_end_of_a_message_ends_none(ended: str):
    inbox = Inbox()
    smuggled = f".first{ended}MAIL FROM:<a@evil.example>\r\nRCPT TO:<b@evil.example>\r\nDATA\r\nSubject: smuggled"
    async with serving(inbox) as port:
        mailer = a_mailer(port)
        sent = await mailer.send(
            smuggled.encode(), sender="noreply@backline.example", recipient="anna@east.example", point_of_no_return=Point()
        )
        assert sent == Done()
        await mailer.close()
    assert [(to, raw.splitlines()) for to, raw in inbox.mails] == [("anna@east.example", smuggled.encode().splitlines())]


async def test_connections_are_kept_from_mail_to_mail():
    inbox = Inbox()
    async with serving(inbox) as port:
        mailer = a_mailer(port, connections=2)
        assert await asyncio.gather(*(send(mailer, item=f"i{number}") for number in range(12))) == [Done()] * 12
        await mailer.close()
    assert len(inbox.mails) == 12
    assert len(inbox.sessions) == 2


async def test_a_connection_is_renewed_after_so_many_mails():
    inbox = Inbox()
    async with serving(inbox) as port:
        mailer = a_mailer(port, connections=1, per_connection=2)
        for _ in range(4):
            assert await send(mailer) == Done()
        await mailer.close()
    assert len(inbox.mails) == 4


@pytest.mark.parametrize(
    ("answer", "ending"), [("550 5.1.1 No such user <anna@east.example>", Terminal), ("451 4.7.1 Greylisted", Retry)]
)
async def test_a_refused_recipient_ends_by_the_servers_code_and_without_its_words(answer: Any, ending: Any):
    inbox, point = Inbox(rcpt=[answer]), Point()
    async with serving(inbox) as port:
        mailer = a_mailer(port)
        refused = await send(mailer, point)
        assert isinstance(refused, ending)
        assert answer[:9] in refused.problem
        assert "anna" not in refused.problem
        assert point.passed == 0
        assert await send(mailer) == Done()
        await mailer.close()
    assert len(inbox.mails) == 1


@pytest.mark.parametrize(
    ("answers", "sessions"),
    [({"rcpt": ["421 4.3.2 Going down"]}, 2), ({"data": ["421 4.3.2 Going down"]}, 2), ({"rcpt": ["451 4.7.1 Greylisted"]}, 1)],
    ids=["leaving at RCPT", "leaving after the dot", "staying"],
)
async def test_a_server_that_says_it_leaves_is_not_spoken_to_on_the_same_connection(answers: Any, sessions: int):
    inbox = Inbox(**answers)
    async with serving(inbox) as port:
        mailer = a_mailer(port, connections=1)
        assert isinstance(await send(mailer), Retry)
        assert await send(mailer) == Done()
        await mailer.close()
    assert len(inbox.sessions) == sessions


@pytest.mark.parametrize(
    ("answer", "ending"), [("554 5.7.1 no", Terminal), ("421 4.3.2 Going down", Retry), ("250 2.0.0 what for?", Doubt)]
)
async def test_a_server_that_does_not_ask_for_the_message_is_not_sent_it_as_commands(answer: str, ending: Any):
    async with breaking("never", data=answer) as (port, script):
        mailer = a_mailer(port)
        assert isinstance(await send(mailer), ending)
        await mailer.close()
    assert script.taken == []
    assert script.heard[-1] == b"DATA\r\n"


@pytest.mark.parametrize(("answer", "ending"), [("252 2.0.0 I shall try", Done), ("354 go on", Doubt), ("250 2.0.0 taken", Done)])
async def test_after_the_dot_the_first_digit_decides_and_what_is_neither_yes_nor_no_is_a_doubt(answer: str, ending: Any):
    inbox = Inbox(data=[answer])
    async with serving(inbox) as port:
        mailer = a_mailer(port)
        assert isinstance(await send(mailer), ending)
        await mailer.close()


@pytest.mark.parametrize(("answer", "ending"), [("554 5.7.1 Spam", Terminal), ("452 4.3.1 Full", Retry)])
async def test_a_message_the_server_says_no_to_is_no_doubt(answer: Any, ending: Any):
    inbox, point = Inbox(data=[answer]), Point()
    async with serving(inbox) as port:
        mailer = a_mailer(port)
        assert isinstance(await send(mailer, point), ending)
        assert point.phase == "data"
        assert await send(mailer) == Done()
        await mailer.close()


@pytest.mark.parametrize("silent", [False, True], ids=["dropped", "silent"])
@pytest.mark.parametrize("step", BEFORE_DATA)
async def test_a_server_lost_before_data_is_tried_again(step: str, silent: bool):
    point = Point()
    async with breaking(step, silent=silent) as (port, script):
        ending = await send(a_mailer(port, timeout=0.3), point)
        assert isinstance(ending, Retry)
        assert point.phase == "leased"
        assert script.taken == []


@pytest.mark.parametrize("silent", [False, True], ids=["dropped", "silent"])
@pytest.mark.parametrize("step", FROM_DATA)
async def test_a_server_lost_in_or_after_data_is_a_doubt(step: str, silent: bool):
    point = Point()
    async with breaking(step, silent=silent) as (port, script):
        ending = await send(a_mailer(port, timeout=0.3), point)
        assert isinstance(ending, Doubt)
        assert point.phase == "data"
        assert len(script.taken) == (step == "dot")


async def test_a_doubt_opens_a_fresh_connection_for_the_next_mail():
    async with breaking("dot") as (port, script):
        mailer = a_mailer(port, connections=1)
        for _ in range(2):
            assert isinstance(await send(mailer), Doubt)
        assert script.connections == 2


async def test_a_kept_connection_the_server_dropped_is_replaced_before_anything_is_handed_over():
    inbox = Inbox()
    async with serving(inbox) as port:
        mailer = a_mailer(port, connections=1)
        assert await send(mailer) == Done()
        mailer._kept[0]._client.transport.abort()
        assert await send(mailer) == Done()
        await mailer.close()
    assert len(inbox.mails) == 2


async def test_no_server_at_all_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert isinstance(await send(a_mailer(port)), Retry)


async def test_a_lost_lease_stops_before_data():
    inbox = Inbox()
    async with serving(inbox) as port:
        mailer = a_mailer(port)
        with pytest.raises(LeaseLost):
            await send(mailer, Point(lost=True))
        assert await send(mailer) == Done()
        await mailer.close()
    assert len(inbox.mails) == 1


async def test_a_worker_that_gives_up_leaves_no_used_connection_behind():
    async with breaking("dot", silent=True) as (port, script):
        mailer, point = a_mailer(port, connections=1), Point()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await send(mailer, point)
        assert point.phase == "data"
        assert mailer._kept == []
        assert len(script.taken) == 1


@pytest.mark.parametrize("hostile", ["sender", "recipient"])
async def test_an_address_that_would_inject_a_command_never_reaches_the_server(hostile: str):
    inbox = Inbox()
    addresses = {"sender": "noreply@backline.example", "recipient": "anna@east.example", hostile: "a@x>\r\nRCPT TO:<b@x"}
    async with serving(inbox) as port:
        with pytest.raises(UnsafeHeaderError):
            await a_mailer(port).send(a_mail(), **addresses, point_of_no_return=Point())
    assert inbox.sessions == set()


async def crash_during_dot(point: Any):
    """What a ledger finds after a process died while the server had the message but had not answered."""
    async with breaking("dot", silent=True) as (port, script):
        sending = asyncio.create_task(send(a_mailer(port), point))
        async with asyncio.timeout(30):
            await script.took.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return len(script.taken)


async def test_a_crash_after_the_dot_is_seen_as_a_doubt():
    point = Point()
    assert await crash_during_dot(point) == 1
    assert point.phase == "data"


async def test_negative_control_without_the_point_of_no_return_the_same_crash_looks_untried():
    point = Point()

    async def switched_off() -> None:
        """The protection under test, disabled: nothing is put on record before DATA."""

    assert await crash_during_dot(switched_off) == 1
    assert point.phase == "leased"


async def test_the_mail_sink_writes_a_maildir_and_refuses_as_told(tmp_path: Path):
    sink = MailSink(Maildir(tmp_path), refuse=["refuse-"], defer=["defer-"])
    async with serving(sink) as port:
        mailer = a_mailer(port)
        assert await send(mailer) == Done()
        assert isinstance(await send(mailer, to="refuse-me@east.example"), Terminal)
        assert isinstance(await send(mailer, to="defer-me@east.example"), Retry)
        await mailer.close()
    (file,) = (tmp_path / "new").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert mail["X-RcptTo"] == "anna@east.example"
    assert mail["Message-ID"] == "<item-1@backline.example>"
    assert list((tmp_path / "tmp").iterdir()) == []
