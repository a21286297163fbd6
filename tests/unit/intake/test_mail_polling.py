"""What a mailbox's server may answer, and what mails may hold: neither ends the service that polls."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from services.intake.mail.delivered import UNKNOWN, envelope_of
from services.intake.mail.mailbox import Account, Key, Mailbox, MailboxError, Waiting, _quoted
from services.intake.mail.polling import BATCH, Poller
from services.intake.mail.replies import AUTOMATIC, LATER, Reply

ACCOUNT = Account(host="x", port=1, tls="none", user="u", password="p")


class Says:
    """An IMAP server's half of the library, that answers as it is told."""

    capabilities = ("IMAP4REV1",)

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def select(self, _folder: str) -> Any:
        return self._answers.get("select", ("OK", [b"3"]))

    def response(self, code: str) -> Any:
        return code, self._answers.get(code.lower(), [b"7"] if code == "UIDVALIDITY" else [rb"(\\Seen \\*)"])

    def uid(self, command: str, *words: str) -> Any:
        self.asked.append(" ".join((command, *words)))
        return self._answers.get(command.lower(), ("OK", [None]))

    def shutdown(self) -> None:
        """Gone."""


def a_mailbox(says: Says, account: Account = ACCOUNT) -> Mailbox:
    mailbox = Mailbox(account)
    mailbox._client = says  # type: ignore[assignment]
    return mailbox


def nothing(_key: Key) -> bool:
    return False


@pytest.mark.parametrize(
    "answers",
    [
        {"select": ("NO", [b"closed"])},
        {"select": ("OK", [None])},
        {"select": ("OK", [b"many"])},
        {"select": ("OK", [])},
        {"uidvalidity": [b"x"]},
        {"permanentflags": [rb"(\\Seen)"]},
        {"permanentflags": [None]},
        {"search": ("BAD", [b""])},
        {"search": ("OK", [b"1 two"])},
        {"search": ("OK", [b"1"]), "fetch": ("NO", [b""])},
    ],
)
def test_whatever_a_server_says_wrongly_is_one_kind_of_error(answers: dict[str, Any]):
    with pytest.raises(MailboxError):
        a_mailbox(Says(**answers)).waiting(5, nothing)


def test_a_mail_of_which_a_server_says_no_size_waits_all_the_same():
    says = Says(search=("OK", [b"1 2"]), fetch=("OK", [b"2 (UID 2 RFC822.SIZE 9)"]))
    assert a_mailbox(says).waiting(5, nothing) == [Waiting(key=(7, 1), size=0), Waiting(key=(7, 2), size=9)]


@pytest.mark.parametrize(
    ("able", "asked"),
    [
        (("MOVE", "UIDPLUS"), ['MOVE 4 "Done"']),
        (("UIDPLUS",), ['COPY 4 "Done"', r"STORE 4 +FLAGS (\Deleted)", "EXPUNGE 4"]),
        ((), ['COPY 4 "Done"', r"STORE 4 +FLAGS (\Deleted)"]),
    ],
)
def test_a_mail_is_moved_as_the_server_can_and_nobody_elses_is_expunged(able: tuple[str, ...], asked: list[str]):
    says = Says()
    says.capabilities = able
    account = Account(host="x", port=1, tls="none", user="u", password="p", done_folder="Done", refused_folder="No")
    mailbox = a_mailbox(says, account)
    mailbox._validity = 7
    mailbox.mark(Waiting(key=(7, 4), size=1), taken=True)
    assert says.asked == [r"STORE 4 +FLAGS (\Seen)", *asked]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("INBOX", '"INBOX"'),
        ("已处理", '"&XfJZBHQG-"'),
        ("A & B", '"A &- B"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("日/本é", '"&ZeU-/&ZywA6Q-"'),
    ],
)
def test_folders_are_called_as_the_protocol_calls_them(name: str, written: str):
    assert _quoted(name) == written


def test_a_head_that_the_library_stumbles_over_has_no_envelope(monkeypatch: pytest.MonkeyPatch):
    def stumbles(_values: Any) -> Any:
        raise IndexError

    monkeypatch.setattr("services.intake.mail.delivered.getaddresses", stumbles)
    assert envelope_of(b"Delivered-To: x@y\r\n\r\n") == (UNKNOWN, ())


