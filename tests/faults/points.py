"""The points at which a service process can be made to die. They are wrapped around its ports from outside.

Product code holds no mark: a process that is not started through `tests.faults.process` has none of this in it.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer

from shared.ledger.desk import Desk
from shared.ledger.hearing import Hearing
from shared.ledger.messages import Passing, Settled
from shared.messaging.handover import Handover
from shared.messaging.producer import Producer
from shared.messaging.stream import Stream
from shared.storage import BlobStore, MongoLedgerStore

Reach = Callable[[str], None]
LEDGER = (
    "after_fetch",
    "before_write",
    "after_write",
    "before_publish",
    "after_publish",
    "before_mark",
    "after_mark",
    "before_commit",
    "after_commit",
)
SETTLING = ("before_settle", "after_settle")
PASSING = ("before_point", "after_point")
STORING = ("before_file", "after_file")
OF_SERVICE = {
    "intake": LEDGER,
    "routing": LEDGER,
    "notify": (*LEDGER, *PASSING, *SETTLING),
    "documents": (*LEDGER, *STORING, *SETTLING),
}
"""Where each service can be made to die; a request's way leads every one of them past all of its points."""


class Watcher(Protocol):
    """Who is told of batches, if anybody wants to know."""

    @property
    def noted(self) -> bool:
        """Whether it wants to."""
        ...

    def tell(self, what: str, places: Sequence[tuple[str, int, int]] = ()) -> None:
        """That work on `places` begins or ends, or that others want partitions."""
        ...

    async def admitted(self) -> None:
        """Return once this process may join its groups."""
        ...

    async def dawdle(self) -> None:
        """Take as long as a slow handler, if this one is to be slow."""
        ...


def watch(watcher: Watcher) -> None:
    """Tell `watcher` of every batch that this process shares with others of its group, around its handler."""
    started, handled, revoked = Stream.start, Stream._handled, Handover.on_partitions_revoked

    @functools.wraps(started)
    async def admitted(self: Stream) -> None:
        if self._subscription.group is not None:
            await watcher.admitted()
        await started(self)

    @functools.wraps(handled)
    async def noting(self: Stream, consumer: Any, records: Any) -> bool:
        if not watcher.noted or self._subscription.group is None:
            return await handled(self, consumer, records)
        places = [(record.topic, record.partition, record.offset) for record in records]
        watcher.tell("begin", places)
        try:
            await watcher.dawdle()
            return await handled(self, consumer, records)
        finally:
            watcher.tell("end", places)

    @functools.wraps(revoked)
    async def asked(self: Handover, partitions: Any) -> None:
        if watcher.noted:
            watcher.tell("revoke")
        await revoked(self, partitions)

    Stream.start = admitted  # type: ignore[method-assign]  # from outside, on purpose
    Stream._handled = noting  # type: ignore[method-assign]
    Handover.on_partitions_revoked = asked  # type: ignore[method-assign, assignment]


def install(reach: Reach) -> None:
    """Call `reach` with a point's name whenever this process is there."""
    _around(Hearing, "handle", reach, "after_fetch", None)
    _around(MongoLedgerStore, "write", reach, "before_write", "after_write")
    _around(Producer, "publish", reach, "before_publish", "after_publish")
    _around(MongoLedgerStore, "mark", reach, "before_mark", "after_mark")
    _around(AIOKafkaConsumer, "commit", reach, "before_commit", "after_commit")
    _around(BlobStore, "put", reach, "before_file", "after_file")
    _around_telling(reach)


def _around(owner: type, name: str, reach: Reach, before: str, after: str | None) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    async def marked(*args: Any, **named: Any) -> Any:
        reach(before)
        result = await real(*args, **named)
        if after:
            reach(after)
        return result

    setattr(owner, name, marked)


def _around_telling(reach: Reach) -> None:
    """An effect's two messages to its ledger: that it cannot be taken back from here, and how it ended."""
    real = Desk.tell

    @functools.wraps(real)
    async def tell(self: Desk, message: Any) -> Any:
        step = {Passing: "point", Settled: "settle"}.get(type(message))
        if step:
            reach(f"before_{step}")
        outcome = await real(self, message)
        if step:
            reach(f"after_{step}")
        return outcome

    Desk.tell = tell  # type: ignore[method-assign]  # from outside, on purpose
