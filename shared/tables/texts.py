"""The texts that a workbook's cells share, kept in a file beside memory: a hundred thousand rows may share as many texts."""

import tempfile
from array import array
from collections.abc import Callable
from functools import lru_cache

from shared.tables.cells import LONGEST_CELL, Cell, Unreadable
from shared.tables.package import Package, new_parser, understood

IN_MEMORY = 8 * 1024 * 1024
REMEMBERED = 500
TOO_LONG = 0xFFFF_FFFF


class SharedTexts:
    """The shared texts by number; read once, when the first is asked for."""

    def __init__(self, package: Package, part: str | None, limit: int) -> None:
        self._package, self._part, self._limit = package, part, limit
        self._starts, self._lengths = array("Q"), array("L")
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # it lives as long as this object
        self._read = False
        self.text = lru_cache(maxsize=REMEMBERED)(self._text)

    def _text(self, number: int) -> Cell:
        """The text of a number; an error when there is none."""
        if not self._read:
            self._read = True
            self._load()
        if not 0 <= number < len(self._starts):
            return Unreadable("cell_error")
        if self._lengths[number] == TOO_LONG:
            return Unreadable("cell_too_long")
        self._file.seek(self._starts[number])
        return self._file.read(self._lengths[number]).decode()

    def _load(self) -> None:
        if self._part is None or not self._package.has(self._part):
            return
        parser = new_parser()
        gathering = _Gathering(self._keep)
        parser.StartElementHandler = gathering.start
        parser.EndElementHandler = gathering.end
        parser.CharacterDataHandler = gathering.characters
        with understood():
            for piece in self._package.pieces(self._part, self._limit):
                parser.Parse(piece, False)
            parser.Parse(b"", True)

    def _keep(self, text: str | None) -> None:
        raw = b"" if text is None else text.encode("utf-8", "replace")
        self._file.seek(0, 2)
        self._starts.append(self._file.tell())
        self._lengths.append(TOO_LONG if text is None else len(raw))
        self._file.write(raw)


class _Gathering:
    """Joins the runs of each text; None for one that is too long. Readings of characters (phonetic) are no part of it."""

    def __init__(self, keep: Callable[[str | None], None]) -> None:
        self._keep = keep
        self._runs: list[str] = []
        self._length = 0
        self._taking = self._phonetic = False

    def start(self, tag: str, _: object) -> None:
        match tag.rpartition(":")[2]:
            case "si":
                self._runs, self._length = [], 0
            case "rPh":
                self._phonetic = True
            case "t":
                self._taking = not self._phonetic

    def characters(self, text: str) -> None:
        if self._taking:
            self._length += len(text)
            if self._length <= LONGEST_CELL:
                self._runs.append(text)

    def end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "t":
                self._taking = False
            case "rPh":
                self._phonetic = False
            case "si":
                self._keep("".join(self._runs) if self._length <= LONGEST_CELL else None)
