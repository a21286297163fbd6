"""The file of verdicts: a JSON object a line, or, when it is called NAME.csv, a table for spreadsheet programs."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from infra.commands.language import Language
from infra.commands.verdicts import NOT_TAKEN, reasons
from shared.tables.harmless import harmless

HEADER = ("line", "record", "outcome", "duplicate", "number", "status", "field", "why")


class Results(Protocol):
    """Takes verdicts one after the other."""

    def take(self, row: dict[str, Any]) -> None: ...

    def flush(self) -> None: ...


@contextmanager
def results(path: Path, language: Language) -> Iterator[Results]:
    """A file for verdicts until the block ends; what was there before is written over."""
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            yield _Table(file, language)
    else:
        with path.open("w", encoding="utf-8") as file:
            yield _Lines(file)


class _Lines:
    def __init__(self, file: Any) -> None:
        self._file = file

    def take(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def flush(self) -> None:
        self._file.flush()


class _Table(_Lines):
    """A row for each reason, one for a verdict without any. No cell is a formula, whatever was in the request."""

    def __init__(self, file: Any, language: Language) -> None:
        super().__init__(file)
        self._rows, self._language = csv.writer(file), language
        self._rows.writerow(HEADER)

    def take(self, row: dict[str, Any]) -> None:
        why = list(reasons(row, self._language)) if row["outcome"] in NOT_TAKEN else [("", "")]
        for field, text in why:
            told = [row.get(name) for name in HEADER[:-2]]
            self._rows.writerow([harmless("" if cell is None else str(cell)) for cell in (*told, field, text)])
