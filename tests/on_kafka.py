"""Apache Kafka beside the embedded broker, for tests; where it cannot run, every test run says so, loudly and once."""

from functools import cache
from pathlib import Path

from infra.brokers import AnyBroker, BrokerKind, broker_of, ports_of
from infra.embedded import ProgramError, free_port
from infra.kafka import fetch, lacking

JARS = Path(__file__).resolve().parents[1] / "var" / "kafka" / "jars"
UNTRIED = "NOTHING WAS TRIED ON APACHE KAFKA"


@cache
def hindrance() -> str | None:
    """Why Kafka cannot run here, or None; its jars are in JARS then."""
    if why := lacking():
        return why
    try:
        fetch(JARS)
    except ProgramError as error:
        return str(error)
    return None


def a_broker(kind: BrokerKind, folder: Path) -> AnyBroker:
    """One broker on free ports, not started."""
    return broker_of(kind, folder, [free_port() for _ in ports_of(kind, 1)])
