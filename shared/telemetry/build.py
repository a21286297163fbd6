"""What this process is made of: its release, and whether Kafka's checksums are computed by compiled code."""

import inspect
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from shared.telemetry import metrics

Checksums = Literal["compiled", "python"]


class SlowChecksumsError(Exception):
    """The Kafka client would compute checksums in Python, which costs more than everything else it does."""


@cache
def release() -> str:
    """The installed version, or "source" when the project runs from its folder."""
    try:
        return version("backline")
    except PackageNotFoundError:
        return "source"


@cache
def checksums() -> Checksums:
    """How the installed Kafka client computes CRC-32C; it falls back to Python in silence, so it has to be asked."""
    return "python" if inspect.isfunction(import_module("aiokafka.record.util").calc_crc32c) else "compiled"


def ensure_fast(environment: str) -> None:
    """Raise SlowChecksumsError when checksums are computed in Python outside development."""
    if environment != "development" and checksums() == "python":
        raise SlowChecksumsError(
            "aiokafka computes CRC-32C in Python; install its compiled wheel and leave AIOKAFKA_NO_EXTENSIONS unset, "
            "or set BACKLINE_ENVIRONMENT=development."
        )


def announce(service: str) -> None:
    """Export backline_build_info of `service`."""
    metrics.BUILD.labels(service, release(), checksums()).set(1)
