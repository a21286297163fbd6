"""A batch with something undecodable in it is read to its end: nothing of it is lost, and where it ends is known."""

import gzip
import struct

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.messaging.batches import Examined, NoBatchError, Unreadable, examine

NAME, ODD = b"spoil-here", b"\xff" * 10
CRC_AT, ATTRIBUTES_AT, LAST_DELTA_AT = 17, 21, 23


def built(*values: bytes, spoilt: tuple[int, ...] = (), base: int = 0, compression: int = 0) -> bytes:
    """A batch of one record per value, with keys k0, k1 …; those `spoilt` have a header name that is not UTF-8."""
    builder = DefaultRecordBatchBuilder(
        2, compression, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=1_000_000
    )
    for number, value in enumerate(values):
        headers = [(NAME.decode(), b"x")] if number in spoilt else []
        builder.append(number, timestamp=1_800_000_000_000, key=f"k{number}".encode(), value=value, headers=headers)
    return signed(bytes(builder.build()).replace(NAME, ODD), base)


def signed(content: bytes, base: int = 0) -> bytes:
    """`content` with a right checksum, at offset `base`."""
    changed = bytearray(content)
    struct.pack_into(">q", changed, 0, base)
    struct.pack_into(">I", changed, CRC_AT, calc_crc32c(bytes(changed[ATTRIBUTES_AT:])))
    return bytes(changed)


def told(examined: Examined | None) -> list[tuple[int, bytes | None, bool]]:
    """Offset and key of each record, and whether it can be read."""
    assert examined is not None
    return [(one.offset, one.key, not isinstance(one, Unreadable)) for one in examined.records]


def test_what_can_be_read_is_left_to_the_client() -> None:
    assert examine(built(b"1", b"2"), 0, 2) is None
    assert examine(b"", 0, 0) is None


def test_a_bad_record_stands_among_the_good_ones_of_its_batch() -> None:
    data = built(b"1", b"2", b"3", spoilt=(1,), base=40)
    found = examine(data, 40, 43)
    assert told(found) == [(40, b"k0", True), (41, b"k1", False), (42, b"k2", True)]
    assert found is not None
    assert found.behind == 43
    assert ODD in found.records[1].content
    assert found.records[1].content in data


def test_every_bad_record_of_a_batch_is_told_apart() -> None:
    assert [good for _, _, good in told(examine(built(b"1", b"2", b"3", b"4", spoilt=(0, 1, 3)), 0, 4))] == [
        False,
        False,
        True,
        False,
    ]


def test_good_batches_before_it_come_too_and_those_behind_it_do_not() -> None:
    data = built(b"1", b"2") + built(b"3", spoilt=(0,), base=2) + built(b"4", base=3)
    found = examine(data, 0, 4)
    assert [offset for offset, _, _ in told(found)] == [0, 1, 2]
    assert found is not None
    assert found.behind == 3


def test_what_was_handled_of_the_batch_already_does_not_come_again() -> None:
    assert told(examine(built(b"1", b"2", b"3", spoilt=(0,)), 1, 3)) == [(1, b"k1", True), (2, b"k2", True)]


def test_an_incomplete_batch_at_the_end_is_left_for_the_next_fetch() -> None:
    data = built(b"1", spoilt=(0,)) + built(b"2", base=1)[:-3]
    assert told(examine(data, 0, 2)) == [(0, b"k0", False)]


def test_a_compressed_batch_is_opened() -> None:
    plain = built(b"1", b"2", spoilt=(1,))
    header, body = bytearray(plain[:61]), gzip.compress(plain[61:])
    struct.pack_into(">i", header, 8, len(header) - 12 + len(body))
    struct.pack_into(">h", header, ATTRIBUTES_AT, 1)
    assert told(examine(signed(bytes(header) + body), 0, 2)) == [(0, b"k0", True), (1, b"k1", False)]


def test_a_batch_that_cannot_be_opened_is_one_unreadable_piece() -> None:
    header = bytearray(built(b"1", b"2"))
    struct.pack_into(">h", header, ATTRIBUTES_AT, 1)
    assert told(examine(signed(bytes(header), 10), 10, 12)) == [(11, None, False)]


def test_a_wrong_checksum_makes_one_unreadable_piece_of_all_its_bytes() -> None:
    data = built(b"1", b"2", base=7)[:-1] + b"?"
    found = examine(data, 7, 9)
    assert told(found) == [(8, None, False)]
    assert found is not None
    assert (found.records[0].content, found.behind) == (data, 9)


@pytest.mark.parametrize("told_delta", [-5, 100_000])
def test_a_damaged_batch_is_not_believed_about_its_own_length(told_delta: int) -> None:
    damaged = bytearray(built(b"1", b"2"))
    struct.pack_into(">i", damaged, LAST_DELTA_AT, told_delta)
    followed = examine(bytes(damaged) + built(b"3", base=2), 0, 3)
    assert followed is not None
    assert followed.behind == 2
    last = examine(bytes(damaged), 0, 2)
    assert last is not None
    assert 1 <= last.behind <= 2


def test_a_record_that_lies_about_its_length_takes_the_rest_of_its_batch_with_it() -> None:
    data = bytearray(built(b"1", b"2"))
    data[61] = 0x7E  # the first record's own length, beyond the end of the batch
    found = examine(signed(bytes(data)), 0, 2)
    assert told(found) == [(1, None, False)]
    assert found is not None
    assert found.records[0].content == bytes(data[61:])


def test_an_unknown_format_or_compression_is_unreadable() -> None:
    legacy = bytearray(built(b"1"))
    legacy[16] = 1
    assert told(examine(bytes(legacy), 0, 1)) == [(0, None, False)]
    unknown = bytearray(built(b"1"))
    struct.pack_into(">h", unknown, ATTRIBUTES_AT, 6)
    assert told(examine(signed(bytes(unknown)), 0, 1)) == [(0, None, False)]


def test_bytes_that_are_no_batch_are_refused() -> None:
    with pytest.raises(NoBatchError):
        examine(b"\0" * 100, 5, 6)
