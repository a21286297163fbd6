"""`backline rebuild`: one service's states made again from the facts, compared with those in use, and swapped only when told to.

Invariant: it goes page by page, each of which the service does whole; broken off anywhere, running it again ends with the same result.
"""

import shlex
from collections import Counter
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.ending import FAILED, fail
from infra.commands.progress import progress
from infra.commands.services import As, Folder, Page, Url, acting, chosen, pages
from infra.commands.target import FOLDER

console = Console()
SHOWN = 20
ENDS = {
    "agree": "agree",
    "differ": "differ",
    "swapped": "were swapped",
    "changed": "were written by others each time",
    "impossible": "cannot be rebuilt",
    "unasked": "could not be asked about",
}
LEFT = ("differ", "changed", "impossible", "unasked")


def add_to(app: typer.Typer) -> None:
    """rebuild."""
    app.command()(rebuild)


def rebuild(
    service: Annotated[str, typer.Argument(help="intake, routing, notify or documents")],
    swap: Annotated[
        bool, typer.Option("--swap", help="put the states that differ in their places; without it nothing in use changes")
    ] = False,
    request: Annotated[str, typer.Option(help="only this request (or person or unit, of intake)")] = "",
    cursor: Annotated[str, typer.Option(help="go on where an earlier run had to stop")] = "",
    folder: Folder = FOLDER,
    url: Url = "",
    as_: As = "",
) -> None:
    """Let a service make its states again from what was said, and compare. It may be broken off and repeated at any time.

    Exit status 1: one differs and was not swapped, or could not be rebuilt.
    """
    ((name, target),) = chosen(folder, service, url)
    params = {"by": acting(as_), "swap": "true" if swap else "", "request": request, "cursor": cursor}
    counts, rows = Counter[str](), list[dict[str, Any]]()
    total = 1 if request else sum(target.ask("GET", name, "/internal/rebuild").values())
    with progress(f"{name} rebuilds", total) as shown:
        for page in pages(target, "POST", name, "/internal/rebuild", params):
            counts.update({end: page[end] for end in ENDS})
            rows += page["rows"][: SHOWN - len(rows)]
            shown.by(page["rebuilt"])
            if page["rebuilt"] and page["unasked"] == page["rebuilt"] and not request:
                _stop(name, page, swap=swap)
            checksum = page["checksum"]
    _show(name, rows)
    figures = ", ".join(f"{counts[end]} {said}" for end, said in ENDS.items() if counts[end] or end in {"agree", "differ"})
    console.print(f"{name}: {figures}.", highlight=False, soft_wrap=True)
    console.print(f"checksum of what was rebuilt: {checksum}", highlight=False, soft_wrap=True)
    if any(counts[end] for end in LEFT):
        raise typer.Exit(FAILED)


def _show(name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        shown = Table("request", "what", "why", title=f"{name}: not simply well")
        shown.columns[0].overflow = shown.columns[2].overflow = "fold"
        for row in rows:
            shown.add_row(*(escape(str(row[column])) for column in ("name", "end", "why")))
        console.print(shown)


def _stop(name: str, page: Page, *, swap: bool) -> NoReturn:
    """End the command at a page of which no source could be asked, saying how to go on from it."""
    again = f"backline rebuild {name}{' --swap' if swap else ''} --cursor {shlex.quote(page['next'])}"
    fail(f"{page['rows'][0]['why']}; see with `backline status` whether it runs, and go on with: {again}")
