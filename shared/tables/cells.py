"""Cells as files give them, and each as a value of the field it is meant for. Pure.

A text that is no number or no date where one is wanted is left as it is: the one validator says so, as on every channel.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from shared.catalogue.pack import fold
from shared.schemas.model import Text

LONGEST_CELL = 32_767
"""Characters; the most that a spreadsheet holds in one cell."""
EPOCH = date(1899, 12, 30)
SERIALS = range(1, 2_958_466)
"""The days that a spreadsheet counts, up to the end of the year 9999."""
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,12})?")
YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    r"(?:[ T]*(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})分?(?::(?P<second>\d{1,2}))?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Unreadable:
    """A cell whose value the file does not tell; `code` is a key of REASONS."""

    code: str


Cell = str | int | float | bool | date | datetime | Unreadable | None
REASONS: Mapping[str, Text] = {
    "cell_error": Text(
        zh="“{}”列的单元格是错误值（如 #N/A）；请改正公式。", en="The cell in “{}” is an error such as #N/A; mend its formula."
    ),
    "not_computed": Text(
        zh="“{}”列的公式没有保存计算结果；请在表格软件中打开、保存后再导入。",
        en="The formula in “{}” was saved without its result; open the file in a spreadsheet program, save it, import it again.",
    ),
    "cell_too_long": Text(
        zh=f"“{{}}”列的单元格超过 {LONGEST_CELL} 字；请缩短，或改为附件。",
        en=f"The cell in “{{}}” is longer than {LONGEST_CELL} characters; shorten it, or attach it as a file.",
    ),
    "digits_lost": Text(
        zh="“{}”列的数字超过 15 位，表格软件已丢失其末尾数字；请将该列设为文本后重新填写。",
        en="The number in “{}” has more than 15 digits, and the spreadsheet has lost the last ones; format the column as text.",
    ),
    "bad_json": Text(
        zh="“{}”列的内容以括号开头，但不是有效的 JSON；请改正。",
        en="The cell in “{}” begins with a bracket but is not valid JSON.",
    ),
}


class CellFault(Exception):  # noqa: N818  # it is answered, with the column's name, by who knows it
    """The cell tells no value; `code` is a key of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How cells are written: the zone of times without one (None: the sender's), formats of dates (strptime), of numbers, of lists."""

    zone: tzinfo | None = None
    dates: tuple[str, ...] = ()
    decimal: str = "."
    group: str = ","
    separators: tuple[str, ...] = ("\n",)
    json_starts: tuple[str, ...] = ("[", "{")
    epoch: date | None = EPOCH


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a column's cells go, and as what: `kind` is a field's type in the catalogue; `values` translate, keys folded."""

    path: tuple[str, ...]
    kind: str = "text"
    values: Mapping[str, Any] = field(default_factory=dict)
    factor: Decimal | None = None
    dates: tuple[str, ...] = ()

    def value(self, cell: Cell, reading: Reading) -> object:
        """What `cell` means here; None when it says nothing. Raises CellFault."""
        if isinstance(cell, Unreadable):
            raise CellFault(cell.code)
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return None
        if isinstance(cell, str) and len(cell) > LONGEST_CELL:
            raise CellFault("cell_too_long")
        if self.values and (key := fold(written(cell))) in self.values:
            return self.values[key]
        match self.kind:
            case "texts" | "choices":
                return _list(cell, self, reading)
            case "integer" | "number" | "money":
                return _number(cell, self.factor, reading)
            case "time":
                return _time(cell, self, reading)
            case "record" | "lines" | "window":
                return _structured(cell, reading)
            case "choice":
                return written(cell).strip()
            case _:
                return written(cell)


def written(cell: Cell) -> str:
    """A cell as text, as a person would write it."""
    match cell:
        case None | Unreadable():
            return ""
        case str():
            return cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime():
            return cell.isoformat(" ", "seconds" if cell.second else "minutes")
        case _:
            return str(cell)


def plain(cell: Cell) -> object:
    """A cell as a value of JSON, for what no field is known for. Raises CellFault."""
    if isinstance(cell, Unreadable):
        raise CellFault(cell.code)
    if isinstance(cell, str) and len(cell) > LONGEST_CELL:
        raise CellFault("cell_too_long")
    return cell if isinstance(cell, bool | int | float | str) else written(cell)


def parts(text: str, separators: tuple[str, ...]) -> list[str]:
    """The entries of a cell that holds a list, without blank ones."""
    entries = [text.replace("\r\n", "\n").replace("\r", "\n")]
    for separator in separators:
        entries = [part for entry in entries for part in entry.split(separator)]
    return [entry.strip() for entry in entries if entry.strip()]


def parsed(text: str) -> object:
    """The JSON in `text`; raises CellFault, also for a key that is said twice."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CellFault("bad_json") from error


def moment_of(text: str, formats: tuple[str, ...]) -> date | datetime | None:
    """The date or time in `text`, by `formats` first, then with the year in front; None when it is none of these."""
    given = text.strip()
    for form in formats:
        try:
            found = datetime.strptime(given, form)  # noqa: DTZ007  # the zone is set by who knows it
        except ValueError:
            continue
        return found if any(mark in form for mark in ("%H", "%I", "%T", "%X", "%c")) else found.date()
    match = YEAR_FIRST.fullmatch(unicodedata.normalize("NFKC", given)) if len(given) <= 40 else None
    if match is None:
        return None
    number = {key: int(value) for key, value in match.groupdict().items() if value is not None}
    try:
        day = date(number["year"], number["month"], number["day"])
        if "hour" not in number:
            return day
        return datetime(day.year, day.month, day.day, number["hour"], number["minute"], number.get("second", 0))  # noqa: DTZ001  # as above
    except ValueError:
        return None


def from_serial(serial: float, epoch: date) -> date | datetime | None:
    """The moment that a spreadsheet writes as `serial` days since `epoch`, to the second; None outside its calendar."""
    if not SERIALS.start <= serial < SERIALS.stop:
        return None
    start = datetime(epoch.year, epoch.month, epoch.day)  # noqa: DTZ001  # as above
    try:
        return start + timedelta(seconds=round(serial * 86_400))
    except OverflowError:
        return None


def _list(cell: Cell, target: Target, reading: Reading) -> object:
    """The entries of a list; one choice alone goes as it is, since some fields tell one choice from a list of one."""
    text = written(cell)
    if text.lstrip().startswith(reading.json_starts):
        return parsed(text)
    entries = [target.values.get(fold(part), part) for part in parts(text, reading.separators)]
    return entries[0] if target.kind == "choices" and len(entries) == 1 else entries


def _structured(cell: Cell, reading: Reading) -> object:
    """A cell for a record or for lines holds JSON; anything else is the validator's to refuse."""
    text = written(cell)
    return parsed(text) if text.lstrip().startswith(reading.json_starts) else text


def _number(cell: Cell, factor: Decimal | None, reading: Reading) -> object:
    if isinstance(cell, bool | date):
        return written(cell)
    text = unicodedata.normalize("NFKC", written(cell)).strip()
    if reading.group:
        text = text.replace(reading.group, "")
    if reading.decimal != ".":
        text = text.replace(reading.decimal, ".")
    if not PLAIN_NUMBER.fullmatch(text):
        return cell if isinstance(cell, int | float) else written(cell).strip()
    number = Decimal(text) * (factor if factor is not None else 1)
    return int(number) if number == number.to_integral_value() else float(number)


def _time(cell: Cell, target: Target, reading: Reading) -> object:
    found: date | datetime | None = None
    if isinstance(cell, str):
        found = moment_of(cell, target.dates or reading.dates)
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and reading.epoch is not None:
        found = from_serial(cell, reading.epoch)
    elif isinstance(cell, date):
        found = cell
    if found is None:
        return written(cell).strip()
    if isinstance(found, datetime):
        return (found.replace(tzinfo=reading.zone) if found.tzinfo is None else found).isoformat()
    return found.isoformat()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError
    return result
