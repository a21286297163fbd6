"""The end of the road for records nobody can apply: kept once in the service's database, copied to its dead-letter topic.

Invariant: neither form loses a byte: key, headers, null and odd values included, the record can be made again from it.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import structlog

from shared.messaging.wire import UNREADABLE, Record
from shared.schemas.envelope import Source
from shared.telemetry import metrics

log = structlog.get_logger()
ORIGIN, PROBLEM, KEY, HEADER = "origin", "problem", "original-key", "original:"
Headers = list[tuple[str, bytes | None]]
Reason = Literal["unaddressed", "undecodable", "unheard", "unstorable", "unreadable"]
"""It names no request; no client can decode it; its source is not heard here; not even its raw form fits beside its request;
it is about people and cannot be read."""


class DeadLetterStore(Protocol):
    """Where dead letters are kept, byte for byte."""

    async def keep(self, identity: str, record: Record, problem: str, at: datetime) -> None:
        """Keep `record`; keeping it again changes nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Dead:
    """A record that nobody can apply, and why."""

    record: Record
    problem: str
    reason: Reason = "unaddressed"


Copy = Callable[[Sequence[Dead]], Awaitable[Sequence[bool]]]
"""Put copies of dead records on the service's dead-letter topic, all at once. Whether each is there."""


class DeadLetters:
    """The dead letters of one service."""

    def __init__(self, service: Source, store: DeadLetterStore, copy: Copy, now: Callable[[], datetime]) -> None:
        self._service = service
        self._store = store
        self._copy = copy
        self._now = now

    async def bury(self, dead: Sequence[Dead]) -> None:
        """Keep all of `dead`. Raises what the store raises; copies are made as far as the broker lets it.

        However many there are, they wait for the broker once: a whole batch of them must not hold up what is behind it.
        """
        for one in dead:
            await self._store.keep(identity_of(one.record), one.record, one.problem, self._now())
        copies = await self._copy(dead) if dead else ()
        for one, copied in zip(dead, copies, strict=True):
            reason = "undecodable" if one.record.header(UNREADABLE) else one.reason
            metrics.DEAD_LETTERS.labels(self._service, reason).inc()
            place = {"topic": one.record.topic, "partition": one.record.partition, "offset": one.record.offset}
            log.warning("messaging.dead_letter", **place, reason=reason, copied=copied)


def identity_of(record: Record) -> str:
    """Topic, partition, offset and a hash of the content: a broker that lost its log counts offsets anew."""
    digest = hashlib.sha256(repr((record.key, record.headers, record.value)).encode()).hexdigest()[:16]
    return f"{record.topic}|{record.partition}|{record.offset}|{digest}"


def copy_of(record: Record, problem: str) -> tuple[bytes, bytes | None, Headers]:
    """Key, value and headers of the copy. The original's key and headers are carried in headers, so that none is taken for ours."""
    origin = f"{record.topic}|{record.partition}|{record.offset}".encode()
    headers: Headers = [(ORIGIN, origin), (PROBLEM, problem.encode(errors="replace")), (KEY, record.key)]
    return origin, record.value, headers + [(f"{HEADER}{name}", value) for name, value in record.headers]


def original_of(copy: Record) -> Record:
    """The record `copy` was made of. Raises ValueError when it is no copy of `copy_of`."""
    carried = dict(copy.headers)
    topic, partition, offset = (carried.get(ORIGIN) or b"").decode().rsplit("|", 2)
    headers = tuple((name.removeprefix(HEADER), value) for name, value in copy.headers if name.startswith(HEADER))
    return Record(
        topic=topic, partition=int(partition), offset=int(offset), key=carried.get(KEY), headers=headers, value=copy.value
    )
