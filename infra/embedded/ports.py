"""Loopback ports for child programs, outside the range the kernel lends to outgoing connections.

Invariant: a port handed out is never handed out again by this process, nor by another of the same user while this one lives,
and a client that keeps dialling a program that is away can never be lent that program's own port (and so keep it from coming
back).
"""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

LOWEST = 15_000
KERNEL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_KERNEL_LOWEST = 32_768
ATTEMPTS = 500
_given: set[int] = set()


class PortError(Exception):
    """No port is free, or the one that is needed is taken."""


def free_port() -> int:
    """A loopback port nobody listens on at this moment, kept for this process until it ends. Raises PortError when none is found."""
    highest = _highest()
    for _ in range(ATTEMPTS):
        port = random.randint(LOWEST, highest)  # noqa: S311  # spreads, protects nothing
        if port not in _given and keep(port):
            return port
    raise PortError(f"No free port was found between {LOWEST} and {highest} on 127.0.0.1; end some programs that listen there.")


def keep(port: int) -> bool:
    """Keep `port` for this process until it ends; False where somebody listens on it or another process keeps it."""
    if port not in _given:
        try:
            fcntl.lockf(_kept(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except (BlockingIOError, PermissionError):
            return False
        _given.add(port)
    return is_free(port)


def is_free(port: int) -> bool:
    """Whether a program could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@cache
def _kept() -> int:
    """A file of this user's with a lockable byte for each port: the kernel lets go of a byte with the process that holds it."""
    file = Path(tempfile.gettempdir()) / f"backline-ports-{os.getuid()}"
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _highest() -> int:
    try:
        lowest_lent = int(KERNEL_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        lowest_lent = USUAL_KERNEL_LOWEST
    return lowest_lent - 1 if lowest_lent > LOWEST + ATTEMPTS else 65_535
