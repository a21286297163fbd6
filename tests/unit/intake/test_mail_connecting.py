"""An IMAP server that sends more than it was asked for is read no further."""

import socketserver
import threading
import time
from collections.abc import Iterable
from itertools import repeat
from typing import ClassVar

import pytest

from services.intake.mail.mailbox import Account, Mailbox, MailboxError


class Liar(socketserver.BaseRequestHandler):
    """An IMAP server with one mail, which it tells as it is told to."""

    fetched: ClassVar[Iterable[bytes]] = ()
    told: ClassVar[dict[bytes, bytes]] = {
        b"CAPABILITY": b"* CAPABILITY IMAP4REV1\r\n",
        b"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [PERMANENTFLAGS (\\*)] x\r\n",
        b"SEARCH": b"* SEARCH 4\r\n",
    }

    def handle(self) -> None:
        self.request.sendall(b"* OK here\r\n")
        for line in self.request.makefile("rb"):
            tag, _, command = line.partition(b" ")
            word = next((word for word in (*self.told, b"(UID", b"BODY") if word in command), b"")
            size = b"* 1 FETCH (UID 4 RFC822.SIZE 3)\r\n" if word == b"(UID" else self.told.get(word, b"")
            try:
                for part in self.fetched if word == b"BODY" else [size]:
                    self.request.sendall(part)
                self.request.sendall(tag + b" OK done\r\n")
            except OSError:
                return


@pytest.mark.parametrize(
    ("fetched", "whole"),
    [
        ([b"* 1 FETCH (BODY[] {3}\r\n", b"x\0y UID 4)\r\n"], True),
        ([b"* 1 FETCH (BODY[] {999999999999999999999999}\r\n"], False),
        ([b"* 1 FETCH (BODY[] {9999999}\r\n"], False),
        (repeat(b"* 1 FETCH (FLAGS ())\r\n" * 1000), False),
        (repeat(b"x" * 10_000), False),
    ],
    ids=["honest", "a literal beyond all numbers", "a literal beyond the limit", "lines without end", "a line without end"],
)
def test_no_more_is_read_than_was_to_be_expected(monkeypatch: pytest.MonkeyPatch, fetched: Iterable[bytes], whole: bool):
    monkeypatch.setattr(Liar, "fetched", fetched)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Liar) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        account = Account(host="127.0.0.1", port=server.server_address[1], tls="none", user="u", password="p")
        mailbox = Mailbox(account, max_bytes=1000)
        (mail,) = mailbox.waiting(5, lambda _key: False)
        if whole:
            assert mailbox.fetch(mail) == b"x\0y"
        else:
            with pytest.raises(MailboxError):
                mailbox.fetch(mail)
        mailbox.close()
        server.shutdown()


class Trickle(socketserver.BaseRequestHandler):
    """A server whose greeting never ends, although each byte of it comes in time."""

    came: ClassVar[threading.Event]

    def handle(self) -> None:
        try:
            while True:
                self.request.sendall(b"*")
                self.came.set()
                time.sleep(0.02)
        except OSError:
            return  # the caller has gone


def test_a_server_that_never_ends_its_greeting_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Trickle, "came", threading.Event(), raising=False)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Trickle) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        account = Account(host="127.0.0.1", port=server.server_address[1], tls="none", user="u", password="p")
        mailbox = Mailbox(account, max_bytes=1000)
        told: list[str] = []

        def ask() -> None:
            try:
                mailbox.waiting(5, lambda _key: False)
            except MailboxError as error:
                told.append(str(error))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        assert Trickle.came.wait(20)
        asking.join(0.5)
        assert asking.is_alive(), "nobody cut it off yet"
        mailbox.abort()
        asking.join(20)
        assert told
        server.shutdown()
