"""One sheet's XML as rows of cells, read piece by piece: each value as the sheet shows it, formulas by their saved results."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from shared.tables.cells import LONGEST_CELL, Cell, Unreadable, from_serial
from shared.tables.faults import unreadable
from shared.tables.package import Attributes, Styles, new_parser, understood
from shared.tables.texts import SharedTexts

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
ROW_CHARACTERS = 2_000_000
"""What the cells of one row may hold together; those beyond count as too long."""
EXACT = 10**15
PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
Row = tuple[int, Sequence[Cell]]


class Sheet:
    """Reads the rows of one sheet, once."""

    def __init__(self, styles: Styles, texts: SharedTexts, epoch: date) -> None:
        self._styles, self._texts, self._epoch = styles, texts, epoch
        self._done: list[Row] = []
        self._row, self._cells, self._room = 0, list[Cell](), 0
        self._column, self._attributes = 0, {}  # type: int, Attributes
        self._value: list[str] = []
        self._length = 0
        self._said = self._formula = self._taking = self._phonetic = False

    def rows(self, pieces: Iterator[bytes]) -> Iterator[Row]:
        """(row, cells) of each row that is there, blank ones among them. Raises TableFault at what is no sheet."""
        parser = new_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        for piece in pieces:
            with understood():
                parser.Parse(piece, False)
            yield from self._done
            self._done.clear()
        with understood():
            parser.Parse(b"", True)
        yield from self._done

    def _start(self, tag: str, attributes: Attributes) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                self._begin_row(attributes.get("r"))
            case "c":
                self._begin_cell(attributes)
            case "f":
                self._formula = True
            case "v":
                self._said = self._taking = True
            case "t":
                self._taking = not self._phonetic
            case "rPh":
                self._phonetic = True

    def _end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "v" | "t":
                self._taking = False
            case "rPh":
                self._phonetic = False
            case "c":
                self._cells.extend([None] * (self._column - 1 - len(self._cells)))
                self._cells.append(self._cell())
            case "row":
                self._done.append((self._row, self._cells))

    def _characters(self, text: str) -> None:
        if self._taking:
            self._length += len(text)
            self._room -= len(text)
            if self._length <= LONGEST_CELL and self._room >= 0:
                self._value.append(text)

    def _begin_row(self, given: str | None) -> None:
        row = self._row + 1 if given is None else int(given) if given.isdecimal() and len(given) < 8 else 0
        if not self._row < row <= MAX_ROWS:
            zh, en = f"工作表的行号混乱（第 {self._row} 行之后）。", f"The sheet's rows are out of order after row {self._row}."
            raise unreadable("broken_workbook", f"{zh}请重新另存。", f"{en} Save it again.", place=self._row)
        self._row, self._cells, self._room = row, [], ROW_CHARACTERS

    def _begin_cell(self, attributes: Attributes) -> None:
        match = PLACE.fullmatch(attributes.get("r", ""))
        column = len(self._cells) + 1 if match is None else _column(match[1])
        if not len(self._cells) < column <= MAX_COLUMNS:
            zh, en = f"第 {self._row} 行的单元格次序混乱。", f"The cells of row {self._row} are out of order."
            raise unreadable("broken_workbook", f"{zh}请重新另存。", f"{en} Save the workbook again.", place=self._row)
        self._column, self._attributes = column, attributes
        self._value, self._length = [], 0
        self._said = self._formula = self._taking = self._phonetic = False

    def _cell(self) -> Cell:
        if self._length > LONGEST_CELL or self._room < 0:
            return Unreadable("cell_too_long")
        text, kind = "".join(self._value), self._attributes.get("t", "n")
        if self._formula and not text and kind != "str":
            return Unreadable("not_computed")
        match kind:
            case "e":
                return Unreadable("cell_error")
            case "inlineStr" | "str":
                return text or None
            case "b":
                return text.strip() in {"1", "true"} if text else None
            case "s":
                return self._shared(text.strip())
            case "d":
                return text or None
            case _:
                return self._number(text.strip()) if text.strip() else None

    def _shared(self, number: str) -> Cell:
        found = self._texts.text(int(number)) if number.isdecimal() and len(number) < 10 else Unreadable("cell_error")
        self._room -= len(found) if isinstance(found, str) else 0
        return found if self._room >= 0 else Unreadable("cell_too_long")

    def _number(self, text: str) -> Cell:
        try:
            number = float(text)
        except ValueError:
            return Unreadable("cell_error")
        shows = self._styles.of(self._attributes.get("s"))
        if shows:
            return self._moment(number, shows)
        if not abs(number) < EXACT:
            return Unreadable("digits_lost")
        return int(number) if number.is_integer() else number

    def _moment(self, number: float, shows: str) -> Cell:
        """A date where the sheet shows a date, a time of day as text where it shows no more."""
        if shows == "time" and 0 <= number < 1:
            seconds = round(number * 86_400) % 86_400
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
        found = from_serial(number, self._epoch)
        if found is None:
            return Unreadable("cell_error")
        return found.date() if shows == "date" and isinstance(found, datetime) else found


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