class Few:
    """A mailbox in memory."""

    def __init__(self, *sizes: int) -> None:
        self.mails = dict(enumerate(sizes, start=1))
        self.marked: dict[int, bool] = {}

    def waiting(self, most: int, not_now: Callable[[Key], bool]) -> list[Waiting]:
        left = [uid for uid in self.mails if uid not in self.marked and not not_now((1, uid))]
        return [Waiting(key=(1, uid), size=self.mails[uid]) for uid in left[:most]]

    def fetch(self, mail: Waiting) -> bytes | None:
        return b"x" * abs(mail.size) if mail.size else None

    def mark(self, mail: Waiting, *, taken: bool) -> None:
        self.marked[mail.key[1]] = taken

    def abort(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


class Room:
    """Takes mails as it is told."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)

    async def take(self, raw: bytes, **_about: Any) -> Reply:
        return self._replies.pop(0) if self._replies else AUTOMATIC


async def test_a_size_that_the_server_told_too_small_lets_nothing_in():
    mailbox = Few(-50, 5, 0)
    poller = Poller(Room(), mailbox, seconds=1, max_bytes=10)
    await poller.once()
    assert mailbox.marked == {1: False, 2: True}, "the third is gone and is nobody's"


async def test_while_nobody_can_be_known_nothing_is_marked_and_the_order_stays():
    mailbox = Few(1, 1)
    poller = Poller(Room(LATER, LATER), mailbox, seconds=1, max_bytes=10)
    assert [await poller.once() for _ in range(2)] == [False, False]
    assert mailbox.marked == {}
    await poller.once()
    assert mailbox.marked == {1: True, 2: True}


async def test_mails_that_a_server_names_and_does_not_have_keep_nobody_busy_and_let_others_through():
    mailbox = Few(*[0] * BATCH, 5)
    poller = Poller(Room(), mailbox, seconds=1, max_bytes=10)
    more = [await poller.once() for _ in range(5)]
    assert (more[-1], mailbox.marked) == (False, {BATCH + 1: True})


class Stumbles(Few):
    """A mailbox whose server cannot hand over its first mail."""

    def fetch(self, mail: Waiting) -> bytes | None:
        if mail.key[1] == 1:
            raise MailboxError("FETCH was answered with NO")
        return super().fetch(mail)


async def test_a_mail_that_a_server_stumbles_over_keeps_no_other_back_for_ever():
    mailbox = Stumbles(5, 5)
    poller = Poller(Room(), mailbox, seconds=1, max_bytes=10)
    for _ in range(4):
        await poller.once()
    assert mailbox.marked == {2: True}


class Hangs(Few):
    """A mailbox that says nothing until it is cut off."""

    def __init__(self) -> None:
        super().__init__(5)
        self.cut = threading.Event()

    def fetch(self, mail: Waiting) -> bytes | None:
        self.cut.wait(10)
        raise MailboxError("cut off")

    def abort(self) -> None:
        self.cut.set()


async def test_a_server_that_never_ends_its_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.intake.mail.polling.LONGEST_CALL", 0.02)
    mailbox = Hangs()
    poller = Poller(Room(), mailbox, seconds=1, max_bytes=10)
    assert await poller.once() is False
    assert mailbox.cut.is_set()
    assert mailbox.marked == {}


def test_a_keyword_that_a_server_says_it_keeps_and_does_not_is_no_mark():
    says = Says(store=("OK", [rb"2 (UID 4 FLAGS (\Seen))"]))
    mailbox = a_mailbox(says)
    mailbox._validity = 7
    with pytest.raises(MailboxError, match="keeps no keywords"):
        mailbox.mark(Waiting(key=(7, 4), size=1), taken=True)


@pytest.mark.parametrize(
    "kept", [[None], [rb"2 (FLAGS (\Seen backlinetaken) UID 4)"], [rb"1 (UID 3 FLAGS ())", rb"2 (UID 4 FLAGS (BacklineTaken))"]]
)
def test_a_keyword_that_is_kept_is_one(kept: list[Any]):
    mailbox = a_mailbox(Says(store=("OK", kept)))
    mailbox._validity = 7
    mailbox.mark(Waiting(key=(7, 4), size=1), taken=True)
