"""Sends all cases, each on its channel, and collects what became of them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hostile import by_mail, by_topic, commands, over_http
from tests.hostile.case import Case, Channel, Seen
from tests.hostile.ground import Ground

One = Callable[[Ground, Case], Awaitable[Seen]]
SENDERS: dict[Channel, One] = {
    "http": over_http.one,
    "csv": over_http.table,
    "xlsx": over_http.table,
    "people": over_http.people,
    "mail": by_mail.one,
}


async def run(ground: Ground, cases: Iterable[Case]) -> list[tuple[Case, Seen]]:
    """Every case with what became of it, the channels one after the other."""
    given = list(cases)
    found: list[tuple[Case, Seen]] = []
    for channel in dict.fromkeys(case.channel for case in given):
        chosen = [case for case in given if case.channel == channel]
        found += zip(chosen, await _sent(ground, channel, chosen), strict=True)
    return found


async def _sent(ground: Ground, channel: Channel, cases: Sequence[Case]) -> list[Seen]:
    if channel == "batch":
        return await over_http.lines(ground, cases)
    if channel == "topic":
        return await by_topic.records(ground, cases)
    if channel == "cli":
        with TemporaryDirectory() as folder:
            return [await commands.one(ground, case, Path(folder)) for case in cases]
    return [await SENDERS[channel](ground, case) for case in cases]
