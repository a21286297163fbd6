"""Hostile files as a table: what each is called, what it holds, and what becomes of it."""

import io
import tracemalloc
import zipfile

import pytest

from shared.files.archive import LONGEST_NAME, Limits
from shared.files.inspecting import inspect
from shared.files.refusals import TEXTS, FileRefused
from shared.files.unpacking import ensure_sound
from tests.unit.files import hostile
from tests.unit.files.hostile import DOCUMENT, LAUGHS, OFFICE, a_zip, an_office_file, compound, lying, nested

MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
VBA = '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
UTF16_LAUGHS = LAUGHS.replace(b'version="1.0"', b'version="1.0" encoding="UTF-16"').decode().encode("utf-16")
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
MZ = b"MZ\x90\x00" + bytes(200)
GOOD = a_zip({"a.txt": b"text"})
PREFIXED = b"%PDF-1.7\n" + GOOD
ODT = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<a/>"}

REFUSED: list[tuple[str, str, bytes, str]] = [
    ("a ratio of 1000", "a.zip", a_zip({"a.txt": bytes(50_000_000)}), "unpacks_too_large"),
    ("more than the limit in all", "a.zip", a_zip({f"{n}": bytes(60_000_000) for n in range(4)}), "unpacks_too_large"),
    ("like 42.zip", "42.zip", hostile.quine_like(2, 12), "unpacks_too_large"),
    ("four levels", "a.zip", nested(4), "nested_too_deep"),
    ("overlapping, as Fifield made them", "a.zip", hostile.overlapping(), "overlapping_entries"),
    ("300,000 records for one entry", "a.zip", hostile.many_entries(), "too_many_entries"),
    ("6,000 entries", "a.zip", a_zip({f"{n}": b"" for n in range(6_000)}, zipfile.ZIP_STORED), "too_many_entries"),
    (
        "entries over levels",
        "a.zip",
        a_zip({f"{n}.zip": a_zip({f"{m}": b"" for m in range(900)}) for n in range(6)}),
        "too_many_entries",
    ),
    ("says less than it unpacks to", "a.zip", lying(10), "false_size"),
    ("says more than it unpacks to", "a.zip", lying(2_000_000), "false_size"),
    ("a checksum that is not its own", "a.zip", hostile.changed(GOOD, b"a.txt", 16, b"abcd"), "false_size"),
    (
        "an unknown compression",
        "a.zip",
        hostile.changed(GOOD[:8] + b"\x0e\x00" + GOOD[10:], b"a.txt", 10, b"\x0e\x00"),
        "broken_archive",
    ),
    ("two names for one entry", "a.zip", GOOD.replace(b"a.txt", b"b.txt", 1), "broken_archive"),
    ("cut off", "a.zip", GOOD[:-10], "broken_archive"),
    ("something behind it", "a.zip", GOOD + b"more", "broken_archive"),
    ("something before it", "a.zip", b"PK\x03\x04" + bytes(20) + GOOD, "broken_archive"),
    ("locked", "a.zip", hostile.encrypted(), "encrypted"),
    ("a path that leads out", "a.zip", a_zip({"../../etc/cron.d/x": b"x"}), "unsafe_path"),
    ("a path that leads out on Windows", "a.zip", a_zip({"a\\..\\..\\x": b"x"}), "unsafe_path"),
    ("a path from the root", "a.zip", a_zip({"/etc/passwd": b"x"}), "unsafe_path"),
    ("a path from a drive", "a.zip", a_zip({"C:x": b"x"}), "unsafe_path"),
    ("a line break in a name", "a.zip", a_zip({"a\nb": b"x"}), "unsafe_path"),
    ("a link", "a.zip", hostile.symlink(), "unsafe_path"),
    ("a name without end", "a.zip", a_zip({"a" * (LONGEST_NAME + 1): b"x"}), "unsafe_path"),
    ("a program in an archive", "a.zip", a_zip({"tools/setup.bin": MZ}), "executable"),
    ("a program's name in an archive", "a.zip", a_zip({"photo.jpg.scr": b"x"}), "executable"),
    ("a program two levels down", "a.zip", nested(2, b"\x7fELF" + bytes(100)), "executable"),
    ("a program that drips", "a.zip", hostile.dripping(b"\x7fELF\x02\x01"), "executable"),
    ("an archive that drips", "a.zip", hostile.dripping(nested(1, b"\x7fELF" + bytes(9))), "executable"),
    ("a template from elsewhere", "a.docx", hostile.related("attachedTemplate", "https://evil.example/t.dotm"), "remote_content"),
    ("a template from a share", "a.docx", hostile.related("attachedTemplate", "\\\\evil\\t.dotm"), "remote_content"),
    ("a template from a share as a file", "a.docx", hostile.related("attachedTemplate", "file://evil/t.dotm"), "remote_content"),
    ("an object from elsewhere", "a.docx", hostile.related("oleObject", "mhtml:http://evil.example/x"), "remote_content"),
    ("an archive for Java", "a.zip", a_zip({"META-INF/MANIFEST.MF": b"", "A.class": b"\xca\xfe\xba\xbe"}), "executable"),
    ("a billion laughs", "a.docx", an_office_file(body=LAUGHS), "doctype"),
    ("a billion laughs in UTF-16", "a.docx", an_office_file(body=UTF16_LAUGHS), "doctype"),
    (
        "a document type behind a long comment",
        "a.docx",
        an_office_file(body=b"<!--" + b" " * 70_000 + b"-->" + LAUGHS[21:]),
        "doctype",
    ),
    ("an XML part that never begins", "a.docx", an_office_file(body=b"<!--" + b"." * 2_000_000), "broken_archive"),
    ("an external entity in a relation", "a.docx", an_office_file(parts={"word/_rels/document.xml.rels": LAUGHS}), "doctype"),
    ("a document with macros", "a.docx", an_office_file(MACROS), "macros"),
    ("a project of macros", "a.docx", an_office_file(parts={"word/vbaProject.bin": b"x"}), "macros"),
    ("a project under another name", "a.docx", an_office_file(more=VBA, parts={"word/x.bin": b"x"}), "macros"),
    (
        "macros of Excel 4",
        "a.xlsx",
        an_office_file(f"{OFFICE}.spreadsheetml.sheet.main+xml", parts={"xl/macrosheets/s1.xml": b"<a/>"}),
        "macros",
    ),
    ("Basic in an ODF text", "a.odt", a_zip({**ODT, "Basic/Standard/M.xml": b"<a/>"}, zipfile.ZIP_STORED), "macros"),
    ("macros in an old document", "a.doc", compound("WordDocument", "Macros", "VBA"), "macros"),
    ("macros in an old sheet", "a.xls", compound("Workbook", "_VBA_PROJECT_CUR"), "macros"),
    ("a locked Office file", "a.docx", compound("EncryptionInfo", "EncryptedPackage"), "encrypted"),
    ("an installer", "a.dat", compound("\u4840\u3f3f\u4577"), "executable"),
    ("a chain that bites its tail", "a.doc", hostile.biting_its_tail(), "broken_archive"),
    ("a compound file cut off", "a.doc", compound("WordDocument")[:600], "broken_archive"),
    ("a Windows program called a PDF", "offer.pdf", MZ, "executable"),
    ("a Linux program", "offer", b"\x7fELF\x02", "executable"),
    ("a Mac program", "offer", b"\xcf\xfa\xed\xfe", "executable"),
    ("a script called a text", "a.txt", b"#!/bin/sh\nrm -rf /", "executable"),
    ("a Windows link", "a.pdf", b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(100), "executable"),
    ("a batch file", "a.bat", b"del *", "executable"),
    ("two endings", "offer.pdf.exe", b"text", "executable"),
    ("an ending behind blanks and dots", "offer.exe . .", b"text", "executable"),
    ("an alternate stream", "offer.exe::$DATA", b"text", "executable"),
    ("read backwards it ends in pdf", "offer\u202efdp.exe", b"%PDF-1.7", "executable"),
    ("an HTML application", "offer.hta", HTML, "executable"),
    ("a page called a document", "offer.docx", HTML, "disguised"),
    ("a page called a sheet", "offer.xls", b"<table><tr><td>1</td></tr></table>", "disguised"),
    ("a page behind blanks and a mark", "offer.pdf", b"\xef\xbb\xbf \r\n" + HTML, "disguised"),
    ("a page in UTF-16", "offer.pdf", HTML.decode().encode("utf-16"), "disguised"),
    ("SVG called a PNG", "logo.png", SVG, "disguised"),
    ("XML called a PDF", "a.pdf", b'<?xml version="1.0"?><a/>', "disguised"),
    ("RAR", "a.rar", b"Rar!\x1a\x07\x01\x00", "opaque_archive"),
    ("7z", "a.7z", b"7z\xbc\xaf\x27\x1c", "opaque_archive"),
    ("gzip", "a.tar.gz", b"\x1f\x8b\x08\x00", "opaque_archive"),
    ("tar", "a.tar", bytes(257) + b"ustar\x00", "opaque_archive"),
]

