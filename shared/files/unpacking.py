"""Unpacks a whole archive once, into nothing: every entry must be as large as it says and hold nothing that may not come in.

Invariant: no more bytes are unpacked than the limits allow, archives within archives included, and a piece at a time is in memory.
"""

import re
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from shared.files.archive import MIB, STORED, Entry, Limits, entries
from shared.files.executables import is_dangerous, is_program
from shared.files.refusals import refused

PIECE = 64 * 1024
HEAD = 512
"""At least so many bytes of an entry are looked at together: a stream may give its first bytes one by one."""
IN_MEMORY = MIB
MOST_PROLOG = MIB
MOST_PARSED = 16 * MIB
FETCHED = frozenset({"attachedTemplate", "oleObject", "frame", "subDocument"})
"""Kinds of relations whose targets Office loads by itself when the file is opened."""
ELSEWHERE = re.compile(r"\s*(?:(?:https?|ftp|mhtml|smb|webdavs?):|[\\/]{2}|file:(?://[^/\\]|/{4,}|[\\/]*\\\\))", re.IGNORECASE)
TYPES = b"[Content_Types].xml"
XML = (b".xml", b".rels", b".vml")
ZIP = b"PK\x03\x04"


@dataclass(kw_only=True)
class Contents:
    """What an archive holds: the names of its entries, and the content types of an Office package (empty for any other)."""

    names: frozenset[bytes]
    types: tuple[str, ...] = ()
    mimetype: bytes = b""


@dataclass
class _Budget:
    """What may still be unpacked, over all levels."""

    entries: int
    unpacked: int
    spent: int = field(default=0)

    def reserve(self, found: tuple[Entry, ...], packed: int, limits: Limits) -> None:
        """Refuse by what the directory says, before a byte is unpacked."""
        self.entries -= len(found)
        said = sum(entry.size for entry in found)
        if self.entries < 0:
            raise refused("too_many_entries")
        if self.spent + said > self.unpacked or (said > limits.plain and said > limits.ratio * packed):
            raise refused("unpacks_too_large")

    def spend(self, octets: int) -> None:
        self.spent += octets
        if self.spent > self.unpacked:
            raise refused("unpacks_too_large")


def ensure_sound(file: BinaryIO, limits: Limits | None = None) -> Contents:
    """What the archive in `file` holds, after all of it was unpacked once. Raises FileRefused."""
    given = limits or Limits()
    return _level(file, given, _Budget(entries=given.entries, unpacked=given.unpacked), given.depth)


def _level(file: BinaryIO, limits: Limits, budget: _Budget, depth: int) -> Contents:
    if depth == 0:
        raise refused("nested_too_deep")
    found = entries(file, limits)
    budget.reserve(found, file.seek(0, 2), limits)
    contents = Contents(names=frozenset(entry.name for entry in found))
    package = TYPES in contents.names
    for entry in found:
        _entry(file, entry, contents, package, lambda inner: _level(inner, limits, budget, depth - 1), budget)
    return contents


def _entry(
    file: BinaryIO,
    entry: Entry,
    contents: Contents,
    package: bool,
    inside: Callable[[BinaryIO], object],
    budget: _Budget,
) -> None:
    """Unpack one entry, looking at it by the way: programs, XML that declares entities, archives within."""
    lowered = entry.name.lower()
    if is_dangerous(entry.name.decode("utf-8", "replace")):
        raise refused("executable")
    prolog = _Prolog(whole=entry.name == TYPES or lowered.endswith(b".rels")) if package and lowered.endswith(XML) else None
    nested: BinaryIO | None = None
    try:
        for place, piece in enumerate(_headed(_unpacked(file, entry))):
            budget.spend(len(piece))
            if place == 0:
                if is_program(piece):
                    raise refused("executable")
                if piece.startswith(ZIP):
                    nested = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115
                if entry.name == b"mimetype":
                    contents.mimetype = piece[:200].strip()
            if prolog is not None:
                prolog.feed(piece)
            if nested is not None:
                nested.write(piece)
        if prolog is not None and prolog.types:
            contents.types = tuple(prolog.types)
        if nested is not None:
            inside(nested)
    finally:
        if nested is not None:
            nested.close()


def _headed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, the first ones together."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD:
            break
    if head:
        yield head
    yield from pieces


def _unpacked(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The entry's bytes in pieces of at most 64 KiB. Raises FileRefused when they are not as many, or not those, it says."""
    made, crc = 0, 0
    for piece in _packed(file, entry) if entry.method == STORED else _inflated(file, entry):
        made += len(piece)
        crc = zlib.crc32(piece, crc)
        if made > entry.size:
            raise refused("false_size")
        yield piece
    if made != entry.size or crc != entry.crc:
        raise refused("false_size")


def _packed(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    place = entry.start
    while place < entry.end:
        file.seek(place)
        piece = file.read(min(PIECE, entry.end - place))
        if not piece:
            raise refused("broken_archive")
        place += len(piece)
        yield piece


def _inflated(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _packed(file, entry):
            rest = packed
            while rest and not machine.eof:
                piece = machine.decompress(rest, PIECE)
                rest = machine.unconsumed_tail
                if piece:
                    yield piece
        while not machine.eof and (piece := machine.decompress(b"", PIECE)):
            yield piece
    except zlib.error as error:
        raise refused("broken_archive") from error
    if not machine.eof or machine.unused_data:
        raise refused("false_size")


class _Prolog:
    """Reads XML as far as its first element, or, when `whole`, to its end: a document type is refused before it can declare
    entities, and so are relations to what Office would load from elsewhere.
    """

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole
        self.types: list[str] = []
        self._begun = False
        self._read = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start

    def feed(self, piece: bytes) -> None:
        """Read on. Raises FileRefused."""
        if self._begun and not self.whole:
            return
        self._read += len(piece)
        if self._read > (MOST_PARSED if self.whole else MOST_PROLOG):
            raise refused("broken_archive")
        try:
            self._parser.Parse(piece, False)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise refused("broken_archive") from error

    def _start(self, _tag: str, attributes: dict[str, str]) -> None:
        self._begun = True
        if "ContentType" in attributes:
            self.types.append(attributes["ContentType"])
        fetched = attributes.get("TargetMode") == "External" and attributes.get("Type", "").rpartition("/")[2] in FETCHED
        if fetched and ELSEWHERE.match(attributes.get("Target", "")):
            raise refused("remote_content")

    def _refuse(self, *_: object) -> None:
        raise refused("doctype")
