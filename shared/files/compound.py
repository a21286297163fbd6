"""The names in an OLE compound file ([MS-CFB]): old Office documents, and locked or macro-laden ones, tell themselves by them.

Invariant: sectors are followed at most as often as the file has sectors, so that a chain that bites its tail has an end.
"""

import struct
from typing import BinaryIO

from shared.files.refusals import refused

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEADER = 512
RECORD = 128
LAST = 0xFFFFFFFA
MOST_NAMES = 20_000
UNUSED = 0


def names_in(file: BinaryIO) -> frozenset[str]:
    """The names of all storages and streams of the compound file. Raises FileRefused (broken_archive)."""
    try:
        return _names(file)
    except (struct.error, OSError, ValueError, OverflowError) as error:
        raise refused("broken_archive") from error


def _names(file: BinaryIO) -> frozenset[str]:
    size = file.seek(0, 2)
    file.seek(0)
    header = file.read(HEADER)
    (shift,) = struct.unpack_from("<H", header, 30)
    if shift not in {9, 12}:
        raise refused("broken_archive")
    sector, sectors = 1 << shift, size >> shift
    (first,) = struct.unpack_from("<I", header, 48)
    tables = _tables(file, header, sector, sectors)
    found: set[str] = set()
    place, seen = first, 0
    while place < LAST:
        seen += 1
        if seen > sectors or place >= sectors or len(found) > MOST_NAMES:
            raise refused("broken_archive")
        data = _sector(file, place, sector)
        for start in range(0, len(data) - RECORD + 1, RECORD):
            length, kind = struct.unpack_from("<HB", data, start + 64)
            if kind != UNUSED and 2 <= length <= 64:
                found.add(data[start : start + length - 2].decode("utf-16-le", "replace"))
        table, slot = divmod(place, sector // 4)
        if table >= len(tables):
            raise refused("broken_archive")
        file.seek((tables[table] + 1) * sector + 4 * slot)
        (place,) = struct.unpack("<I", file.read(4))
    return frozenset(found)


def _tables(file: BinaryIO, header: bytes, sector: int, sectors: int) -> list[int]:
    """Where the sectors are that say which sector follows which: 109 in the header, more in a chain.

    No more than tell of every sector of the file: what a chain lists beyond them tells of none.
    """
    most = -(-sectors // (sector // 4))
    found = [place for place in struct.unpack_from("<109I", header, 76) if place < LAST]
    (place,) = struct.unpack_from("<I", header, 68)
    seen = 0
    while place < LAST and len(found) < most:
        seen += 1
        if seen > sectors or place >= sectors:
            raise refused("broken_archive")
        *more, place = struct.unpack(f"<{sector // 4}I", _sector(file, place, sector))
        found += [one for one in more if one < LAST]
    return found


def _sector(file: BinaryIO, place: int, sector: int) -> bytes:
    file.seek((place + 1) * sector)
    return file.read(sector).ljust(sector, b"\0")
