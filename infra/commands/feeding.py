"""Bringing requests and people in from files."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from infra.commands.target import FOLDER, Target, checked

console = Console()
CHUNK = 500
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def add_to(app: typer.Typer) -> None:
    """import, people."""
    app.command("import")(import_requests)
    app.command()(people)


def import_requests(
    file: File,
    unit: Annotated[str, typer.Option(help="the business unit whose token sends them")],
    folder: Annotated[Path, typer.Option(help="the stack's folder")] = FOLDER,
    result: Annotated[Path | None, typer.Option(help="where the verdict of each line is written")] = None,
) -> None:
    """Send a file of JSON Lines; a verdict per line. Running it again from the start changes nothing."""
    target, counts = Target.at(folder), Counter[str]()
    lines = file.read_bytes().splitlines()
    verdicts = result or file.with_suffix(".verdicts.jsonl")
    with target.client(f"dev-unit-{unit}") as client, verdicts.open("w", encoding="utf-8") as written, Progress() as progress:
        task = progress.add_task("importing", total=len(lines))
        for first, chunk in _chunks(lines):
            answer = client.post(f"{target.url('intake')}/v1/requests:batch", content=b"\n".join(chunk))
            if not answer.is_success:
                checked(answer)
            for row in map(json.loads, answer.content.splitlines()):
                counts["duplicate" if row["duplicate"] else row["outcome"]] += 1
                written.write(json.dumps({**row, "line": row["line"] + first}, ensure_ascii=False) + "\n")
            progress.advance(task, len(chunk))
    console.print(f"{dict(counts)}; each line's verdict is in {verdicts}")


def people(file: File, folder: Annotated[Path, typer.Option(help="the stack's folder")] = FOLDER) -> None:
    """Import a directory of people (YAML)."""
    target = Target.at(folder)
    with target.client() as client:
        console.print(checked(client.post(f"{target.url('intake')}/v1/people:import", content=file.read_bytes())))


def _chunks(lines: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    for first in range(0, len(lines), CHUNK):
        yield first, lines[first : first + CHUNK]
