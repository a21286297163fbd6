"""Bringing requests and people in from files.

Invariant: a file may be sent again from its start at any time; what was taken is answered as before and changes nothing.
"""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from infra.commands.directory_places import told_with_places
from infra.commands.ending import fail, reaching
from infra.commands.language import Locale, language_of
from infra.commands.progress import progress
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


def add_to(app: typer.Typer) -> None:
    """import, people."""
    app.command("import")(import_requests)
    app.command()(people)


def import_requests(
    file: File,
    unit: Annotated[str, typer.Option(help="the business unit in whose name they are sent to a local stack")],
    folder: Folder = FOLDER,
    url: Url = "",
    result: Annotated[
        Path | None,
        typer.Option(help="for the verdict of each line; NAME.verdicts.jsonl beside the file if not said"),
    ] = None,
    locale: Locale = None,
) -> None:
    """Send a file of JSON Lines, a request each; every line gets a verdict. Running it again changes nothing.

    Exit status 0: every line was accepted, or was before; 3: some were returned or rejected; 1: none was accepted, or a line
    was refused (no JSON, no identity, or in conflict with what is there), or intake could not be reached.
    """
    language = language_of(locale)
    target, tally = Target.chosen(folder, "intake", url), Tally(language)
    lines = file.read_bytes().splitlines()
    verdicts = result or file.with_suffix(".verdicts.jsonl")
    address = target.url("intake")
    with (
        target.client(f"dev-unit-{unit}", language=language) as client,
        verdicts.open("w", encoding="utf-8") as written,
        progress("importing", len(lines)) as shown,
    ):
        for first, chunk in chunks(lines):
            for answered in _answers(client, address, chunk):
                row = {**answered, "line": answered["line"] + first}
                tally.take(row)
                written.write(json.dumps(row, ensure_ascii=False) + "\n")
            written.flush()
            shown.by(len(chunk))
    tally.show(console)
    console.print(f"Each line's verdict is in {verdicts}", highlight=False, soft_wrap=True)
    raise typer.Exit(tally.exit_status)


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


def chunks(lines: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """How many lines were before, and the next ones: at most 500 and 8 MiB, though always one."""
    first, size = 0, 0
    for place, line in enumerate(lines):
        if place > first and (place - first == CHUNK_LINES or size + len(line) > CHUNK_BYTES):
            yield first, lines[first:place]
            first, size = place, 0
        size += len(line) + 1
    if lines[first:]:
        yield first, lines[first:]


def _answers(client: httpx.Client, address: str, chunk: list[bytes]) -> list[dict[str, Any]]:
    """An answer to every line of `chunk` that is not blank; sent again when intake is away or busy for a moment."""
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
    return rows if len(rows) == sum(1 for line in chunk if line.strip()) else None
