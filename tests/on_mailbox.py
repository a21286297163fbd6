"""A real mailbox for tests, on GreenMail; where that cannot run, every test run says so, loudly and once."""

import asyncio
import imaplib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from infra.embedded import ProgramError
from infra.mailbox import MailServer, fetch, lacking
from services.intake.mail.mailbox import Account, Key, Mailbox, MailboxError, Waiting

JARS = Path(__file__).resolve().parents[1] / "var" / "mailbox" / "jars"
UNTRIED = "NOTHING WAS TRIED ON A REAL MAILBOX"
PASSWORD = "only-for-tests"


@cache
def hindrance() -> str | None:
    """Why it cannot run here, or None; its jar is in JARS then."""
    if why := lacking():
        return why
    try:
        fetch(JARS)
    except ProgramError as error:
        return str(error)
    return None


def a_server(folder: Path, *users: str) -> MailServer:
    """One on free ports, not started; the test is skipped where it cannot run."""
    if why := hindrance():
        pytest.skip(f"{UNTRIED}: {why}")
    return MailServer(folder, dict.fromkeys(users, PASSWORD), jars=JARS)


def an_account(server: MailServer, user: str, **more: str) -> Account:
    """What Backline is told of the mailbox of `user`."""
    return Account(host="127.0.0.1", port=server.ports["imap"], tls="none", user=user, password=PASSWORD, **more)  # type: ignore[arg-type]


class Postman:
    """Whoever else is in the mailbox: delivers mails, and looks what became of them. Each call blocks."""

    def __init__(self, server: MailServer, user: str) -> None:
        self._client = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=20)
        self._client.login(user, PASSWORD)

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Put `mails` there, in this order."""
        for mail in mails:
            kind, said = self._client.append(folder, "", "", mail)
            assert kind == "OK", said

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """The flags of each mail there, the oldest first."""
        kind, (held,) = self._client.select(folder)
        assert kind == "OK", held
        found: list[set[str]] = []
        for number in range(1, int(held or b"0") + 1):
            _, lines = self._client.fetch(str(number), "(FLAGS)")  # what others change meanwhile is told along with it
            told = [one for one in lines if isinstance(one, bytes) and one.startswith(b"%d " % number)][
                -1:
            ]  # none of one that left
            found += [{flag.decode() for flag in _flags(line)} - {"\\Recent"} for line in told]
        return found

    def leave(self) -> None:
        """Log out."""
        self._client.logout()


def _flags(line: bytes) -> list[bytes]:
    return line.partition(b"FLAGS (")[2].partition(b")")[0].split()


async def flags_of(postman: Postman, folder: str = "INBOX") -> list[set[str]]:
    """As `Postman.flags`, beside other work."""
    return await asyncio.to_thread(postman.flags, folder)


def keywords(flags: Sequence[set[str]]) -> list[list[str]]:
    """Of each mail those that Backline set."""
    return [sorted(flag for flag in one if flag.startswith("Backline")) for one in flags]


class Watched:
    """A mailbox that writes down what it was asked to fetch, and may end before it marks."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.fetched: list[int] = []
        self.marks = True

    def waiting(self, most: int, not_now: Callable[[Key], bool]) -> list[Waiting]:
        return self._mailbox.waiting(most, not_now)

    def fetch(self, mail: Waiting) -> bytes | None:
        self.fetched.append(mail.key[1])
        return self._mailbox.fetch(mail)

    def mark(self, mail: Waiting, *, taken: bool) -> None:
        if not self.marks:
            raise MailboxError("it ended before the mark")
        self._mailbox.mark(mail, taken=taken)

    def abort(self) -> None:
        self._mailbox.abort()

    def close(self) -> None:
        self._mailbox.close()
