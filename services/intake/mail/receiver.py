"""An SMTP or LMTP server in front of the mail room (RFC 5321, RFC 2033). It relays nothing and writes to nobody.

Invariant: 250 follows the mail room's word alone; whatever else happens is 451, and the sending server keeps the mail.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, cast

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from services.intake.mail.handing import PATIENCE_SECONDS, Takes, handed_over
from services.intake.mail.replies import BUSY, LATER, UNKNOWN_MAILBOX, Reply
from services.intake.mail.securing import Secured

log = structlog.get_logger()
IDLE_SECONDS = 120
CONNECTIONS = 20
AT_ONCE = 4


class Receiver:
    """`open` binds, `serve` answers until cancelled, `close` drops whoever is still connected."""

    def __init__(
        self,
        room: Takes,
        *,
        host: str,
        port: int,
        protocol: str,
        max_bytes: int,
        mailboxes: frozenset[str] = frozenset(),
        secured: Secured | None = None,
    ) -> None:
        self._room = room
        self._secured = secured or Secured()
        self._host, self._port = host, port
        self._protocol = LMTP if protocol == "lmtp" else SMTP
        self._max_bytes = max_bytes
        self._mailboxes = mailboxes
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._sessions: set[_Guarded] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it is bound to."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server and self._server.sockets else self._port

    async def open(self) -> None:
        """Bind. Raises OSError when the port is taken."""
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the library logs addresses
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Guarded(self._session(), self._sessions), self._host, self._port, start_serving=False
        )

    async def serve(self) -> None:
        """Answer until cancelled."""
        assert self._server is not None, "open comes first"
        await self._server.start_serving()
        log.info("mail.receiving", port=self.port)
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Listen no more. A sender that is cut off hands its mail over again."""
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.abort()

    def _session(self) -> Any:
        return self._protocol(
            self,
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            hostname="backline.localdomain",
            ident="Backline",
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
            **self._secured.options(),
        )

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Called by aiosmtpd for the greeting."""
        session.host_name = hostname
        return self._secured.offered(responses)

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Called by aiosmtpd for each sender."""
        if lacking := self._secured.lacking(session):
            return lacking
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Called by aiosmtpd for each recipient."""
        if self._mailboxes and _mailbox(address) not in self._mailboxes:
            return UNKNOWN_MAILBOX.line(utf8=bool(envelope.smtp_utf8))
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Called by aiosmtpd for each mail. LMTP is answered once for each recipient."""
        reply = await self._taken(envelope.content, envelope.mail_from, list(envelope.rcpt_tos))
        line = reply.line(utf8=bool(envelope.smtp_utf8))
        return "\r\n".join([line] * len(envelope.rcpt_tos)) if self._protocol is LMTP else line

    async def handle_exception(self, error: Exception) -> str:
        """Called by aiosmtpd for whatever it meets itself."""
        log.warning("mail.session_failed", problem=type(error).__name__)
        return LATER.line()

    async def _taken(self, raw: bytes, envelope_sender: str | None, recipients: Sequence[str]) -> Reply:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            return LATER
        try:
            return await handed_over(self._room, raw, envelope_sender, recipients)
        finally:
            self._slots.release()


class _Guarded(asyncio.Protocol):
    """One connection: at most CONNECTIONS are served at once, the next is told to come again.

    Once a connection speaks TLS, its end is told to others; whoever comes next finds that it is over.
    """

    def __init__(self, session: Any, sessions: "set[_Guarded]") -> None:
        self._session = session
        self._sessions = sessions
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being a subclass
        self._sessions -= {session for session in self._sessions if session.over}
        if len(self._sessions) >= CONNECTIONS:
            self._transport.write(f"{BUSY.line()}\r\n".encode())
            self._transport.close()
            return
        self._sessions.add(self)
        self._session.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self in self._sessions:
            self._session.data_received(data)

    def eof_received(self) -> bool | None:
        return bool(self._session.eof_received()) if self in self._sessions else None

    def pause_writing(self) -> None:
        if self in self._sessions:
            self._session.pause_writing()

    def resume_writing(self) -> None:
        if self in self._sessions:
            self._session.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._sessions:
            self._sessions.discard(self)
            self._session.connection_lost(error)

    @property
    def over(self) -> bool:
        """Whether the connection has ended, whoever ended it."""
        return self._transport is None or self._transport.is_closing()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


def _mailbox(address: str) -> str:
    """An address without what stands behind the plus, in small letters."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