TAKEN: list[tuple[str, str, bytes, str, str]] = [
    ("a PDF", "a.pdf", b"%PDF-1.7\n", "pdf", "application/pdf"),
    ("a PDF that is a ZIP as well", "a.pdf", PREFIXED, "pdf", "application/pdf"),
    ("a page", "a.html", HTML, "page", "application/octet-stream"),
    ("a page that is called a text", "a.txt", HTML, "page", "application/octet-stream"),
    ("SVG", "logo.svg", SVG, "svg", "application/octet-stream"),
    ("XML", "a.xml", b'<?xml version="1.0"?><a/>', "xml", "application/octet-stream"),
    ("XHTML", "a.xml", b'<?xml version="1.0"?><x xmlns="http://www.w3.org/1999/xhtml"/>', "page", "application/octet-stream"),
    ("JavaScript in a text", "a.txt", b"alert(1)", "text", "text/plain; charset=utf-8"),
    ("a text that begins like a program", "a.txt", "MZ-2027 报价说明".encode(), "text", "text/plain; charset=utf-8"),
    ("GB18030", "a.csv", "姓名,单位".encode("gb18030"), "text", "text/csv; charset=gb18030"),
    ("UTF-16", "a.txt", "文字".encode("utf-16"), "text", "text/plain; charset=utf-16-le"),
    ("a formula in a table", "a.csv", b"=cmd|'/c calc'!A1", "text", "text/csv; charset=utf-8"),
    ("a text with a NUL", "a.txt", b"te\x00xt", "unknown", "application/octet-stream"),
    ("nothing", "a.pdf", b"", "unknown", "application/octet-stream"),
    ("noise", "a.dat", bytes(range(256)), "unknown", "application/octet-stream"),
    ("a Word file", "a.docx", an_office_file(), "docx", f"{OFFICE}.wordprocessingml.document"),
    ("a Word file called a PDF", "a.pdf", an_office_file(), "docx", f"{OFFICE}.wordprocessingml.document"),
    (
        "an embedded sheet",
        "a.docx",
        an_office_file(parts={"word/embeddings/a.xlsx": an_office_file(f"{OFFICE}.spreadsheetml.sheet.main+xml")}),
        "docx",
        f"{OFFICE}.wordprocessingml.document",
    ),
    (
        "a link to a page",
        "a.docx",
        hostile.related("hyperlink", "https://x.example"),
        "docx",
        f"{OFFICE}.wordprocessingml.document",
    ),
    (
        "a template of its writer's",
        "a.docx",
        hostile.related("attachedTemplate", "file:///C:/T/N.dotx"),
        "docx",
        f"{OFFICE}.wordprocessingml.document",
    ),
    ("a workbook", "a.xlsx", an_office_file(f"{OFFICE}.spreadsheetml.sheet.main+xml"), "xlsx", f"{OFFICE}.spreadsheetml.sheet"),
    (
        "slides",
        "a.pptx",
        an_office_file(f"{OFFICE}.presentationml.presentation.main+xml"),
        "pptx",
        f"{OFFICE}.presentationml.presentation",
    ),
    ("an old document", "a.doc", compound("WordDocument"), "doc", "application/msword"),
    ("an old sheet", "a.xls", compound("Workbook"), "xls", "application/vnd.ms-excel"),
    ("old slides", "a.ppt", compound("PowerPoint Document"), "ppt", "application/vnd.ms-powerpoint"),
    ("an ODF text", "a.odt", a_zip(ODT, zipfile.ZIP_STORED), "odt", "application/vnd.oasis.opendocument.text"),
    ("OFD", "a.ofd", a_zip({"OFD.xml": b"<a/>"}), "ofd", "application/ofd"),
    ("an archive", "a.zip", GOOD, "zip", "application/zip"),
    ("an empty archive", "a.zip", a_zip({}), "zip", "application/zip"),
    ("an archive of archives", "a.zip", nested(3), "zip", "application/zip"),
    ("names in Chinese", "a.zip", a_zip({"合同/草案.txt": b"x"}), "zip", "application/zip"),
    ("PNG", "a.png", b"\x89PNG\r\n\x1a\n" + bytes(20), "png", "image/png"),
    ("JPEG", "a.jpg", b"\xff\xd8\xff\xe0", "jpeg", "image/jpeg"),
    ("GIF with a page in it", "a.gif", b"GIF89a" + HTML, "gif", "image/gif"),
    ("TIFF", "a.tif", b"II*\x00", "tiff", "image/tiff"),
    ("MP4", "a.mp4", b"\x00\x00\x00\x18ftypisom", "mp4", "video/mp4"),
    ("a mail", "a.eml", b"From: a@x\r\nMIME-Version: 1.0\r\nSubject: s\r\n\r\n<html>", "eml", "message/rfc822"),
    ("RTF called a document", "a.doc", b"{\\rtf1}", "rtf", "application/rtf"),
]


