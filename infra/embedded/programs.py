"""Child programs that never outlive their parent, log into files, and are ended by their own process id."""

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 30.0
START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1


class ProgramError(Exception):
    """A program did not start or ended by itself; the message holds the end of its log."""


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """One child process with its log file."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._command = list(command)
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the program; it is killed with its parent."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # one system call, no locks
            )

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], seconds: float = START_SECONDS) -> None:
        """Wait until `ready`; raises ProgramError when the program ends or time runs out first."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await ready():
            if self.pid is None:
                raise ProgramError(f"{self.name} ended while starting. Its log ends: {self.tail()}")
            if asyncio.get_running_loop().time() > deadline:
                raise ProgramError(f"{self.name} was not ready after {seconds:.0f} s. Its log ends: {self.tail()}")
            await asyncio.sleep(0.1)

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to end, wait, and kill it if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._process.wait, seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9, and wait for the end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def tail(self, size: int = 1500) -> str:
        """The end of the log."""
        return self._log.read_bytes()[-size:].decode(errors="replace") if self._log.exists() else ""


def _die_with_parent() -> None:
    os.setpgrp()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
