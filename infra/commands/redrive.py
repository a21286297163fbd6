"""One run of a redrive: batch after batch, at a bounded rate, counting what goes on, what is left and what nobody knows."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from urllib.parse import quote, urlencode

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.ending import FAILED, WRONGLY_ASKED, fail, reaching
from infra.commands.progress import progress
from infra.commands.services import pages
from infra.commands.target import Target, checked

BATCH = 50
SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which ones: those named, or all whose reason holds a text (any reason when it is empty)."""

    names: tuple[str, ...] = ()
    reason: str = ""

    @classmethod
    def of(cls, names: Sequence[str] | None, all_: bool, reason: str) -> "Selection":
        """What the command line says; ends the command unless it says it in exactly one way."""
        if sum(map(bool, (names, all_, reason))) != 1:
            fail("Say which: name them, or give --all, or --reason TEXT.", WRONGLY_ASKED)
        return cls(names=tuple(dict.fromkeys(names or ())), reason=reason)


@dataclass(kw_only=True)
class Redrive:
    """Of parked requests or of dead letters, whichever are at `path`. `rate` is a second's most; None: as fast as it goes."""

    path: str
    by: str
    rate: float | None
    dry_run: bool
    done: list[tuple[str, str]] = field(default_factory=list)
    left: list[tuple[str, str, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def through(self, service: str, target: Target, selection: Selection) -> None:
        """Try again whatever of `selection` is set aside in `service`."""
        names, total = self._named(service, target, selection)
        size = BATCH if self.rate is None else max(1, min(BATCH, int(self.rate)))
        with progress(f"{service} {'would try' if self.dry_run else 'tries'} again", total) as shown:
            started, tried = time.monotonic(), 0
            while batch := list(islice(names, size)):
                found = self._batch(service, target, batch, selection)
                if found:
                    shown.by(found)
                tried += len(batch)
                if self.rate is not None:
                    time.sleep(max(0.0, started + tried / self.rate - time.monotonic()))

    def end(self, console: Console, selection: Selection) -> None:
        """Show what became of them; ends the command with status 1 when one is left or unknown."""
        said = "would be tried again" if self.dry_run else "goes on"
        for service, name in self.done[:SHOWN]:
            console.print(f"{escape(name)} {said} in {service}.", highlight=False, soft_wrap=True)
        if self.left:
            shown = Table("service", "name", "why it is left")
            shown.columns[1].overflow = shown.columns[2].overflow = "fold"
            for row in self.left[:SHOWN]:
                shown.add_row(*map(escape, row))
            console.print(shown)
        unknown = [name for name in selection.names if name not in self.known]
        for name in unknown:
            typer.secho(f"{name} is known to none of the services that were asked.", fg="red", err=True)
        counts = f"{len(self.done)} {'to try' if self.dry_run else 'done'}, {len(self.left)} left, {len(unknown)} unknown."
        console.print(counts, highlight=False)
        if self.left or unknown:
            raise typer.Exit(FAILED)

    def _named(self, service: str, target: Target, selection: Selection) -> tuple[Iterator[str], int | None]:
        """The names, fetched as they are needed, and how many there are; of names that were given nobody knows how many are here."""
        if selection.names:
            return iter(selection.names), None
        following = pages(target, "GET", service, self.path, {"reason": selection.reason})
        first = next(following)
        return (row["name"] for page in chain([first], following) for row in page["rows"]), first["total"]

    def _batch(self, service: str, target: Target, names: list[str], selection: Selection) -> int:
        """Try `names` again, or look whether they could be; how many of them `service` knows."""
        if self.dry_run:
            found = [name for name in names if not selection.names or self._is_there(service, target, name)]
            return self._took(service, found)
        address = f"{self.path}:redrive?{urlencode({'by': self.by})}"
        told = target.ask("POST", service, address, content=json.dumps({"names": names}).encode())
        self.left += [(service, row["name"], row["why"]) for row in told["left"]]
        self.known.update(row["name"] for row in told["left"])
        return self._took(service, told["done"]) + len(told["left"])

    def _took(self, service: str, names: Sequence[str]) -> int:
        self.done += [(service, name) for name in names]
        self.known.update(names)
        return len(names)

    def _is_there(self, service: str, target: Target, name: str) -> bool:
        """Whether `name` is set aside in `service`."""
        address = target.url(service)
        with reaching(address), target.client() as client:
            answer = client.get(f"{address}{self.path}/{quote(name, safe='')}")
        return answer.status_code != httpx.codes.NOT_FOUND and bool(checked(answer))


def rate_of(text: str) -> float | None:
    """`20`, `0.5` or `20/s` as a number; None for no text. Ends the command when it is anything else."""
    if not text:
        return None
    try:
        rate = float(text.removesuffix("/s"))
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        fail(f"--rate says {text!r}; write how many a second, for example 20 or 0.5.", WRONGLY_ASKED)
    return rate
