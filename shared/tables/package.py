"""The parts of a workbook: a ZIP of XML, taken apart with limits on every part, so that no file makes memory or time explode."""

import codecs
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO
from xml.parsers import expat

from shared.files import archive
from shared.files.refusals import FileRefused
from shared.tables.cells import EPOCH
from shared.tables.faults import TableFault, unreadable

PIECE = 64 * 1024
MAX_PARTS = 10_000
SMALL_PART = 8 * 1024 * 1024
EPOCH_1904 = date(1904, 1, 1)
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    OSError,
    OverflowError,
    ValueError,
    LookupError,
)
"""What reading a ZIP of XML raises when it is broken: its libraries do not check all that they are told. (RuntimeError is
zipfile's for a part that wants a password; a kind of it says that it does not know a part's compression or encryption.)
"""
BUILT_IN_TIMES = {**dict.fromkeys([14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59)], "date"), 22: "datetime"}
BUILT_IN_TIMES |= dict.fromkeys([18, 19, 20, 21, 32, 33, 45, 46, 47], "time")
NO_FORMAT_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|AM/PM|A/P', re.IGNORECASE)
NOT_UTF8 = ("工作簿的部件不是 UTF-8 编码；请重新另存。", "A part of the workbook is not UTF-8; save it again.")
Attributes = Mapping[str, str]
Start = Callable[[str, Attributes], None]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that a workbook's parts may be, in bytes once unpacked."""

    sheet: int = 4 * 1024**3
    texts: int = 1024**3


@dataclass(frozen=True, kw_only=True)
class Styles:
    """What the number format of each cell style shows: date, datetime, time, or "" for a number."""

    shows: tuple[str, ...]

    def of(self, style: str | None) -> str:
        """What cells of `style` show."""
        place = int(style) if style is not None and style.isdecimal() and len(style) < 7 else 0
        return self.shows[place] if place < len(self.shows) else ""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Where things are: sheets a reader sees by name, and the parts that hold styles and shared texts."""

    sheets: Mapping[str, str]
    styles: str | None
    texts: str | None
    epoch: date


class Package:
    """An opened workbook."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises TableFault when `file` is no workbook."""
        try:
            archive.entries(file, archive.Limits(entries=MAX_PARTS))
        except FileRefused as error:
            code = "too_many_parts" if error.code == "too_many_entries" else "broken_workbook"
            raise unreadable(code, error.text.zh, error.text.en) from error
        with understood():
            self._zip = zipfile.ZipFile(file)

    def pieces(self, part: str, limit: int) -> Iterator[bytes]:
        """The bytes of `part`, unpacked piece by piece. Raises TableFault when it is not there, larger than `limit` or broken."""
        info = self._zip.NameToInfo.get(part)
        if info is None:
            raise unreadable("broken_workbook", f"工作簿缺少部件 {part[:80]}。", f"The workbook lacks its part {part[:80]}.")
        if info.file_size > limit:
            zh = f"工作簿解压后过大（{part}，上限 {limit // 1024**2} MiB）；请拆分，或另存为 CSV。"
            en = f"Unpacked the workbook is too large ({part}, limit {limit // 1024**2} MiB); split it, or save it as CSV."
            raise unreadable("workbook_too_large", zh, en)
        with understood(), self._zip.open(info) as opened:
            piece = opened.read(PIECE)
            if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise unreadable("broken_workbook", *NOT_UTF8)
            while piece:
                yield piece
                piece = opened.read(PIECE)

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part in self._zip.NameToInfo

    def contents(self) -> Contents:
        """Where sheets, styles and texts are. Raises TableFault."""
        root = next((target for kind, target in self._links("").values() if kind == "officeDocument"), "xl/workbook.xml")
        links = self._links(root)
        sheets: dict[str, str] = {}
        epoch = EPOCH

        def start(tag: str, attributes: Attributes) -> None:
            nonlocal epoch
            if tag == "sheet" and attributes.get("state", "visible") == "visible":
                link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                kind, target = links.get(link, ("", ""))
                if kind == "worksheet":
                    sheets[attributes.get("name", "")] = target
            elif tag == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                epoch = EPOCH_1904

        parse(self.pieces(root, SMALL_PART), start)
        by_kind = dict(links.values())
        return Contents(sheets=sheets, styles=by_kind.get("styles"), texts=by_kind.get("sharedStrings"), epoch=epoch)

    def styles(self, part: str | None) -> Styles:
        """What cells show, by their style."""
        if part is None or not self.has(part):
            return Styles(shows=())
        formats: dict[str, str] = {}
        shows: list[str] = []
        inside = False

        def start(tag: str, attributes: Attributes) -> None:
            nonlocal inside
            if tag == "numFmt":
                formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif tag in {"cellXfs", "cellStyleXfs", "dxfs", "cellStyles"}:
                inside = tag == "cellXfs"
            elif tag == "xf" and inside:
                number = attributes.get("numFmtId", "0")
                known = BUILT_IN_TIMES.get(int(number), "") if number.isdecimal() and len(number) < 5 else ""
                shows.append(shown_by(formats[number]) if number in formats else known)

        parse(self.pieces(part, SMALL_PART), start)
        return Styles(shows=tuple(shows))

    def _links(self, part: str) -> dict[str, tuple[str, str]]:
        """(kind, part) by id of what `part` is linked with."""
        folder, name = posixpath.split(part)
        place = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: Attributes) -> None:
            if tag == "Relationship":
                target = attributes.get("Target", "")
                whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                found[attributes.get("Id", "")] = (attributes.get("Type", "").rsplit("/", 1)[-1], whole)

        if self.has(place):
            parse(self.pieces(place, SMALL_PART), start)
        return found


def shown_by(code: str) -> str:
    """What a number format shows of a number: date, datetime, time, or "" when it shows a number."""
    letters = NO_FORMAT_LETTERS.sub("", code.split(";", 1)[0]).lower()
    day, hour = any(letter in letters for letter in "yd"), any(letter in letters for letter in "hs")
    if day:
        return "datetime" if hour else "date"
    return "time" if hour else ""


def parse(pieces: Iterator[bytes], start: Start) -> None:
    """Call `start` with the local name and attributes of every element. Raises TableFault for XML that is none."""
    parser = new_parser()
    parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
    with understood():
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)


def new_parser() -> expat.XMLParserType:
    """A parser that takes no document type: entities are how small files become large ones."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise unreadable("has_a_doctype", "工作簿含有 DOCTYPE，不予读取。", "The workbook holds a DOCTYPE; it is not read.")

    def check(_version: object, encoding: str | None, _standalone: object) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            raise unreadable("broken_workbook", *NOT_UTF8)

    parser.StartDoctypeDeclHandler, parser.XmlDeclHandler = refuse, check
    return parser


@contextmanager
def understood() -> Iterator[None]:
    """What a broken ZIP or broken XML raises becomes a fault of the file."""
    try:
        yield
    except TableFault:
        raise
    except (*BROKEN_ZIP, expat.ExpatError) as error:
        zh = f"文件不是完好的 XLSX 工作簿（{type(error).__name__}）；请重新导出或另存。"
        en = f"The file is no sound XLSX workbook ({type(error).__name__}); export it or save it again."
        raise unreadable("broken_workbook", zh, en) from error
