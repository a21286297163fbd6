"""Looks at a whole file before it is kept: what it is by its content, and whether it may come in under the name it has.

The outcome depends on the bytes and the name alone, so that the same file gets the same answer on every channel.
"""

import re
from dataclasses import dataclass
from typing import BinaryIO

from shared.files.archive import Limits
from shared.files.compound import SIGNATURE, names_in
from shared.files.executables import is_dangerous, is_program
from shared.files.kinds import BYTES, DOCUMENTS, KINDS, Kind, opaque, signed, written
from shared.files.names import ending, harmless_name
from shared.files.refusals import refused
from shared.files.texts import as_utf8, encoding_of
from shared.files.unpacking import ZIP, Contents, ensure_sound
from shared.schemas.model import Frozen, Text

HEAD = 8192
MAIN = re.compile(
    r"(?:wordprocessingml|spreadsheetml|presentationml)\.(?:document|sheet|presentation|slideshow|template)\.main\+xml$"
)
FAMILIES = (("wordprocessingml", "docx"), ("spreadsheetml", "xlsx"), ("presentationml", "pptx"))
OLD = (("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"), ("PowerPoint Document", "ppt"))
MACRO_STREAMS = frozenset({"_VBA_PROJECT", "_VBA_PROJECT_CUR", "VBA", "Macros"})
LOCKED_STREAMS = frozenset({"EncryptedPackage", "EncryptionInfo"})
INSTALLER_STREAM = re.compile("^[\u3800-\u4840]")
UNCLAIMED = frozenset({"", BYTES, "binary/octet-stream", "application/force-download", "application/x-download"})


class Remark(Frozen):
    """Something that was put right, or that is not as it was said to be: a stable code and a sentence."""

    code: str
    message: Text


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """What a file is: the media type it is handed out under, its name made harmless, and what was not as it was said."""

    kind: str
    media_type: str
    name: str
    remarks: tuple[Remark, ...] = ()


def inspect(file: BinaryIO, *, name: str, claimed: str = "", limits: Limits | None = None) -> Inspected:
    """What `file` is, called `name` and said to be of the media type `claimed`. Raises FileRefused.

    Reads the file from its start to its end, piece by piece; an archive is unpacked once, into nothing.
    """
    safe = harmless_name(name)
    if is_dangerous(name) or is_dangerous(safe):
        raise refused("executable")
    kind, encoding = _kind(file, limits or Limits())
    called = ending(safe)
    if kind.active and called in DOCUMENTS:
        raise refused("disguised")
    media_type = kind.media_type
    if kind.key == "text":
        media_type = f"{'text/csv' if called == 'csv' else 'text/plain'}; charset={encoding}"
    return Inspected(kind=kind.key, media_type=media_type, name=safe, remarks=tuple(_remarks(kind, name, safe, claimed)))


def _kind(file: BinaryIO, limits: Limits) -> tuple[Kind, str | None]:
    """The kind of the content, and of a text its encoding."""
    file.seek(0)
    head = file.read(HEAD)
    if is_program(head):
        raise refused("executable")
    if opaque(head):
        raise refused("opaque_archive")
    if head.startswith((ZIP, b"PK\x05\x06")):
        return _packed(ensure_sound(file, limits)), None
    if head.startswith(SIGNATURE):
        return _compound(names_in(file)), None
    known = signed(head)
    if known is not None:
        return KINDS[known], None
    encoding = encoding_of(file) if head else None
    if encoding is None:
        return KINDS["unknown"], None
    return KINDS[written(as_utf8(head, encoding))], encoding


def _packed(contents: Contents) -> Kind:
    """The kind of a sound ZIP."""
    lowered = {name.lower() for name in contents.names}
    types = [given.lower() for given in contents.types]
    macros = any(name.endswith((b"vbaproject.bin", b"vbadata.xml")) or b"/macrosheets/" in name for name in lowered)
    if macros or any("macroenabled" in given or "macrosheet" in given or "vbaproject" in given for given in types):
        raise refused("macros")
    main = next((given for given in types if MAIN.search(given)), None)
    if main is not None:
        return KINDS[next(key for family, key in FAMILIES if family in main)]
    if contents.mimetype.startswith(b"application/vnd.oasis.opendocument."):
        if any(name.startswith((b"basic/", b"scripts/")) for name in lowered):
            raise refused("macros")
        found = next((kind for kind in KINDS.values() if kind.media_type.encode() == contents.mimetype), None)
        return found or KINDS["zip"]
    return KINDS["ofd" if b"ofd.xml" in lowered else "zip"]


def _compound(names: frozenset[str]) -> Kind:
    """The kind of an OLE compound file."""
    if names & LOCKED_STREAMS:
        raise refused("encrypted")
    if names & MACRO_STREAMS:
        raise refused("macros")
    found = next((key for stream, key in OLD if stream in names), None)
    if found is None and any(INSTALLER_STREAM.search(name) for name in names):
        raise refused("executable")
    return KINDS[found or "ole"]


def _remarks(kind: Kind, name: str, safe: str, claimed: str) -> list[Remark]:
    found: list[Remark] = []
    if safe != name:
        zh, en = f"文件名已改为“{safe}”。", f"The name was made harmless: “{safe}”."
        found.append(Remark(code="renamed", message=Text(zh=zh, en=en)))
    called = ending(safe)
    known = {other.key for other in KINDS.values() if called in other.endings}
    if known and kind.key not in known:
        zh = f"文件名以 .{called} 结尾，内容却不是；按内容保存为 {kind.media_type}。"
        en = f"The name ends in .{called}, but the content is something else; it is kept as {kind.media_type}."
        found.append(Remark(code="name_differs", message=Text(zh=zh, en=en)))
    told = claimed.partition(";")[0].strip().lower()
    if told not in UNCLAIMED and told != kind.media_type and told not in kind.claims:
        zh = f"所声明的介质类型与内容不符；按内容保存为 {kind.media_type}。"
        en = f"The media type that was given is not that of the content; it is kept as {kind.media_type}."
        found.append(Remark(code="type_differs", message=Text(zh=zh, en=en)))
    return found
