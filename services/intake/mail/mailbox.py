"""A mailbox over IMAP (RFC 9051, and RFC 3501 before it): which mails wait there, their bytes, and the mark of those that were dealt with.

Invariant: a mail is never deleted, and marked only when it is told to be. Every call blocks, while the server goes on answering for
as long as it does, and belongs into a thread; only `abort` may come from another.
"""

import base64
import imaplib
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from services.intake.mail.connecting import ROOM, Client, Tls, connected
from shared.catalogue.attachments import MAX_BYTES

WINDOW = 2_000
"""So many mails are looked through by one search: the answer stays short however large the mailbox is."""
TAKEN, REFUSED = "BacklineTaken", "BacklineRefused"
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
UID = re.compile(rb"UID (\d+)")
FAULTS = (OSError, imaplib.IMAP4.error, ValueError, LookupError, TypeError, AttributeError)
"""What the library meets a server with that says what it should not, or nothing."""
KEEPS_NONE = "the mailbox keeps no keywords; name folders for what was taken and what was refused"
Key = tuple[int, int]
"""UIDVALIDITY and UID: together they name a mail of a folder for ever (RFC 9051, 2.3.1.1)."""


class MailboxError(Exception):
    """The mailbox could not be asked, or said no; the message holds no address and no word of a mail."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the mailbox is, whose, and where its mails go: to other folders, or they stay and get a keyword."""

    host: str
    port: int
    tls: Tls
    user: str
    password: str = field(repr=False)
    ca_file: str | None = None
    folder: str = "INBOX"
    done_folder: str | None = None
    refused_folder: str | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One mail that waits: its name, and how large the server says it is, in bytes; 0 where it does not say."""

    key: Key
    size: int


class Mailbox:
    """One connection, made when it is needed; whatever goes wrong ends it, and the next call makes another.

    `_client` is one that somebody is logged in on, `_latest` the last that was opened, whatever became of it: what `abort` cuts.
    A mail may be twice `max_bytes` and is still read whole: some servers only estimate what they say of sizes.
    """

    def __init__(self, account: Account, *, max_bytes: int = MAX_BYTES) -> None:
        self._account = account
        self._largest = 2 * max_bytes
        self._client: Client | None = None
        self._latest: Client | None = None
        self._validity = 0

    def waiting(self, most: int, not_now: Callable[[Key], bool]) -> list[Waiting]:
        """At most `most` mails that nobody has dealt with, the oldest first, without those that are `not_now`. Raises MailboxError."""
        with _Told(self):
            client = self._open()
            client.room = ROOM
            held = self._select(client)
            found: list[int] = []
            for first in range(1, held + 1, WINDOW):
                uids = self._searched(client, first, min(first + WINDOW - 1, held))
                found += [uid for uid in uids if not not_now((self._validity, uid))]
                if len(found) >= most:
                    break
            return self._sizes(client, found[:most]) if found else []

    def fetch(self, mail: Waiting) -> bytes | None:
        """The bytes of `mail`, which stays unread; None when it is there no more. Raises MailboxError."""
        with _Told(self):
            client = self._known(mail)
            client.room = ROOM + self._largest
            parts = _said(client.uid("FETCH", str(mail.key[1]), "(BODY.PEEK[])"), "FETCH")
            return next((part[1] for part in parts if isinstance(part, tuple)), None)

    def mark(self, mail: Waiting, *, taken: bool) -> None:
        """Write down that `mail` was taken, or refused: it waits no more. Raises MailboxError, and then it may wait still."""
        with _Told(self):
            client, uid = self._known(mail), str(mail.key[1])
            client.room = ROOM
            account = self._account
            seen = r"\Seen" if taken else r"\Flagged"
            folder = account.done_folder if taken else account.refused_folder
            if folder is None:
                word = TAKEN if taken else REFUSED
                if any(
                    _lacks(word, uid, part) for part in _said(client.uid("STORE", uid, "+FLAGS", f"({seen} {word})"), "STORE")
                ):
                    raise MailboxError(KEEPS_NONE)  # it would be found again at once, and for ever
            else:
                _said(client.uid("STORE", uid, "+FLAGS", f"({seen})"), "STORE")
                self._move(client, uid, folder)

    def abort(self) -> None:
        """Cut the connection; whoever waits for it in a thread is told at once."""
        client = self._latest
        if client is not None and isinstance(client.sock, socket.socket):
            try:
                client.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is cut already

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.logout()
            except (OSError, imaplib.IMAP4.error):
                client.shutdown()

    def lost(self) -> None:
        """Forget the connection without a word."""
        client, self._client = self._client, None
        if client is not None:
            client.shutdown()

    def _open(self) -> Client:
        if self._client is None:
            account = self._account
            self._client = connected(account.host, account.port, tls=account.tls, ca_file=account.ca_file, hold=self._hold)
            self._logged_in(self._client)
        return self._client

    def _hold(self, client: Client) -> None:
        self._latest = client

    def _logged_in(self, client: Client) -> None:
        account = self._account
        try:
            client.login(account.user, account.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise MailboxError("the login was refused") from error
        client.capability()  # what a server offers may grow with the login
        if "ID" in client.capabilities:
            client.xatom("ID", '("name" "Backline")')  # some providers let nobody in who does not say this (RFC 2971)
        for folder in (account.done_folder, account.refused_folder):
            if folder is not None:
                client.create(_quoted(folder))  # NO when it is there; a move that finds none says so

    def _select(self, client: Client) -> int:
        """How many mails the folder holds."""
        (held,) = _said(client.select(_quoted(self._account.folder)), "SELECT")[:1]
        self._validity = int(_number(client.response("UIDVALIDITY")[1]))
        flags = b" ".join(part for part in client.response("PERMANENTFLAGS")[1] or () if isinstance(part, bytes))
        keeps = rb"\*" in flags or (TAKEN.encode() in flags and REFUSED.encode() in flags)
        if self._account.done_folder is None and not keeps:
            raise MailboxError(KEEPS_NONE)
        return int(held)

    def _searched(self, client: Client, first: int, last: int) -> list[int]:
        wanted = ["UNDELETED", "UNKEYWORD", TAKEN, "UNKEYWORD", REFUSED]
        (found,) = _said(client.uid("SEARCH", f"{first}:{last}", *wanted), "SEARCH")[:1]
        return sorted(int(uid) for uid in (found or b"").split())

    def _sizes(self, client: Client, uids: list[int]) -> list[Waiting]:
        named = ",".join(map(str, uids))
        sizes: dict[int, int] = {}
        for part in _said(client.uid("FETCH", named, "(UID RFC822.SIZE)"), "FETCH"):
            line = part if isinstance(part, bytes) else b""
            if (uid := UID.search(line)) and (size := SIZE.search(line)):
                sizes[int(uid[1])] = int(size[1])
        return [Waiting(key=(self._validity, uid), size=sizes.get(uid, 0)) for uid in uids]

    def _known(self, mail: Waiting) -> Client:
        """The connection on which `mail` is called so."""
        if self._client is None or mail.key[0] != self._validity:
            raise MailboxError("the connection on which the mail was found is gone")
        return self._client

    def _move(self, client: Client, uid: str, folder: str) -> None:
        """Without MOVE (RFC 6851) the mail is copied, and what is left marked as deleted; only UIDPLUS can expunge it alone."""
        if "MOVE" in client.capabilities:
            _said(client.uid("MOVE", uid, _quoted(folder)), "MOVE")
            return
        _said(client.uid("COPY", uid, _quoted(folder)), "COPY")
        _said(client.uid("STORE", uid, "+FLAGS", r"(\Deleted)"), "STORE")
        if "UIDPLUS" in client.capabilities:
            _said(client.uid("EXPUNGE", uid), "EXPUNGE")


class _Told:
    """Turns what the library raises into a MailboxError, and ends the connection with it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        if error is None:
            return
        self._mailbox.lost()
        if isinstance(error, FAULTS):
            raise MailboxError(f"{type(error).__name__}") from error


def _said(answer: tuple[str, list[Any]], command: str) -> list[Any]:
    """What the server answered. Raises MailboxError for NO and BAD."""
    kind, parts = answer
    if kind != "OK":
        raise MailboxError(f"{command} was answered with {kind}")
    return parts


def _lacks(keyword: str, uid: str, part: object) -> bool:
    """Whether `part` says the flags of the mail `uid`, and `keyword` is none of them."""
    line = part if isinstance(part, bytes) else b""
    named = UID.search(line)
    return named is not None and named[1] == uid.encode() and b"FLAGS (" in line and keyword.encode().lower() not in line.lower()


def _number(parts: list[Any]) -> bytes:
    return next((part for part in parts or () if isinstance(part, bytes)), b"0")


def _quoted(folder: str) -> str:
    """A folder's name as IMAP writes it: modified UTF-7 (RFC 3501, 5.1.3) in quotes."""
    quoted = "".join(_seven_bits(folder)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _seven_bits(name: str) -> Iterator[str]:
    for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name):
        if run.isascii() and run.isprintable():
            yield run.replace("&", "&-")
        else:
            yield "&" + base64.b64encode(run.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
