"""The directory of a ZIP, read strictly: every entry once, inside the file, apart from all others, and named alike in both places.

Invariant: nothing is unpacked here, and what is kept is bounded by the limits, not by what the file says of itself.
"""

import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared.files.refusals import FileRefused, refused

MIB = 1024 * 1024
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
LOCAL = struct.Struct("<4s2B4HL2L2H")
LONGEST_COMMENT = 0xFFFF
WHOLE = 0xFFFFFFFF
STORED, DEFLATED = 0, 8
ENCRYPTED = 0x1 | 0x40 | 0x2000
UNIX = 3
LONGEST_NAME = 1024
"""Of an entry, in bytes: no system makes a path that is much longer."""
UNSAFE = re.compile(rb"[\x00-\x1f\x7f]|^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`entries` and `unpacked` bytes over all levels; `ratio` of unpacked to packed beyond `plain` bytes; `depth` of archives."""

    entries: int = 5_000
    unpacked: int = 200 * MIB
    ratio: int = 200
    plain: int = 10 * MIB
    depth: int = 3


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry as the directory says: sizes in bytes, `start` is where its packed bytes begin."""

    name: bytes
    method: int
    crc: int
    packed: int
    size: int
    start: int

    @property
    def end(self) -> int:
        """Where its packed bytes end."""
        return self.start + self.packed


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """A record of the central directory: `at` is where its own header stands."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    at: int


def entries(file: BinaryIO, limits: Limits) -> tuple[Entry, ...]:
    """The entries of the ZIP in `file`, in the order of their data.

    Raises FileRefused: broken_archive, too_many_entries, overlapping_entries, encrypted or unsafe_path.
    """
    try:
        return _entries(file, limits)
    except (struct.error, OSError, OverflowError, ValueError) as error:
        raise refused("broken_archive") from error


def _entries(file: BinaryIO, limits: Limits) -> tuple[Entry, ...]:
    count, begin, end = _directory(file)
    if count > limits.entries:
        raise refused("too_many_entries")
    found: list[Entry] = []
    names: set[bytes] = set()
    for listed in sorted(_listed(file, begin, end, limits.entries), key=lambda one: one.at):
        entry = _local(file, listed)
        if entry.name in names:
            raise refused("broken_archive")
        if found and listed.at < found[-1].end:
            raise refused("overlapping_entries")
        names.add(entry.name)
        found.append(entry)
    if len(found) != count:
        raise refused("broken_archive")
    if found and found[-1].end > begin:
        raise refused("overlapping_entries")
    return tuple(found)


def _directory(file: BinaryIO) -> tuple[int, int, int]:
    """How many entries the directory states, where it begins and where it ends. The file must end with it."""
    size = file.seek(0, 2)
    tail_at = max(0, size - END.size - LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < END.size:
        raise refused("broken_archive")
    _, disk, first_disk, here, count, length, begin, comment = END.unpack_from(tail, place)
    if disk or first_disk or here != count or place + END.size + comment != len(tail):
        raise refused("broken_archive")
    end = tail_at + place
    if place >= LOCATOR.size and tail[place - LOCATOR.size : place - LOCATOR.size + 4] == b"PK\x06\x07":
        _, _, at, _ = LOCATOR.unpack_from(tail, place - LOCATOR.size)
        file.seek(at)
        signature, *_, count, length, begin = END64.unpack(_exactly(file, END64.size))
        if signature != b"PK\x06\x06":
            raise refused("broken_archive")
        end = at
    if begin + length != end:  # something stands before the archive or between its parts
        raise refused("broken_archive")
    return count, begin, end


def _listed(file: BinaryIO, begin: int, end: int, most: int) -> Iterator[_Listed]:
    file.seek(begin)
    place, seen = begin, 0
    while place < end:
        seen += 1
        if seen > most:
            raise refused("too_many_entries")
        record = CENTRAL.unpack(_exactly(file, CENTRAL.size))
        if record[0] != b"PK\x01\x02":
            raise refused("broken_archive")
        name = _exactly(file, record[12])
        extra = _exactly(file, record[13])
        _exactly(file, record[14])
        place += CENTRAL.size + record[12] + record[13] + record[14]
        packed, size, at = _wide(extra, record[10], record[11], record[18])
        mode = record[17] >> 16 if record[2] == UNIX else 0
        if len(name) > LONGEST_NAME or UNSAFE.search(name) or stat.S_ISLNK(mode):
            raise refused("unsafe_path")
        yield _Listed(name=name, flags=record[5], method=record[6], crc=record[9], packed=packed, size=size, at=at)
    if place != end:
        raise refused("broken_archive")


def _wide(extra: bytes, packed: int, size: int, at: int) -> tuple[int, int, int]:
    """Sizes and place, from the ZIP64 field where the record itself has no room for them."""
    if WHOLE not in {packed, size, at}:
        return packed, size, at
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{length // 8}Q", extra, place + 4))
            size, packed, at = (next(values, value) if value == WHOLE else value for value in (size, packed, at))
            return packed, size, at
        place += 4 + length
    raise refused("broken_archive")


def _local(file: BinaryIO, listed: _Listed) -> Entry:
    """The entry behind its own header, which must agree with the directory."""
    file.seek(listed.at)
    record = LOCAL.unpack(_exactly(file, LOCAL.size))
    if record[0] != b"PK\x03\x04":
        raise refused("broken_archive")
    name = _exactly(file, record[10])
    if (listed.flags | record[3]) & ENCRYPTED:
        raise refused("encrypted")
    if name != listed.name or record[4] != listed.method or listed.method not in {STORED, DEFLATED}:
        raise refused("broken_archive")
    start = listed.at + LOCAL.size + record[10] + record[11]
    return Entry(name=name, method=listed.method, crc=listed.crc, packed=listed.packed, size=listed.size, start=start)


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise refused("broken_archive")
    return data


__all__ = ["DEFLATED", "MIB", "STORED", "Entry", "FileRefused", "Limits", "entries"]
