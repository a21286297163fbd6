"""Record batches as the broker sent them, read record by record: those that can be read, and those that cannot as bytes. Pure.

Only what the client library failed on comes here; everything else is decoded by the library alone. The form is
Kafka's record batch v2 (kafka.apache.org/documentation, "Record Batch").
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import UnsupportedCodecError
from aiokafka.record.default_records import _DefaultRecordBatchPy as Batch
from aiokafka.record.util import decode_varint

FRAME = struct.Struct(">qi")
MAGIC_AT = 16
MAGIC = 2
LAST_CODEC = 4


class NoBatchError(Exception):
    """The broker's answer does not begin with a whole record batch."""


class MissingCodecError(Exception):
    """The batch is compressed in a way this installation has no library for; nothing is wrong with the records."""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """The bytes of one record, or of everything from there to the end of its batch where records cannot be told apart.

    `offset` is the last offset these bytes cover. `key` is None where it cannot be had.
    """

    offset: int
    key: bytes | None
    content: bytes
    problem: str


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The records up to the end of the first batch that holds an unreadable one, and the offset behind that batch."""

    records: tuple[Any, ...]
    behind: int


def examine(data: bytes, position: int, end: int) -> Examined | None:
    """Read `data`, the broker's answer for `position` of a partition whose log ends at `end`; None when all of it can be read.

    A client that began anywhere inside the batch would fail on it again, so the batch is read to its end here. Raises
    NoBatchError when not even the first batch is whole, and MissingCodecError.
    """
    records: list[Any] = []
    frames = list(_frames(data))
    if data and not frames:
        raise NoBatchError(f"{len(data)} bytes at offset {position} are no whole record batch")
    for content, following in frames:
        fault = _fault(content)
        if fault is not None:
            behind = max(_behind(content, following, end), position + 1)
            return Examined(records=(*records, _all(content, behind, fault)), behind=behind)
        batch = Batch(content)
        if batch.is_control_batch:
            continue
        walked = list(_walk(batch))
        records += [record for record in walked if record.offset >= position]
        if any(isinstance(record, Unreadable) for record in walked):
            return Examined(records=tuple(records), behind=max(batch.next_offset, position + 1))
    return None


def _frames(data: bytes) -> Iterator[tuple[bytes, int | None]]:
    """Each whole batch with the base offset of what follows it, if the answer goes on."""
    at = 0
    while at + FRAME.size <= len(data):
        end = at + FRAME.size + FRAME.unpack_from(data, at)[1]
        if not at + MAGIC_AT < end <= len(data):
            return
        following = FRAME.unpack_from(data, end)[0] if end + FRAME.size <= len(data) else None
        yield data[at:end], following
        at = end


def _fault(content: bytes) -> str | None:
    """Why nothing inside the batch can be trusted."""
    if content[MAGIC_AT] != MAGIC:
        return f"record format {content[MAGIC_AT]} is not read"
    if len(content) < Batch.HEADER_STRUCT.size:
        return "the record batch is shorter than its header"
    batch = Batch(content)
    if not batch.validate_crc():
        return "the checksum of the record batch is wrong"
    if batch.compression_type > LAST_CODEC:
        return f"compression {batch.compression_type} is not known"
    if batch.compression_type:
        try:
            batch._assert_has_codec(batch.compression_type)
        except UnsupportedCodecError as error:
            raise MissingCodecError(str(error)) from error
    return None


def _walk(batch: Batch) -> Iterator[Any]:
    """Every record of a batch whose checksum is right; what cannot be read as Unreadable."""
    try:
        iter(batch)
    except Exception as error:  # noqa: BLE001  # whatever a decompressor raises, the batch cannot be opened
        yield _all(bytes(batch._buffer), batch.next_offset, repr(error))
        return
    for _ in range(batch._num_records):
        start = batch._pos
        try:
            yield batch._read_msg()
        except Exception as error:  # noqa: BLE001  # whatever the library raises, this is the record it raises it on
            one, batch._pos = _single(batch, start, repr(error))
            yield one
            if batch._pos == len(batch._buffer):
                return


def _single(batch: Batch, start: int, problem: str) -> tuple[Unreadable, int]:
    """The record at `start` and where the next begins; everything that is left when its own length cannot be read."""
    buffer = batch._buffer
    try:
        length, at = decode_varint(buffer, start)
        end = at + length
        _, at = decode_varint(buffer, at)
        _, at = decode_varint(buffer, at)
        delta, at = decode_varint(buffer, at)
        size, at = decode_varint(buffer, at)
    except (IndexError, ValueError):
        end = -1
    if not start < end <= len(buffer) or not 0 <= delta <= batch.last_offset_delta:
        return _all(bytes(buffer[start:]), batch.next_offset, problem), len(buffer)
    key = bytes(buffer[at : at + size]) if 0 <= size <= end - at else None
    offset = batch.base_offset + delta
    return Unreadable(offset=offset, key=key, content=bytes(buffer[start:end]), problem=problem), end


def _all(content: bytes, behind: int, problem: str) -> Unreadable:
    return Unreadable(offset=behind - 1, key=None, content=content, problem=problem)


def _behind(content: bytes, following: int | None, end: int) -> int:
    """The offset behind a damaged batch. It may lie about its own length, so what the broker put behind it goes first."""
    if following is not None:
        return following
    known = content[MAGIC_AT] == MAGIC and len(content) >= Batch.HEADER_STRUCT.size
    return min(Batch(content).next_offset if known else int(FRAME.unpack_from(content)[0]) + 1, end)
