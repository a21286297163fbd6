"""Files as somebody hostile would make them, and honest ones beside them, each as (name, bytes)."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENT = f"{OFFICE}.wordprocessingml.document.main+xml"
TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="{main}"/>{more}</Types>'
BODY = b'<?xml version="1.0"?><w:document xmlns:w="w"><w:body/></w:document>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><w:document xmlns:w="w">&b;</w:document>'


def a_zip(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A sound ZIP of `files`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return packed.getvalue()


def an_office_file(
    main: str = DOCUMENT, *, more: str = "", parts: Mapping[str, bytes] | None = None, body: bytes = BODY
) -> bytes:
    """A package whose main part is of the content type `main`."""
    types = TYPES.format(main=main, more=more).encode()
    return a_zip({"[Content_Types].xml": types, "word/document.xml": body, **(parts or {})})


def changed(data: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """`data` with the central record of `name` changed `offset` bytes from its start."""
    place = data.rfind(name) - 46
    assert data[place : place + 4] == b"PK\x01\x02"
    return data[: place + offset] + value + data[place + offset + len(value) :]


def lying(said: int) -> bytes:
    """A ZIP whose only entry says in both headers that it unpacks to `said` bytes, and unpacks to a million."""
    data = a_zip({"a.txt": b"x" * 1_000_000})
    size = struct.pack("<I", said)
    return changed(data[:22] + size + data[26:], b"a.txt", 24, size)


def overlapping(count: int = 100) -> bytes:
    """As Fifield made them: each entry quotes the header of the next one in a stored block, and shares all data behind it."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    plain = bytes(1_000_000)
    data, crc_of, made = deflate.compress(plain) + deflate.flush(), plain, b""
    bodies: list[tuple[bytes, bytes, int]] = []
    for number in reversed(range(count)):
        name = f"k{number}".encode()
        sizes = (zlib.crc32(crc_of), len(data), len(crc_of))
        head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0x21, *sizes, len(name), 0) + name
        bodies.append((name, head, len(data)))
        made = head + data
        central = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0x21, *sizes, len(name), 0, 0, 0, 0, 0, 0) + name
        bodies[-1] = (name, central, len(made))
        quoted = b"\x00" + struct.pack("<HH", len(head), len(head) ^ 0xFFFF)
        data, crc_of = quoted + made, head + crc_of
    directory = b""
    for _, central, length in reversed(bodies):
        directory += central[:42] + struct.pack("<L", len(made) - length) + central[46:]
    return _ended(made, directory, count)


def many_entries(count: int = 300_000) -> bytes:
    """A directory of `count` records for one entry, and an end that says there is one."""
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0) + b"k"
    head = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"k"
    return _ended(local, head * count, 1)


def dripping(head: bytes) -> bytes:
    """A ZIP whose entry begins with `head`, each byte in a deflate block of its own behind a hundred kilobytes of empty ones."""
    empty = b"\x00\x00\x00\xff\xff" * 20_000
    blocks = b"".join(empty + b"\x00\x01\x00\xfe\xff" + bytes([byte]) for byte in head)
    return _single(blocks + b"\x01\x00\x00\xff\xff", head)


def _single(packed: bytes, plain: bytes) -> bytes:
    sizes = (zlib.crc32(plain), len(packed), len(plain))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0x21, *sizes, 1, 0) + b"k"
    central = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0x21, *sizes, 1, 0, 0, 0, 0, 0, 0) + b"k"
    return _ended(local + packed, central, 1)


def related(kind: str, target: str) -> bytes:
    """A Word file with one relation to `target` outside of it."""
    relation = f'<Relationship Id="r" Type="http://x/relationships/{kind}" Target="{target}" TargetMode="External"/>'
    return an_office_file(parts={"word/_rels/settings.xml.rels": f"<Relationships>{relation}</Relationships>".encode()})


def _ended(body: bytes, central: bytes, count: int) -> bytes:
    return body + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(central), len(body), 0)


def nested(depth: int, inner: bytes = b"text") -> bytes:
    """Archives within archives."""
    data = inner
    for level in range(depth):
        data = a_zip({f"{level}.zip" if level else "a.txt": data})
    return data


def quine_like(levels: int, width: int) -> bytes:
    """Like 42.zip: each level holds the next `width` times."""
    data = a_zip({"a.txt": b"\0" * 2_000_000})
    for _ in range(levels):
        data = a_zip({f"{place}.zip": data for place in range(width)}, zipfile.ZIP_STORED)
    return data


def symlink() -> bytes:
    """An entry that is a link out of the archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("readme")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return packed.getvalue()


def encrypted() -> bytes:
    """A ZIP whose entry says that it is locked."""
    data = a_zip({"a.txt": b"x"}, zipfile.ZIP_STORED)
    return changed(data[:6] + b"\x01\x00" + data[8:], b"a.txt", 8, b"\x01\x00")


def compound(*names: str) -> bytes:
    """An OLE compound file with a directory of `names`, three to a sector."""
    entries = b""
    for name in ("Root Entry", *names):
        raw = name.encode("utf-16-le") + b"\0\0"
        entries += raw.ljust(64, b"\0") + struct.pack("<HB", len(raw), 2) + bytes(61)
    entries = entries.ljust(-(-len(entries) // 512) * 512, b"\0")
    sectors = len(entries) // 512
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHH", header, 24, 0x3E, 3, 0xFFFE, 9)
    struct.pack_into("<I", header, 48, 1)
    struct.pack_into("<II", header, 60, 0xFFFFFFFE, 0)
    struct.pack_into("<II", header, 68, 0xFFFFFFFE, 0)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    chain = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    table = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    return bytes(header) + table + entries


def of_tables(size: int) -> bytes:
    """A compound file of about `size` bytes that is nothing but a chain of lists of tables, each with 127 that are none."""
    sectors = size // 512
    header = bytearray(compound()[:512])
    struct.pack_into("<II", header, 68, 0, sectors)
    struct.pack_into("<109I", header, 76, *[0xFFFFFFFF] * 109)
    ends = [*range(1, sectors), 0xFFFFFFFE]
    return bytes(header) + b"".join(struct.pack("<128I", *range(at * 127, at * 127 + 127), end) for at, end in enumerate(ends))


def biting_its_tail() -> bytes:
    """A compound file whose directory's chain of sectors never ends."""
    data = bytearray(compound("WordDocument"))
    struct.pack_into("<I", data, 512 + 4, 1)
    return bytes(data)
