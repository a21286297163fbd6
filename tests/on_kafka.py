"""Apache Kafka beside the embedded broker, for tests; where it cannot run, every test run says so, loudly and once."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from infra.brokers import AnyBroker, BrokerKind, broker_of, ports_of
from infra.embedded import ProgramError, free_port
from infra.kafka import fetch, lacking

JARS = Path(__file__).resolve().parents[1] / "var" / "kafka" / "jars"
UNTRIED = "NOTHING WAS TRIED ON APACHE KAFKA"
HASTY = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A broker that lives for a minute is not worth the compiler and the collector of one that lives for months."""


_told: list[str | None] = []


def hindrance() -> str | None:
    """Why Kafka cannot run here, or None; its jars are in JARS then."""
    return _told[0] if _told else _found()


def tell(why: str | None) -> None:
    """Say what another process found, so that this one need not look."""
    _told[:] = [why]


@cache
def _found() -> str | None:
    if why := lacking():
        return why
    try:
        fetch(JARS)
    except ProgramError as error:
        return str(error)
    return None


def start_hastily() -> None:
    """Have whatever this process runs on Java start in less time, and be slower for good."""
    os.environ.setdefault("JAVA_TOOL_OPTIONS", HASTY)


def a_broker(kind: BrokerKind, folder: Path) -> AnyBroker:
    """One broker on free ports, not started."""
    return broker_of(kind, folder, [free_port() for _ in ports_of(kind, 1)])


class Brokers:
    """One broker of each kind, started when it is first asked for."""

    def __init__(self, a_folder: Callable[[str], Path]) -> None:
        self._a_folder = a_folder
        self._running: dict[BrokerKind, AnyBroker] = {}

    async def address(self, kind: BrokerKind) -> str:
        """Where the broker of that kind is reached. Raises ProgramError and TopicError when it does not start."""
        if kind not in self._running:
            broker = a_broker(kind, self._a_folder(f"{kind}-broker"))
            await broker.start()
            self._running[kind] = broker
        return self._running[kind].address

    async def stop(self) -> None:
        """End those that run."""
        for broker in self._running.values():
            await broker.stop()
