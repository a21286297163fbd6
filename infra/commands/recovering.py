"""What was set aside: parked requests and dead letters, listed, shown one by one, and tried again.

Invariant: a redrive goes batch by batch, each of which the service applies whole or not at all to each name; broken off
anywhere, running it again finishes it with the same result.
"""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.ending import fail, reaching
from infra.commands.redrive import Redrive, Selection, rate_of
from infra.commands.services import As, Folder, Page, Service, Url, acting, chosen, pages
from infra.commands.target import FOLDER, Target, checked

console = Console()
Reason = Annotated[str, typer.Option(help="only those whose reason holds this text")]
Most = Annotated[int, typer.Option("--most", min=1, help="show at most so many")]
All = Annotated[bool, typer.Option("--all", help="all of them")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="list what would be tried again, and do nothing")]
Rate = Annotated[str, typer.Option(help="at most so many a second, for example 20 or 0.5")]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One of the two kinds of what is set aside: its address, how it is called, and what stands beside it in a list."""

    path: str
    title: str
    none: str
    columns: tuple[str, ...]


PARKED = Kind(path="/internal/parked", title="Set aside", none="Nothing is set aside.", columns=("ledger",))
LETTERS = Kind(
    path="/internal/dead-letters", title="Dead letters", none="There are no dead letters.", columns=("at", "bytes", "redriven_at")
)


def add_to(app: typer.Typer) -> None:
    """parked list|show, redrive, dead-letters list|show|redrive."""
    parked = typer.Typer(no_args_is_help=True, help="The requests that are set aside, and why.")
    app.add_typer(parked, name="parked")
    parked.command("list")(list_parked)
    parked.command("show")(show_parked)
    app.command()(redrive)
    letters = typer.Typer(no_args_is_help=True, help="The records that could not be given to any request.")
    app.add_typer(letters, name="dead-letters")
    letters.command("list")(list_letters)
    letters.command("show")(show_letter)
    letters.command("redrive")(redrive_letters)


def list_parked(folder: Folder = FOLDER, service: Service = "", url: Url = "", reason: Reason = "", most: Most = 200) -> None:
    """List what is set aside, and why: requests, and of other ledgers the seasons and people."""
    _list(PARKED, chosen(folder, service, url), {"reason": reason}, most)


def show_parked(
    request: Annotated[str, typer.Argument(help="its name, from `backline parked list`")],
    folder: Folder = FOLDER,
    service: Service = "",
    url: Url = "",
) -> None:
    """Show what a parked request has heard, and which messages are held until it goes on. Exit status 1: nobody set it aside."""
    _show(PARKED, chosen(folder, service, url), request)


def redrive(
    requests: Annotated[list[str] | None, typer.Argument(help="their names, from `backline parked list`")] = None,
    all_: All = False,
    reason: Reason = "",
    dry_run: DryRun = False,
    rate: Rate = "",
    folder: Folder = FOLDER,
    service: Service = "",
    url: Url = "",
    as_: As = "",
) -> None:
    """Try parked requests again, each from the message that parked it. Broken off or repeated, it ends with the same result.

    Exit status 1: one is parked still, or is known to no service.
    """
    _redrive(PARKED, chosen(folder, service, url), Selection.of(requests, all_, reason), as_, rate, dry_run=dry_run)


def list_letters(
    folder: Folder = FOLDER,
    service: Service = "",
    url: Url = "",
    reason: Reason = "",
    redriven: Annotated[bool, typer.Option("--redriven", help="those that were redriven, too")] = False,
    most: Most = 200,
) -> None:
    """List dead letters, oldest first."""
    params = {"reason": reason, "redriven": "true" if redriven else ""}
    _list(LETTERS, chosen(folder, service, url), params, most)


def show_letter(
    name: Annotated[str, typer.Argument(help="the letter's name, from `backline dead-letters list`")],
    folder: Folder = FOLDER,
    service: Service = "",
    url: Url = "",
    save: Annotated[Path | None, typer.Option(help="write its content, which may hold personal values, to this file")] = None,
) -> None:
    """Show where a dead letter was read and what is wrong with it. Exit status 1: there is none of that name."""
    letter = _show(LETTERS, chosen(folder, service, url), name)
    if save is not None:
        save.write_bytes(base64.b64decode(letter["record"]["value"] or ""))


def redrive_letters(
    names: Annotated[list[str] | None, typer.Argument(help="names of letters, from `backline dead-letters list`")] = None,
    all_: All = False,
    reason: Reason = "",
    dry_run: DryRun = False,
    rate: Rate = "",
    folder: Folder = FOLDER,
    service: Service = "",
    url: Url = "",
    as_: As = "",
) -> None:
    """Hand dead letters again to the handlers that buried them; those that are taken are marked as redriven, and kept.

    Taken is what was applied, or is kept by a request that is parked: `backline parked list` names it, `backline redrive` goes on.

    Broken off or repeated, it ends with the same result. Exit status 1: one cannot be taken still, or is not known.
    """
    _redrive(LETTERS, chosen(folder, service, url), Selection.of(names, all_, reason), as_, rate, dry_run=dry_run)


def _list(kind: Kind, targets: list[tuple[str, Target]], params: dict[str, str], most: int) -> None:
    shown = Table("service", "name", "why", *kind.columns, title=kind.title)
    shown.columns[1].overflow = shown.columns[2].overflow = "fold"
    total = 0
    for service, target in targets:
        for number, page in enumerate(pages(target, "GET", service, kind.path, params)):
            total += page["total"] if number == 0 else 0
            for row in page["rows"][: most - shown.row_count]:
                cells = (row["name"], row["why"], *(row[column] or "" for column in kind.columns))
                shown.add_row(service, *(escape(str(cell)) for cell in cells))
            if shown.row_count == most:
                break
    console.print(shown if shown.row_count else kind.none)
    if total > shown.row_count:
        console.print(f"… and {total - shown.row_count} more; see more with --most, or fewer with --reason or --service.")


def _show(kind: Kind, targets: list[tuple[str, Target]], name: str) -> Page:
    """Show `name` in every service that has it; what the last one told. Ends the command when none has."""
    found: Page = {}
    for service, target in targets:
        address = target.url(service)
        with reaching(address), target.client() as client:
            answer = client.get(f"{address}{kind.path}/{quote(name, safe='')}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            found = checked(answer)
            console.print(_facts(service, found))
    if not found:
        fail(f"{name} is in none of the services that were asked.")
    return found


def _facts(service: str, found: Page) -> Table:
    """Everything that was told, but for the record's content."""
    shown = Table("service", service, title=escape(found["name"]))
    shown.columns[1].overflow = "fold"
    for key, value in found.items():
        match key, value:
            case "name", _:
                continue
            case "record", _:
                shown.add_row("key", escape(_text(value["key"])))
                for header, content in value["headers"]:
                    shown.add_row(f"header {escape(header)}", escape(_text(content)))
            case _, list():
                for number, entry in enumerate(value, start=1):
                    shown.add_row(f"{key} {number}", escape(", ".join(f"{name} {fact}" for name, fact in entry.items())))
            case _:
                shown.add_row(key, escape("" if value is None else str(value)))
    return shown


def _text(stored: Any) -> str:
    return "" if stored is None else base64.b64decode(stored).decode("utf-8", "backslashreplace")


def _redrive(kind: Kind, targets: list[tuple[str, Target]], selection: Selection, as_: str, rate: str, *, dry_run: bool) -> None:
    """Try again what was selected, service by service, and end the command by what is left."""
    run = Redrive(path=kind.path, by=acting(as_), rate=rate_of(rate), dry_run=dry_run)
    for service, target in targets:
        run.through(service, target, selection)
    run.end(console, selection)
