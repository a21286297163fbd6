"""The kinds of files we know, told apart by their content, and under which media type each is handed out. Pure.

Only what no browser runs or renders as a page has a media type of its own; all else is handed out as bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

BYTES = "application/octet-stream"
OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`endings` are those under which such a file is known; `claims` other media types that people's programs give it."""

    key: str
    media_type: str
    endings: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    active: bool = False


def _kind(key: str, media_type: str, endings: str = "", claims: str = "", *, active: bool = False) -> Kind:
    return Kind(
        key=key, media_type=media_type, endings=frozenset(endings.split()), claims=frozenset(claims.split()), active=active
    )


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        _kind("pdf", "application/pdf", "pdf ai", "application/x-pdf"),
        _kind("docx", f"{OFFICE}.wordprocessingml.document", "docx dotx", "application/msword application/zip"),
        _kind("xlsx", f"{OFFICE}.spreadsheetml.sheet", "xlsx xltx", "application/vnd.ms-excel application/zip"),
        _kind("pptx", f"{OFFICE}.presentationml.presentation", "pptx ppsx potx", "application/vnd.ms-powerpoint application/zip"),
        _kind("doc", "application/msword", "doc dot wps", "application/vnd.ms-works application/kswps"),
        _kind("xls", "application/vnd.ms-excel", "xls xlt et", "application/x-excel application/kset"),
        _kind("ppt", "application/vnd.ms-powerpoint", "ppt pps pot dps", "application/ksdps"),
        _kind("ole", BYTES, "msg vsd mpp"),
        _kind("odt", f"{OPEN_DOCUMENT}.text", "odt"),
        _kind("ods", f"{OPEN_DOCUMENT}.spreadsheet", "ods"),
        _kind("odp", f"{OPEN_DOCUMENT}.presentation", "odp"),
        _kind("ofd", "application/ofd", "ofd", "application/zip"),
        _kind("zip", "application/zip", "zip vsdx", "application/x-zip-compressed application/x-zip"),
        _kind("png", "image/png", "png"),
        _kind("jpeg", "image/jpeg", "jpg jpeg jpe jfif", "image/jpg image/pjpeg"),
        _kind("gif", "image/gif", "gif"),
        _kind("tiff", "image/tiff", "tif tiff"),
        _kind("bmp", "image/bmp", "bmp", "image/x-ms-bmp"),
        _kind("webp", "image/webp", "webp"),
        _kind("mp4", "video/mp4", "mp4 m4v m4a mov", "video/quicktime audio/mp4 video/x-m4v"),
        _kind("rtf", "application/rtf", "rtf doc", "text/rtf application/msword"),
        _kind("eml", "message/rfc822", "eml mht mhtml", "text/plain multipart/related"),
        _kind(
            "text",
            "text/plain",
            "txt md log json yaml yml ini tsv csv text",
            "text/csv application/json application/vnd.ms-excel",
        ),
        _kind("page", BYTES, "html htm xhtml shtml", "text/html application/xhtml+xml", active=True),
        _kind("svg", BYTES, "svg", "image/svg+xml", active=True),
        _kind("xml", BYTES, "xml xsd xsl", "text/xml application/xml", active=True),
        _kind("unknown", BYTES),
    )
}
HANDED_OUT = frozenset(kind.media_type for kind in KINDS.values())
"""The media types under which files are handed out."""
WRITTEN = frozenset({"text", "eml"})
DOCUMENTS = frozenset(ending for kind in KINDS.values() if not kind.active and kind.key not in WRITTEN for ending in kind.endings)
"""Endings under which a program other than an editor opens a file: somebody who sees one expects no script behind it."""
OPAQUE = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"MSCF", b"\x1f\x9d")
"""RAR, 7z, gzip, bzip2, xz, Zstandard, cabinet, compress."""
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"{\\rtf", "rtf"),
)
FILMS = (b"isom", b"iso", b"mp4", b"avc1", b"M4V", b"M4A", b"qt  ", b"dash", b"MSNV", b"3gp")
PAGE = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|object|embed|style|title|table|div|meta|link|base|form|img"
    rb"|h[1-6]|font|center|a\s|br|p[\s>])",
    re.IGNORECASE,
)
SVG = re.compile(rb"<(?:[a-z]+:)?svg[\s>]|<!doctype\s+svg", re.IGNORECASE)
XML = re.compile(rb"<\?xml|<!doctype|<!--|<!\[cdata|<!entity|<[a-z_][\w:.-]*[\s/>]", re.IGNORECASE)
MAIL = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")
MAIL_FIELD = re.compile(
    rb"^(?:from|received|return-path|message-id|mime-version|delivered-to|dkim-signature):", re.IGNORECASE | re.MULTILINE
)
SNIFFED = 4096


def signed(head: bytes) -> str | None:
    """The kind that the first bytes of a binary file tell by themselves, or None."""
    found = next((key for signature, key in SIGNATURES if head.startswith(signature)), None)
    if found is not None:
        return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12].startswith(FILMS):
        return "mp4"
    if head[:2] == b"BM" and len(head) > 26 and head[6:10] == b"\0\0\0\0":
        return "bmp"
    return None


def opaque(head: bytes) -> bool:
    """Whether it is an archive that we do not look into."""
    return head.startswith(OPAQUE) or head[257:262] == b"ustar"


def written(head: bytes) -> str:
    """The kind of a text that begins with `head`: a page, SVG, XML, a mail, or just text."""
    start = head[:SNIFFED].lstrip(b"\xef\xbb\xbf \t\r\n\f")
    if MAIL.match(start.replace(b"\r\n", b"\n")) and len(MAIL_FIELD.findall(start)) > 1:
        return "eml"
    if XML.match(start) and SVG.search(start):
        return "svg"
    if PAGE.match(_behind_comments(start)):
        return "page"
    if XML.match(start):
        return "page" if b"http://www.w3.org/1999/xhtml" in start else "xml"
    return "text"


def _behind_comments(start: bytes) -> bytes:
    """What follows the comments with which a text begins. By hand: a pattern of comments tries every way to part them."""
    while start.startswith(b"<!--") and (end := start.find(b"-->", 4)) >= 0:
        start = start[end + 3 :].lstrip()
    return start
