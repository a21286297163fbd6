"""Whether a file is text, and in which encoding: UTF-8, UTF-16 with its mark, or GB18030. In constant memory."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 64 * 1024
NO_TEXT = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1a\x1b")) + b"\x7f"
MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def encoding_of(file: BinaryIO) -> str | None:
    """The encoding in which all of `file` is text, or None when it is no text."""
    file.seek(0)
    mark = file.read(2)
    wide = next((name for known, name in MARKS if mark == known), None)
    if wide is not None:
        return wide if _fits(file, wide) else None
    if any(piece.translate(None, NO_TEXT) != piece for piece in _pieces(file)):
        return None
    return next((name for name in ("utf-8", "gb18030") if _fits(file, name)), None)


def as_utf8(head: bytes, encoding: str) -> bytes:
    """The beginning of a text in UTF-8, so that it can be looked at whatever it is written in."""
    return head.decode(encoding, "ignore").encode("utf-8", "ignore") if encoding.startswith("utf-16") else head


def _fits(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in _pieces(file):
            if encoding.startswith("utf-16") and "\0" in decoder.decode(piece):
                return False
            if not encoding.startswith("utf-16"):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece
