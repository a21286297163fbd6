"""The clients: one list of methods, for programs that block and for those that await.

Commands carry an Idempotency-Key of their own unless they are given one, so that trying again is always safe.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TypeVar

from shared.client import batches, commands, errands, pursuits, reading
from shared.client.batches import Chunk, Cutting, Fed
from shared.client.methods import Asked, Followed, Walked
from shared.client.models import Line
from shared.client.transports import Awaiting, Blocking
from shared.schemas.model import Json

T = TypeVar("T")


class Methods:
    """What can be asked, each with the sentence of its problem in the client's language."""

    submit = Asked(commands.submit)
    submit_bid = Walked(pursuits.submit_bid)
    amend = Asked(commands.amend)
    withdraw = Asked(commands.withdraw)
    waive = Asked(commands.waive)
    batch = Asked(batches.batch)
    store_attachment = Asked(commands.store_attachment)
    resend = Walked(errands.resend)
    erase = Asked(commands.erase)
    erase_files = Asked(commands.erase_files)
    import_people = Asked(commands.import_people)

    get = Asked(reading.get)
    find = Walked(errands.find)
    id_of = Walked(errands.id_of)
    watch = Followed(errands.watch)
    desk = Asked(reading.desk)
    desk_entry = Asked(reading.desk_entry)
    catalogue = Asked(reading.catalogue)
    form = Asked(reading.form)
    people = Asked(reading.people)
    assignment = Asked(reading.assignment)
    decisions = Asked(reading.decisions)
    waiting = Asked(reading.waiting)
    estimate = Asked(reading.estimate)
    seasons = Asked(reading.seasons)
    pursuit = Asked(pursuits.pursuit)
    assess = Asked(pursuits.assessment)
    notifications = Asked(reading.notifications)
    documents = Asked(reading.documents)
    download = Asked(reading.download)
    download_sheet = Asked(reading.download_sheet)
    list = Asked(reading.listing)


class Client(Blocking, Methods):
    """The services for a program that blocks.

    `urls` are addresses by service: intake, and as far as they are asked routing, documents and notify.
    """

    def feed(self, lines: Iterable[bytes | Json | Fed]) -> Iterator[tuple[Line, ...]]:
        """The verdicts on any number of requests, a batch at a time as each is answered; no more than one batch is in memory.

        The same lines again are the same batches, and change nothing.
        """
        for chunk in batches.cut(lines):
            yield self._fed(chunk)

    def _fed(self, chunk: Chunk) -> tuple[Line, ...]:
        return chunk.verdicts(() if (call := chunk.call()) is None else self.ask(call))


class AsyncClient(Awaiting, Methods):
    """The services for a program that awaits; the same methods by the same names."""

    async def feed(
        self, lines: Iterable[bytes | Json | Fed] | AsyncIterable[bytes | Json | Fed]
    ) -> AsyncIterator[tuple[Line, ...]]:
        """As `Client.feed`; the lines may come from an async source too."""
        cutting = Cutting()
        async for line in _each(lines):
            if (full := cutting.take(line)) is not None:
                yield await self._fed(full)
        if (last := cutting.rest()) is not None:
            yield await self._fed(last)

    async def _fed(self, chunk: Chunk) -> tuple[Line, ...]:
        return chunk.verdicts(() if (call := chunk.call()) is None else await self.ask(call))


async def _each(lines: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(lines, AsyncIterable):
        async for line in lines:
            yield line
    else:
        for line in lines:
            yield line
