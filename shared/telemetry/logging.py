"""Structured logs: JSON lines for machines, readable lines on a terminal; the ids of a message bound while it is handled.

Invariant: whatever is logged, by us or by a library, passes one pipeline, and no personal key, body or token gets through it.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from typing import Any, TextIO

import structlog

from shared.telemetry.privacy import described, without_personal

STYLES = ("auto", "json", "console")
SELDOM_SECONDS = 10.0
REMEMBERED = 1_000
LONGEST_COMPARED = 300
LEVELS = {"shared": logging.INFO, "services": logging.INFO, "infra": logging.INFO, "uvicorn.error": logging.INFO}
"""Everything else speaks from WARNING up: the broker's and the database's clients are talkative."""


def configure(service: str, style: str = "auto", *, personal: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Route structlog and the standard library through one pipeline to `stream` (standard error).

    `style` is json, console or auto (console when `stream` is a terminal). `personal` names further keys to drop, for
    example the policy pack's personal fields. Call it once, before the first line is logged.
    """
    if style not in STYLES:
        raise ValueError(f"The log style is {style!r}; BACKLINE_LOG takes one of {', '.join(STYLES)}.")
    target = stream or sys.stderr
    console = style == "console" or (style == "auto" and target.isatty())
    shared: list[Any] = [
        merge_bound,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _of_service(service),
        without_personal(frozenset(personal)),
        structlog.processors.ExceptionRenderer(described),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last = (
        _for_people(colors=target.isatty()) if console else [structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]
    )
    _route(target, shared, last)


_BOUND: ContextVar[Mapping[str, str | int]] = ContextVar("bound", default={})  # noqa: B039  # nobody changes what it holds


class bound:  # noqa: N801  # used as a statement
    """Bind ids to every log line of the block and of the tasks it starts, and unbind them after it. None binds nothing.

    One variable for all of them: it is entered for every message, and structlog's own, one for each id, cost more than the log.
    """

    __slots__ = ("_ids", "_token")

    def __init__(self, **ids: str | int | None) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        ids = {name: value for name, value in self._ids.items() if value is not None}
        self._token: Token[Mapping[str, str | int]] = _BOUND.set({**_BOUND.get(), **ids})

    def __exit__(self, *_exception: object) -> None:
        _BOUND.reset(self._token)


def merge_bound(_logger: object, _method: str, entry: Any) -> Any:
    """What is bound becomes part of a log line, unless the line says otherwise itself; a processor of structlog."""
    return {**_BOUND.get(), **entry}


class Seldom(logging.Filter):
    """Lets a library say the same thing once in `seconds`: clients of a broker that is away say it many times a second.

    The line that is let through next says how many were not. Libraries log from several threads.
    """

    def __init__(self, seconds: float = SELDOM_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._said: dict[tuple[str, int, str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is said; our own always are."""
        if record.name.startswith(tuple(LEVELS)) or not isinstance(record.msg, str):
            return True
        with self._lock:
            held_back = self._held_back(_same(record))
        if held_back:
            record.msg = f"{record.msg} (and {held_back} times more since it was last said)"
        return held_back is not None

    def _held_back(self, same: tuple[str, int, str, str]) -> int | None:
        """How often the same was not said since it was last; None when it is not said now either."""
        now = self._clock()
        at, held_back = self._said.pop(same, (float("-inf"), 0))
        if now < at + self._seconds:
            self._said[same] = (at, held_back + 1)
            return None
        self._said[same] = (now, 0)
        if len(self._said) > REMEMBERED:
            del self._said[next(iter(self._said))]
        return held_back


def _same(record: logging.LogRecord) -> tuple[str, int, str, str]:
    """What two lines have in common that say the same: the words as they are read, and the kind of exception."""
    kind = record.exc_info[0] if record.exc_info else None
    return record.name, record.levelno, record.getMessage()[:LONGEST_COMPARED], kind.__name__ if kind else ""


def _route(target: TextIO, shared: list[Any], last: list[Any]) -> None:
    """Make the standard library's root logger speak through the same pipeline."""
    handler = logging.StreamHandler(target)
    handler.addFilter(Seldom())
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=processors))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)


def _for_people(*, colors: bool) -> list[Any]:
    return [structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=32)]


def _of_service(service: str) -> Callable[[object, str, Any], Any]:
    """Say which service speaks; a constant, since threads do not inherit bound variables."""

    def add(_logger: object, _method: str, entry: Any) -> Any:
        entry.setdefault("service", service)
        return entry

    return add
