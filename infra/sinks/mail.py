"""A real SMTP server that puts every mail into a Maildir: `python -m infra.sinks.mail --port 0 --maildir var/mail`.

Invariant: a mail is answered 250 only after it is in the Maildir under its final name.
"""

import argparse
import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

MAX_BYTES = 32 * 1024 * 1024


class Maildir:
    """Writes mails as files in new/, by rename, so that a reader never sees half of one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = itertools.count(1)
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    def add(self, content: bytes) -> Path:
        """The file that now holds `content`."""
        name = f"{time.time_ns()}.{os.getpid()}_{next(self._count)}.sink"
        draft = self._folder / "tmp" / name
        draft.write_bytes(content)
        return draft.rename(self._folder / "new" / name)


class MailSink:
    """The handler: takes everything, but refuses (550) or defers (451) recipients by the beginning of their local part."""

    def __init__(self, maildir: Maildir, *, refuse: Sequence[str] = (), defer: Sequence[str] = ()) -> None:
        self._maildir = maildir
        self._refuse = tuple(refuse)
        self._defer = tuple(defer)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Called by aiosmtpd for each recipient."""
        if address.startswith(self._refuse):
            return "550 5.1.1 The mailbox does not exist"
        if address.startswith(self._defer):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Called by aiosmtpd for each message; the envelope is kept in two headers."""
        trace = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n"
        self._maildir.add(trace.encode("ascii", "replace") + envelope.content)
        return "250 2.0.0 Message accepted"


async def start(handler: Any, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
    """Listen on `host`:`port` (0: any free one) with an aiosmtpd handler."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(handler, hostname="sink.localdomain", ident="Backline mail sink", data_size_limit=MAX_BYTES, loop=loop)

    return await loop.create_server(session, host, port)


def port_of(server: asyncio.Server) -> int:
    """The port the server really listens on."""
    return int(server.sockets[0].getsockname()[1])


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT; the first line of output is the address."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sink = MailSink(Maildir(Path(arguments.maildir)), refuse=arguments.refuse, defer=arguments.defer)
    server = await start(sink, arguments.host, arguments.port)
    print(f"smtp://{arguments.host}:{port_of(server)}", flush=True)
    await stop.wait()
    server.close()


def main(argv: Sequence[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="SMTP server into a Maildir")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--maildir", required=True)
    parser.add_argument("--refuse", action="append", default=["refuse-"], help="local parts beginning so are refused with 550")
    parser.add_argument("--defer", action="append", default=["defer-"], help="local parts beginning so are deferred with 451")
    asyncio.run(run(parser.parse_args(argv)))


if __name__ == "__main__":
    main(sys.argv[1:])
