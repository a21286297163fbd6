"""What a broker is to whoever runs one, and which there are: the embedded one, and Apache Kafka."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from infra.embedded.broker import Broker
from infra.embedded.programs import Program
from infra.kafka.cluster import Cluster

BrokerKind = Literal["embedded", "kafka"]


class AnyBroker(Protocol):
    """One broker process or several that are one broker to their clients; it may be started again after any end."""

    @property
    def address(self) -> str:
        """host:port, or several with commas between."""
        ...

    @property
    def programs(self) -> Sequence[Program]:
        """Its processes."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether what was written before is still there after the next start; asked while it does not run."""
        ...

    async def start(self) -> None:
        """Start with all topics, and wait until it answers. Raises ProgramError and TopicError."""
        ...

    async def stop(self) -> None:
        """End in order."""
        ...

    def kill(self) -> None:
        """kill -9 of all its processes."""
        ...


def ports_of(kind: BrokerKind, brokers: int) -> list[str]:
    """The names of the ports it needs; a Kafka broker has one for clients and one for the quorum."""
    if kind == "embedded":
        return ["broker"]
    return [f"kafka-{place}{use}" for place in range(1, brokers + 1) for use in ("", "-quorum")]


def broker_of(kind: BrokerKind, folder: Path, ports: Sequence[int]) -> AnyBroker:
    """A broker with its data and logs in `folder`, on `ports`, in the order of `ports_of`."""
    if kind == "embedded":
        return Broker(folder, ports[0])
    pairs = list(zip(ports[::2], ports[1::2], strict=True))
    return Cluster(folder, len(pairs), ports=pairs)
