"""The folder of one local stack: who supervises it, and the ports and the epoch that stay from one start to the next.

Invariant: one supervisor at a time. The kernel holds the lock for as long as that process lives, so a stale one cannot exist.
"""

import fcntl
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from infra.embedded.ports import free_port, keep
from infra.embedded.programs import ProgramError

LOCK = "stack.lock"
STATE = "stack.json"
FIXED = "mongod"
"""A replica set knows its members by their ports, so the database keeps its own for ever."""


class StackFolder:
    """Opened by whoever supervises; raises ProgramError when somebody else does, or when the database's port is taken."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._lock: IO[str] | None = None
        path.mkdir(parents=True, exist_ok=True)
        self.acquire()
        known = self._read()
        self.epoch: float = known.get("epoch", time.time())
        self.ports: dict[str, int] = {name: self._port(name, known.get("ports", {}).get(name)) for name in names}
        self.remember({})

    def acquire(self) -> None:
        """Become the supervisor, unless this object is it already."""
        if self._lock is not None:
            return
        lock = (self.path / LOCK).open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise ProgramError(
                f"A stack runs on {self.path} already (process {supervisor_of(self.path)}); "
                f"end it with `backline down --folder {self.path}`, or choose another folder."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        """Let somebody else supervise."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remember(self, pids: Mapping[str, int | None]) -> None:
        """Write the state file, whole or not at all."""
        state = {"ports": self.ports, "epoch": self.epoch, "supervisor": os.getpid(), "pids": dict(pids)}
        draft = self.path / f"{STATE}.draft"
        draft.write_text(json.dumps(state, indent=1), encoding="utf-8")
        draft.replace(self.path / STATE)

    def _read(self) -> dict[str, Any]:
        file = self.path / STATE
        if not file.exists():
            return {}
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return known

    def _port(self, name: str, known: int | None) -> int:
        if known is None:
            return free_port()
        if keep(known):
            return known
        if name == FIXED:
            raise ProgramError(
                f"Another program listens on 127.0.0.1:{known}, the port of the database in {self.path}; "
                "end that program, or choose another folder."
            )
        return free_port()


def supervisor_of(path: Path) -> int | None:
    """The process that supervises the stack in `path` at this moment, or None."""
    try:
        with (path / LOCK).open(encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
    except FileNotFoundError:
        return None
    return None
