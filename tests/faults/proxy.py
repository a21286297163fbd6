"""A TCP proxy before one member of the database's replica set: it passes everything on, late if told so, or not at all."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import psutil

from infra.embedded import free_port

CHUNK = 65_536
Refuses = Callable[[int], bool]
"""Whether a connection from that port is cut."""


def nobody(_port: int) -> bool:
    """Cut no connection."""
    return False


def in_time(_port: int) -> float:
    """Nothing is late."""
    return 0.0


class Proxy:
    """`port` is where to dial. `late` says how many seconds pass before what a client on that port says goes on, `delayed` how often it did."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.late: Callable[[int], float] = in_time
        self.refuses: Refuses = nobody
        self.delayed = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, int] = {}

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Listen no longer, and cut everything."""
        if self._server is not None:
            self._server.close()
        self.cut(lambda _port: True)

    def cut(self, refuses: Refuses) -> None:
        """From now on cut the connections that `refuses` names, and let none of them through again."""
        self.refuses = refuses
        for writer, port in list(self._open.items()):
            if refuses(port):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("peername")[1]
        if self.refuses(port):
            writer.close()
            return
        try:
            onward, answers = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._open[writer] = port
        try:
            await asyncio.gather(self._pass(reader, answers, lambda: self.late(port)), self._pass(onward, writer, lambda: 0.0))
        finally:
            self._open.pop(writer, None)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: Callable[[], float]) -> None:
        """Pass on what comes; what was under way when the source ended still arrives, which is the point of being late."""
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if (wait := seconds()) > 0:
                    self.delayed += 1
                    await asyncio.sleep(wait)
                sink.write(data)
                await sink.drain()
        sink.close()


def ports_of(pid: int) -> set[int]:
    """The local ports of a process's connections."""
    with suppress(psutil.Error):
        return {connection.laddr.port for connection in psutil.Process(pid).net_connections("tcp")}
    return set()
