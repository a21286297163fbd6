"""A connection to an IMAP server whose answers have an end: the library reads whatever a server says that it will send.

Invariant: of one command no more than `room` bytes are read, and of a literal none before it is known to fit.
"""

import imaplib
import ssl
from collections.abc import Callable
from typing import Any, Literal

TIMEOUT_SECONDS = 30.0
CONNECT_SECONDS = 10.0
"""Shorter: until the connection is open nothing can cut it off, and a service that ends waits for it."""
ROOM = 4 * 1024 * 1024
"""For every answer that is no mail: the UIDs of a search, sizes, and what a server tells without being asked."""
Tls = Literal["implicit", "starttls", "none"]


class Client(imaplib.IMAP4):
    """The library's client, which reads `room` bytes and no more."""

    room = ROOM

    def __init__(self, *args: Any, hold: Callable[["Client"], None], **kwargs: Any) -> None:
        self._hold = hold
        super().__init__(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Open the connection, and show it to whoever may cut it, before the server has said a word."""
        super().open(*args, **kwargs)
        self._hold(self)

    def read(self, size: int) -> bytes:
        """A literal of `size` bytes. Raises what ends the connection when it is larger than was to be expected."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """A line, as `read`."""
        line = super().readline()
        self._spend(len(line))
        return line

    def _spend(self, size: int) -> None:
        self.room -= size
        if self.room < 0:
            raise self.abort("the server sends more than it was asked for")


class TlsClient(Client, imaplib.IMAP4_SSL):
    """The same over TLS from the first byte on."""


def connected(host: str, port: int, *, tls: Tls, ca_file: str | None, hold: Callable[[Client], None]) -> Client:
    """A connection that nobody has logged in on. `hold` is given it as soon as it is open: a server may take for ever to greet."""
    context = ssl.create_default_context(cafile=ca_file)
    if tls == "implicit":
        client: Client = TlsClient(host, port, ssl_context=context, timeout=CONNECT_SECONDS, hold=hold)
    else:
        client = Client(host, port, timeout=CONNECT_SECONDS, hold=hold)
        try:
            if tls == "starttls":
                client.starttls(ssl_context=context)
        except BaseException:
            client.shutdown()
            raise
    client.sock.settimeout(TIMEOUT_SECONDS)
    return client
