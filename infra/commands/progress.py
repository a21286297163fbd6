"""How far a command has come, on stderr: a bar on a terminal, else one line a page, so that a log shows it too."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@dataclass(kw_only=True)
class Advance:
    """Told of each page that is done."""

    what: str
    total: int | None
    bar: Progress | None
    task: TaskID | None = None
    done: int = 0

    def by(self, number: int) -> None:
        """`number` more are done."""
        self.done += number
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=self.done)
        else:
            of = "" if self.total is None else f" of {max(self.total, self.done)}"
            typer.echo(f"{self.what}: {self.done}{of}", err=True)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show `what` until the block ends; `total` is None where nobody knows how much there is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Advance(what=what, total=total, bar=None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        yield Advance(what=what, total=total, bar=bar, task=bar.add_task(what, total=total))
