"""Bringing requests and people in from files.

Invariant: a file may be sent again from its start at any time; what was taken is answered as before and changes nothing.
"""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import httpx
import typer
from rich.console import Console

from infra.commands.directory_places import told_with_places
from infra.commands.enclosures import Enclosures
from infra.commands.ending import fail, reaching
from infra.commands.language import Locale, language_of
from infra.commands.mapped import Asked, open_source, show
from infra.commands.progress import progress
from infra.commands.results import results
from infra.commands.sources import Entry
from infra.commands.target import FOLDER, Target, checked, refuse
from infra.commands.verdicts import Tally

console = Console()
CHUNK_LINES = 500
CHUNK_BYTES = 8 * 1024 * 1024
ATTEMPTS = 5
RETRY_SECONDS = 0.5
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Folder = Annotated[Path, typer.Option(help="the local stack's folder")]
Url = Annotated[str, typer.Option(help="intake's address instead of a local stack; its token is in BACKLINE_TOKEN")]
Unit = Annotated[
    str, typer.Option(help="the business unit in whose name they are sent to a local stack; rows that name none are its")
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
        target, verdicts = Target.chosen(folder, "intake", url), result or file.with_suffix(".verdicts.jsonl")
        with target.client(f"dev-unit-{unit}", language=language) as client:
            tally = _sent(opened, asked, client, target.url("intake"), verdicts)
    tally.show(console)
    console.print(f"Each line's verdict is in {verdicts}", highlight=False, soft_wrap=True)
    raise typer.Exit(tally.exit_status)


def _sent(opened: BinaryIO, asked: Asked, client: httpx.Client, address: str, verdicts: Path) -> Tally:
    """What became of every line, after it was sent."""
    source, tally = open_source(opened, asked, (client, address)), Tally(asked.language)
    with results(verdicts, asked.language) as written, progress("importing", source.total) as shown:
        for chunk in chunks(source.entries):
            for entry in chunk:
                asked.files.notice(entry.raw)
            asked.files.store(client, address)
            for row in _verdicts(client, address, chunk):
                tally.take(row)
                written.take(row)
            written.flush()
            shown.by(len(chunk))
    return tally


def people(file: File, folder: Folder = FOLDER, url: Url = "", locale: Locale = None) -> None:
    """Import a directory of people (YAML or JSON); importing it again changes nothing.

    Exit status 1: nothing was imported, because of the faults that are listed with line, person and field.
    """
    content, language = file.read_bytes(), language_of(locale)
    target = Target.chosen(folder, "intake", url)
    address = target.url("intake")
    with reaching(address), target.client(language=language) as client:
        answer = client.post(f"{address}/v1/people:import", content=content)
    if faults := told_with_places(answer, content, language):
        for fault in faults:
            typer.secho(f"{file}:{fault}", fg="red", err=True)
        fail(f"{len(faults)} faults; nothing was imported. Mend them and run this command again.")
    told = checked(answer)
    console.print(
        f"{told['recorded']} entries recorded, {told['unchanged']} unchanged; directory {told['version']}", highlight=False
    )


def chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The next entries together: at most 500 and 8 MiB, though always one."""
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        if chunk and (len(chunk) == CHUNK_LINES or size + len(entry.raw) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += len(entry.raw) + 1
    if chunk:
        yield chunk


def _verdicts(client: httpx.Client, address: str, chunk: list[Entry]) -> Iterator[dict[str, Any]]:
    """A verdict on every entry, in their order: intake's, or why an entry was not sent."""
    sent = [entry for entry in chunk if entry.problem is None]
    answers = iter(_answers(client, address, [entry.raw for entry in sent]) if sent else ())
    for entry in chunk:
        refused = {
            "id": None,
            "number": None,
            "action": "submit",
            "outcome": "refused",
            "duplicate": False,
            "problem": entry.problem,
        }
        answer = next(answers) if entry.problem is None else refused
        yield {**answer, "line": entry.line, **({} if entry.record is None else {"record": entry.record})}


def _answers(client: httpx.Client, address: str, chunk: list[bytes]) -> list[dict[str, Any]]:
    """An answer to every line of `chunk`; sent again when intake is away or busy for a moment."""
    for attempt in range(1, ATTEMPTS):
        with suppress(httpx.TransportError):
            rows = _posted(client, address, chunk)
            if rows is not None:
                return rows
        time.sleep(RETRY_SECONDS * attempt)
    with reaching(address):
        rows = _posted(client, address, chunk)
    if rows is None:
        fail(f"{address} is busy or broke off its answer. Running this command again is safe.")
    return rows


def _posted(client: httpx.Client, address: str, chunk: list[bytes]) -> list[dict[str, Any]] | None:
    """The answers, or None when intake is busy or broke off; ends the command when it refuses the whole."""
    answer = client.post(f"{address}/v1/requests:batch", content=b"\n".join(chunk))
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return None
    if not answer.is_success:
        refuse(answer)
    rows = [json.loads(line) for line in answer.content.splitlines()]
    return rows if len(rows) == len(chunk) else None
