"""One call, described apart from whoever sends it; and what a client is asked to do between the calls of a longer errand.

Invariant: nothing here sends, waits or reads a clock, so that one description serves the blocking client and the async one.
"""

import json
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from shared.schemas.model import Json

A = TypeVar("A")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Call(Generic[A]):
    """What is sent to which service, and how its answer reads. `content` is bytes, or a file that is read while it is sent.

    Whatever it is, it must be harmless when it is sent twice: a read, a command under a key, or one that is named by its content.
    `read` raises BrokenOff for an answer that is not whole. `timeout` in seconds; None is the client's own.
    """

    method: str
    service: str
    path: str
    read: Callable[[httpx.Response], A]
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Path | None = None
    timeout: float | None = None


@dataclass(frozen=True, kw_only=True)
class Send:
    """Send `call` once. Answered with httpx.Response, or with the httpx.RequestError that came instead."""

    call: Call[Any]


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Wait for `seconds`. Answered with None."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Now:
    """Answered with the seconds of a clock that only goes on."""


@dataclass(frozen=True, kw_only=True)
class Tell:
    """Hand `value` to whoever follows. Answered with None."""

    value: Any


Steps = Generator[Send | Pause | Now | Tell | Call[Any], Any, Any]
"""An errand: each step is done for it and answered, a Call with what its answer reads; what it returns is its result."""


class Told(Generic[A]):
    """An errand of several steps that ends in an A."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps


class Stream(Generic[A]):
    """An errand that tells one A after the other."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps


class BrokenOff(Exception):  # noqa: N818  # what became of the answer
    """An answer that ended before its end."""


def command(method: str, path: str, body: Json, answer: type[M], key: str | None) -> Call[M]:
    """A command of intake's under `key`, or under a new one."""
    headers = {"Idempotency-Key": quoted(key or str(uuid.uuid4())), "Content-Type": "application/json"}
    return Call(method=method, service="intake", path=path, read=reads(answer), headers=headers, content=dumped(body))


def read(service: str, path: str, answer: type[M], params: Mapping[str, Any] | None = None) -> Call[M]:
    """A question to `service`; parameters that are None are not asked."""
    return Call(method="GET", service=service, path=path, read=reads(answer), params=params or {})


def reads(model: type[M]) -> Callable[[httpx.Response], M]:
    """Reads an answer as `model`."""
    return lambda answer: model.model_validate_json(answer.content)


def dumped(value: Json) -> bytes:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False).encode()


def safe(part: str) -> str:
    """`part` as one part of a path."""
    return quote(part, safe="")


def quoted(key: str) -> str:
    """The key as a string of RFC 8941."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