@pytest.mark.parametrize(("name", "data", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_may_not_come_in_is_refused_with_its_reason(name: str, data: bytes, code: str):
    with pytest.raises(FileRefused) as refused:
        inspect(io.BytesIO(data), name=name)
    assert refused.value.code == code
    assert refused.value.text == TEXTS[code]


@pytest.mark.parametrize(("name", "data", "kind", "media_type"), [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_what_comes_in_is_called_what_its_content_is(name: str, data: bytes, kind: str, media_type: str):
    found = inspect(io.BytesIO(data), name=name)
    assert (found.kind, found.media_type) == (kind, media_type)


@pytest.mark.parametrize(
    ("name", "claimed", "codes"),
    [
        ("a.docx", "", []),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document; x=y", []),
        ("a.docx", "application/octet-stream", []),
        ("a.pdf", "", ["name_differs"]),
        ("a.docx", "application/pdf", ["type_differs"]),
        ("../a.docx", "text/html", ["renamed", "type_differs"]),
    ],
)
def test_what_contradicts_the_content_is_said(name: str, claimed: str, codes: list[str]):
    found = inspect(io.BytesIO(an_office_file(DOCUMENT)), name=name, claimed=claimed)
    assert [remark.code for remark in found.remarks] == codes


BOMBS = ["a ratio of 1000", "like 42.zip", "overlapping, as Fifield made them", "300,000 records for one entry", "four levels"]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_little_memory(bomb: str):
    data = next(row[2] for row in REFUSED if row[0] == bomb)
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused):
            inspect(io.BytesIO(data), name="a.zip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024 * 1024 + len(data)


def test_a_compound_file_of_nothing_but_tables_costs_little_memory():
    file = io.BytesIO(hostile.of_tables(4 * 1024 * 1024))
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused) as refused:
            inspect(file, name="a.doc")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.code == "broken_archive"
    assert peak < 1024 * 1024


def test_a_name_of_the_greatest_length_is_taken():
    assert inspect(io.BytesIO(a_zip({"a" * LONGEST_NAME: b"x"})), name="a.zip").kind == "zip"


def test_no_more_is_unpacked_than_the_limit_allows():
    """Without the limit the same archive is sound: it is the limit that refuses it."""
    data = a_zip({"a.zip": a_zip({f"{n}": bytes(1_000_000) for n in range(8)}), "b": bytes(3_000_000)})
    with pytest.raises(FileRefused) as refused:
        ensure_sound(io.BytesIO(data), Limits(unpacked=10_000_000))
    assert refused.value.code == "unpacks_too_large"
    assert b"b" in ensure_sound(io.BytesIO(data), Limits(unpacked=12_000_000)).names
