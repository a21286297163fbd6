"""Sends mails over kept SMTP connections, one transaction at a time on each.

Invariant: the point of no return is passed right before DATA; a connection that saw a timeout or an error is never used again.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import aiosmtplib

from services.notify.channels.mail import checked_address, crlf
from services.notify.channels.places import NoTurn, Place, Places
from shared.ledger.effects import Done, Doubt, Ending, PointOfNoReturn, Retry, Terminal

_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_YES, _GO_ON, _NO = range(200, 300), range(300, 400), range(400, 600)
"""Answers by their first digit, which alone decides (RFC 5321, 4.2.1)."""
_LEAVES = 421
"""The server is about to leave (RFC 5321, 3.8), or lets no more connections in."""
_LOST = (ConnectionError, TimeoutError)
GREETED_SECONDS = 0.5
"""How long whoever is turned away waits to see whether others are let in."""
Monotonic = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """Where mails are handed in. Times in seconds; `connections` is the most that are open at once, fewer if it lets no more in."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: str | None = None
    hostname: str = "backline.localdomain"
    timeout: float = 20.0
    connections: int = 32
    idle: float = 20.0
    per_connection: int = 100


class Refused(Exception):  # noqa: N818  # it names the server's answer, and is turned into an ending
    """The server answered a step with a refusal. `problem` carries its codes, never its words: these can hold addresses."""

    def __init__(self, step: str, code: int, words: str) -> None:
        enhanced = _ENHANCED.search(words)
        super().__init__(f"The mail server refused the {step} with {code}{f' {enhanced.group()}' if enhanced else ''}.")
        self.code = code

    @property
    def ending(self) -> Ending:
        """Terminal for 5yz, Retry for 4yz (RFC 5321, 4.2.1)."""
        return Terminal(problem=str(self)) if self.code >= 500 else Retry(problem=str(self))


class Connection:
    """One kept connection."""

    def __init__(self, server: SmtpServer, client: aiosmtplib.SMTP, now: float) -> None:
        self._server = server
        self._client = client
        self.used = now
        self.sent = 0
        self.fresh = True

    @classmethod
    async def open(cls, server: SmtpServer, now: float) -> "Connection":
        """Connect, greet, secure and log in. Raises what aiosmtplib raises."""
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.username,
            password=server.password,
            local_hostname=server.hostname,
            timeout=server.timeout,
        )
        try:
            await client.connect()
            await _greet(client)
        except BaseException:
            client.close()
            raise
        return cls(server, client, now)

    def usable(self, now: float) -> bool:
        """Whether the connection may carry another mail."""
        return self._client.is_connected and self.sent < self._server.per_connection and now - self.used < self._server.idle

    async def envelope(self, sender: str, recipient: str) -> None:
        """MAIL FROM and RCPT TO, of checked addresses. Raises Refused, or what a lost connection raises."""
        await self._ask("sender", f"MAIL FROM:<{sender}>\r\n".encode("ascii"), _YES)
        await self._ask("recipient", f"RCPT TO:<{recipient}>\r\n".encode("ascii"), _YES)

    async def data(self, message: bytes) -> None:
        """DATA and the final dot. Raises Refused when the server said no, anything else when it may have said yes."""
        await self._ask("message", b"DATA\r\n", _GO_ON)
        await self._ask("message", framed(message), _YES)
        self.sent += 1

    async def _ask(self, step: str, said: bytes, wanted: range) -> None:
        """Say `said` and wait for the answer to it. Raises Refused for a no, and for what is no answer to it SMTPResponseException.

        (Not by the client's own calls, which take a quarter of a mail's time: they parse addresses as headers, look for line ends and
        dots by regular expressions, and wait by asyncio.wait_for. What they guard against, `checked_address` and `framed` do; a
        connection carries one transaction at a time.)
        """
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("The connection was lost.")
        async with asyncio.timeout(self._server.timeout):
            protocol.write(said)
            answer = await protocol.read_response()
        if answer.code in _NO:
            raise Refused(step, answer.code, answer.message)
        if answer.code not in wanted:
            raise aiosmtplib.SMTPResponseException(answer.code, f"The mail server answered the {step} with {answer.code}.")

    async def reset(self) -> None:
        """End a transaction that was refused, so that the connection can be kept."""
        await self._client.rset()

    def close(self) -> None:
        """Drop the connection without a word: after a fault no answer can be trusted to be the right one."""
        self._client.close()

    async def quit(self) -> None:
        """Say goodbye."""
        try:
            await self._client.quit(timeout=1)
        except (aiosmtplib.SMTPException, OSError):
            self.close()


