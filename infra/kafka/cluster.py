"""One Kafka broker, or three: KRaft, each broker also a controller, on free ports, with all data and logs in one folder.

Three keep every record three times and take a write once two have it (min.insync.replicas 2), so that one may be killed.
"""

import asyncio
import base64
import uuid
from collections.abc import Sequence
from pathlib import Path

from infra import maven
from infra.embedded.programs import Program, ProgramError, free_port
from infra.topics import answers, create_topics

POM = Path(__file__).with_name("pom.xml")
JARS = Path("var/kafka/jars")
OLDEST_JAVA = 17
HEAP = "-Xmx384m"
COMMAND_SECONDS = 60
STOP_SECONDS = 20
ANSWER_SECONDS = 150.0
"""Three brokers that start at once on a busy machine take their time: a minute was too short twice."""


def lacking() -> str | None:
    """What this machine lacks to run Kafka, with the remedy; None when it can."""
    return maven.lacking(OLDEST_JAVA)


def fetch(jars: Path) -> None:
    """Bring the jars from Maven Central into `jars`, if they are not there. Raises ProgramError when they do not come."""
    maven.fetch(POM, jars, holding="kafka_*.jar")


class Cluster:
    """`brokers` of Kafka; `address` names them all. Start (with all topics), kill one, start it again, stop.

    `ports` holds a pair for each broker: where clients dial, and where the quorum does.
    """

    def __init__(
        self, folder: Path, brokers: int = 1, *, jars: Path = JARS, ports: Sequence[tuple[int, int]] | None = None
    ) -> None:
        self._folder = folder
        self._jars = jars
        self._ports = ports or [(free_port(), free_port()) for _ in range(brokers)]
        # A cluster id is 16 bytes in base64; one that began with a dash would be read as an option.
        self._identity = "B" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        self.programs = [self._program(place) for place in range(brokers)]

    @property
    def address(self) -> str:
        """host:port of every broker, with commas between."""
        return ",".join(f"127.0.0.1:{port}" for port, _ in self._ports)

    @property
    def remembers(self) -> bool:
        """Whether an earlier start left data in the folder."""
        return all(self._is_formatted(place) for place in range(len(self.programs)))

    async def start(self) -> None:
        """Fetch the jars if they are not there, format, start whoever does not run, wait until all answer, create every topic.

        Raises ProgramError for a broker that does not start and for jars that cannot be fetched.
        """
        if why := lacking():
            raise ProgramError(f"Kafka cannot run here: {why}.")
        await asyncio.to_thread(fetch, self._jars)
        for place in range(len(self.programs)):
            await asyncio.to_thread(self._format, place)
        for broker in self.programs:
            if broker.pid is None:
                broker.start()
        await asyncio.gather(*(self.until_answers(place) for place in range(len(self.programs))))
        await self.prepare()

    async def prepare(self) -> None:
        """Create every topic. Raises TopicError."""
        await create_topics(self.address, replication=len(self.programs))

    async def until_answers(self, place: int) -> None:
        """Wait until the broker at `place` (from 0) takes part. Raises ProgramError."""

        async def ready() -> bool:
            return await answers(f"127.0.0.1:{self._ports[place][0]}")

        await self.programs[place].wait_until(ready, ANSWER_SECONDS)

    async def stop(self) -> None:
        """End all brokers in order; their data stay in the folder."""
        await asyncio.gather(*(broker.stop(STOP_SECONDS) for broker in self.programs))

    def kill(self) -> None:
        """kill -9 of all brokers; what they acknowledged stays in the folder."""
        for broker in self.programs:
            broker.kill()

    def _program(self, place: int) -> Program:
        command = ["java", HEAP, "-cp", f"{self._jars.absolute()}/*", "kafka.Kafka", str(self._settings(place))]
        return Program(f"kafka-{place + 1}", command, log=self._folder / "log" / f"kafka-{place + 1}.log")

    def _settings(self, place: int) -> Path:
        return (self._folder / f"kafka-{place + 1}.properties").absolute()

    def _format(self, place: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._settings(place).write_text("".join(f"{key}={value}\n" for key, value in self._values(place).items()))
        if self._is_formatted(place):
            return
        tool = ["java", "-cp", f"{self._jars.absolute()}/*", "kafka.tools.StorageTool", "format"]
        maven.run([*tool, "-t", self._identity, "-c", str(self._settings(place)), *self._accounts()], COMMAND_SECONDS)

    def _accounts(self) -> list[str]:
        """What formatting is told of users; none, since nobody is asked who they are."""
        return []

    def _is_formatted(self, place: int) -> bool:
        return (self._folder / f"kafka-{place + 1}" / "meta.properties").exists()

    def _values(self, place: int) -> dict[str, object]:
        """The broker's settings, as in Kafka's documentation of broker configs."""
        port, controlling = self._ports[place]
        copies = len(self._ports)
        voters = ",".join(f"{number}@127.0.0.1:{controller}" for number, (_, controller) in enumerate(self._ports, start=1))
        return {
            "process.roles": "broker,controller",
            "node.id": place + 1,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controlling}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": (self._folder / f"kafka-{place + 1}").absolute(),
            "auto.create.topics.enable": "false",
            "min.insync.replicas": min(2, copies),
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": min(2, copies),
            "group.initial.rebalance.delay.ms": 0,
        }
