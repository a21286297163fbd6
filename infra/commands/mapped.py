"""Opens a file of requests with its mapping, and shows what it means without sending any of it."""

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.enclosures import Enclosures
from infra.commands.ending import FAILED, WRONGLY_ASKED, fail
from infra.commands.language import Language, sentence
from infra.commands.sources import Entry, Source, is_table, lines_source, table_source
from shared.catalogue import load_pack
from shared.catalogue.pack import fold
from shared.client import Client
from shared.schemas.requests import Problem
from shared.tables.columns import Columns
from shared.tables.faults import TableFault
from shared.tables.mapping import FileForm, Mapping, read_mapping
from shared.tables.rows import Surroundings

SHOWN = 3
REASONS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an import was asked to do with which file."""

    path: Path
    unit: str
    mapping: Path | None
    sheet: str | None
    files: Enclosures
    language: Language


def open_source(file: BinaryIO, asked: Asked, intake: Client | None) -> Source:
    """The requests in `file`; ends the command with every fault when it or its mapping cannot be read.

    Units' names are asked of intake, where there is one to ask.
    """
    mapping = _mapping(asked)
    form = mapping.file if mapping else FileForm()
    form = form.model_copy(update={"sheet": asked.sheet}) if asked.sheet is not None else form
    try:
        if is_table(file, asked.path.suffix):
            return table_source(file, form, mapping, lambda: _surroundings(asked, intake))
        if mapping is not None and mapping.records is None:
            fail(f"{asked.mapping} says nothing of JSON Lines; add `records` to it, or leave it out.", WRONGLY_ASKED)
        return lines_source(file, mapping.records if mapping else None)
    except TableFault as fault:
        _end(asked.path, fault.problems, asked.language)


def show(source: Source, console: Console, language: Language) -> int:
    """What columns mean, the first messages, and what was not understood. The exit status: 0 when everything was, else 1."""
    if source.columns is not None:
        _show_columns(source.columns, console)
    first: list[Entry] = []
    refused: list[Entry] = []
    understood = not_understood = 0
    for entry in source.entries:
        if entry.problem is None:
            understood += 1
            first += [entry] if len(first) < SHOWN else []
        else:
            not_understood += 1
            refused += [entry] if len(refused) < REASONS_SHOWN else []
    for entry in first:
        console.print(f"line {entry.line}:", highlight=False)
        console.print(_indented(entry.raw), highlight=False, markup=False, soft_wrap=True)
    for entry in refused:
        text = sentence((entry.problem or {}).get("message"), language)
        console.print(f"line {entry.line}: {escape(text)}", highlight=False, soft_wrap=True)
    console.print(f"{understood} lines understood, {not_understood} not; nothing was sent.", highlight=False)
    return FAILED if not_understood else 0


def _mapping(asked: Asked) -> Mapping | None:
    if asked.mapping is None:
        return None
    try:
        return read_mapping(asked.mapping.read_text(encoding="utf-8-sig"), load_pack())
    except UnicodeDecodeError:
        fail(f"{asked.mapping} is not UTF-8; save it as UTF-8.")
    except TableFault as fault:
        _end(asked.mapping, fault.problems, asked.language)


def _surroundings(asked: Asked, intake: Client | None) -> Surroundings:
    units: dict[str, str] = {}
    if intake is not None:
        for unit in intake.people().business_units:
            units |= {fold(name): unit.code for name in (unit.zh, unit.en)}
    return Surroundings(pack=load_pack(), units=units, unit=asked.unit, files=asked.files)


def _end(path: Path, problems: tuple[Problem, ...], language: Language) -> NoReturn:
    for problem in problems:
        typer.secho(f"{path}: {problem.message.by_locale(language)}", fg="red", err=True)
    fail("Nothing was sent. Mend this and run the command again.")


def _show_columns(columns: Columns, console: Console) -> None:
    kinds = [None, *columns.pack.types]
    meant: dict[str, list[str]] = {name: [] for name in columns.names if name}
    for kind in kinds:
        for step in columns.plan(kind):
            means = ".".join(step.target.path) if step.target else step.whole or ("(left out)" if step.aside else "")
            if means and means not in meant[step.name]:
                meant[step.name].append(means)
    shown = Table("column", "means")
    for name, paths in meant.items():
        listed = ", ".join(islice(paths, SHOWN)) + (" …" if len(paths) > SHOWN else "")
        shown.add_row(escape(name), listed or "(not known: kept as an extra field)")
    console.print(shown)


def _indented(raw: bytes) -> str:
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except ValueError:
        return raw.decode("utf-8", "replace")