class Mailer:
    """Hands mails to one server. `send` may be called by any number of tasks."""

    def __init__(self, server: SmtpServer, *, monotonic: Monotonic = time.monotonic) -> None:
        self._server = server
        self._monotonic = monotonic
        self._kept: list[Connection] = []
        self._places = Places(server.connections)

    async def send(self, message: bytes, *, sender: str, recipient: str, point_of_no_return: PointOfNoReturn) -> Ending:
        """One mail to one recipient. Raises only LeaseLost and UnsafeHeaderError."""
        for address in (sender, recipient):
            checked_address(address)
        try:
            while True:
                async with self._places.one() as place:
                    try:
                        connection = await self._with_envelope(place, sender, recipient)
                    except Refused as refused:
                        return refused.ending
                    except (aiosmtplib.SMTPException, OSError) as error:
                        place.left_out = _lets_no_more_in(error) and await self._lets_others_in()
                        if place.left_out:
                            continue
                        problem = f"The mail server was lost before it was given the message ({type(error).__name__})."
                        return Retry(problem=problem)
                    return await self._through(connection, message, point_of_no_return)
        except NoTurn:
            return Retry(problem="Other mails had the connections for all that time.", counted=False)

    async def close(self) -> None:
        """Say goodbye on every kept connection."""
        kept, self._kept = self._kept, []
        await asyncio.gather(*(connection.quit() for connection in kept))

    async def _through(self, connection: Connection, message: bytes, point_of_no_return: PointOfNoReturn) -> Ending:
        """The step that cannot be taken back. The connection is kept only if the server said yes."""
        ending: Ending | None = None
        try:
            await point_of_no_return()
            ending = await _hand_over(connection, message)
        finally:
            if isinstance(ending, Done) and connection.usable(connection.used):
                self._keep(connection)
            else:
                connection.close()
        return ending

    async def _lets_others_in(self) -> bool:
        """Whether the server has others of ours, who may just be greeted."""
        if not self._kept and not self._places.connected:
            await asyncio.sleep(GREETED_SECONDS)
        return bool(self._kept or self._places.connected)

    async def _with_envelope(self, place: Place, sender: str, recipient: str) -> Connection:
        """A kept connection that the server dropped meanwhile is replaced by a fresh one: nothing was handed over yet."""
        while True:
            connection = await self._take()
            place.connected = True
            try:
                await connection.envelope(sender, recipient)
            except Refused as refused:
                await self._keep_after_refusal(connection, refused)
                raise
            except _LOST:
                connection.close()
                if connection.fresh:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return connection

    async def _take(self) -> Connection:
        now = self._monotonic()
        while self._kept:
            connection = self._kept.pop()
            if connection.usable(now):
                return connection
            connection.close()
        return await Connection.open(self._server, now)

    def _keep(self, connection: Connection) -> None:
        connection.used, connection.fresh = self._monotonic(), False
        self._kept.append(connection)

    async def _keep_after_refusal(self, connection: Connection, refused: Refused) -> None:
        """A server that is about to leave is left; any other goes on after RSET."""
        clean = False
        try:
            if refused.code != _LEAVES:
                await connection.reset()
                clean = True
        except (aiosmtplib.SMTPException, OSError):
            return
        finally:
            if clean:
                self._keep(connection)
            else:
                connection.close()


def framed(message: bytes) -> bytes:
    """`message` as it follows DATA: its lines ended by CRLF, a dot before each that begins with one, a dot alone at the end.

    Whatever `message` holds, nothing in it can be taken for its end (RFC 5321, 2.3.8 and 4.5.2).
    """
    stuffed = crlf(message).replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


def _lets_no_more_in(error: Exception) -> bool:
    return isinstance(error, aiosmtplib.SMTPConnectResponseError) and error.code == _LEAVES


async def _greet(client: aiosmtplib.SMTP) -> None:
    """EHLO, or HELO to a server that knows no other (RFC 5321, 3.2)."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


async def _hand_over(connection: Connection, message: bytes) -> Ending:
    """DATA. Whatever is neither a yes nor a no of the server is a doubt."""
    try:
        await connection.data(message)
    except Refused as refused:
        return refused.ending
    except (aiosmtplib.SMTPException, OSError) as error:
        return Doubt(problem=f"The mail server was lost while it took the message ({type(error).__name__}); it may have it.")
    return Done()
