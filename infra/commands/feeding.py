"""Bringing requests and people in from files.

Invariant: a file may be sent again from its start at any time; what was taken is answered as before and changes nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console

from infra.commands.asking import asking
from infra.commands.directory_places import told_with_places
from infra.commands.enclosures import Enclosures
from infra.commands.ending import fail
from infra.commands.language import Locale, language_of
from infra.commands.mapped import Asked, open_source, show
from infra.commands.progress import progress
from infra.commands.results import results
from infra.commands.sources import Entry
from infra.commands.target import FOLDER
from infra.commands.verdicts import Tally
from shared.client import Client, Fed, WronglyAsked

console = Console()
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Folder = Annotated[Path, typer.Option(help="the local stack's folder")]
Url = Annotated[str, typer.Option(help="intake's address instead of a local stack; its token is in BACKLINE_TOKEN")]


def _named(unit: str) -> str:
    if not unit.strip():
        raise typer.BadParameter("it is empty; give the code of the business unit")
    return unit


Unit = Annotated[
    str,
    typer.Option(
        help="the business unit in whose name they are sent to a local stack; rows that name none are its", callback=_named
    ),
]
Result = Annotated[
    Path | None,
    typer.Option(
        help="for the verdict of each line; NAME.verdicts.jsonl beside the file if not said; NAME.csv is written as a table"
    ),
]
MappingFile = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="what the file's columns mean (YAML)")]
Sheet = Annotated[str | None, typer.Option(help="which sheet of a workbook to read, where there are several")]
Attachments = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="the folder with the files that rows name as attachments")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what the file means and what is not understood; send nothing")]


def add_to(app: typer.Typer) -> None:
    """import, people."""
    app.command("import")(import_requests)
    app.command()(people)


def import_requests(
    file: File,
    unit: Unit,
    folder: Folder = FOLDER,
    url: Url = "",
    result: Result = None,
    locale: Locale = None,
    mapping: MappingFile = None,
    sheet: Sheet = None,
    attachments: Attachments = None,
    dry_run: DryRun = False,
) -> None:
    """Send a file of requests (JSON Lines, CSV or XLSX); every line gets a verdict. Running it again changes nothing.

    Exit status 0: every line was accepted, or was before; 3: some were returned or rejected; 1: none was accepted, or a line
    was refused (no JSON, not understood, no identity, or in conflict with what is there), or intake could not be reached.
    """
    language = language_of(locale)
    files = Enclosures(attachments)
    asked = Asked(path=file, unit=unit, mapping=mapping, sheet=sheet, files=files, language=language)
    with file.open("rb") as opened:
        if dry_run:
            raise typer.Exit(show(open_source(opened, asked, None), console, language))
        verdicts = result or file.with_suffix(".verdicts.jsonl")
        with asking(folder, url, unit, language) as client:
            tally = _sent(opened, asked, client, verdicts)
    tally.show(console)
    console.print(f"Each line's verdict is in {verdicts}", highlight=False, soft_wrap=True)
    raise typer.Exit(tally.exit_status)


def _sent(opened: BinaryIO, asked: Asked, client: Client, verdicts: Path) -> Tally:
    """What became of every line, after it was sent. No more than one batch is in memory."""
    source, tally = open_source(opened, asked, client), Tally(asked.language)
    with results(verdicts, asked.language) as written, progress("importing", source.total) as shown:
        for answers in client.feed(_lines(source.entries, asked.files, client)):
            for answer in answers:
                row = answer.model_dump(mode="json", exclude={"record"} if answer.record is None else None)
                tally.take(row)
                written.take(row)
            written.flush()
            shown.by(len(answers))
    return tally


def _lines(entries: Iterable[Entry], files: Enclosures, client: Client) -> Iterator[Fed]:
    """Each entry as it is fed; the files that it names are stored before."""
    for entry in entries:
        files.notice(entry.raw)
        files.store(client)
        yield Fed(content=entry.raw, line=entry.line, record=entry.record, problem=entry.problem)


def people(file: File, folder: Folder = FOLDER, url: Url = "", locale: Locale = None) -> None:
    """Import a directory of people (YAML or JSON); importing it again changes nothing.

    Exit status 1: nothing was imported, because of the faults that are listed with line, person and field.
    """
    content, language = file.read_bytes(), language_of(locale)
    with asking(folder, url, "", language) as client:
        try:
            told = client.import_people(content)
        except WronglyAsked as problem:
            faults = told_with_places(problem.body, content, language)
            if not faults:
                raise
            for fault in faults:
                typer.secho(f"{file}:{fault}", fg="red", err=True)
            fail(f"{len(faults)} faults; nothing was imported. Mend them and run this command again.")
    console.print(f"{told.recorded} entries recorded, {told.unchanged} unchanged; directory {told.version}", highlight=False)
    for lacking in told.lacking:
        console.print(lacking.by_locale(language), style="yellow", highlight=False)
