"""Hostile file names as a table: what is left of each, and that nothing of it gets into a header."""

import re
from urllib.parse import unquote

import pytest

from shared.files.names import MOST_BYTES, disposition, harmless_name, hides

NAMES: list[tuple[str, str, bool]] = [
    ("report.pdf", "report.pdf", False),
    ("调研纪要-云汀港务集团.pdf", "调研纪要-云汀港务集团.pdf", False),
    ("𠮷野家合同.docx", "𠮷野家合同.docx", False),
    ("émoji 👩\u200d🔧.docx", "émoji 👩\u200d🔧.docx", False),
    ("../../etc/passwd", "passwd", True),
    ("..\\..\\boot.ini", "boot.ini", True),
    ("/", "file", True),
    ("..", "file", False),
    ("C:evil.txt", "C_evil.txt", False),
    ("a\x00.pdf", "a.pdf", True),
    ("line\r\nSet-Cookie: x=1.pdf", "lineSet-Cookie_ x=1.pdf", True),
    ("offer\u202efdp.txt", "offerfdp.txt", True),
    ("offer\u2066x\u2069.pdf", "offerx.pdf", True),
    ("a\u200bb.pdf", "ab.pdf", True),
    ("a\ud800b.pdf", "ab.pdf", True),
    ("a\u2028b.pdf", "ab.pdf", True),
    ('quote".pdf', "quote_.pdf", False),
    ("semi;colon, comma.pdf", "semi;colon, comma.pdf", False),
    ("<script>.pdf", "_script_.pdf", False),
    ("per%20cent.pdf", "per%20cent.pdf", False),
    ("CON", "_CON", False),
    ("nul.txt", "_nul.txt", False),
    ("com1.pdf", "_com1.pdf", False),
    ("COM¹.pdf", "_COM¹.pdf", False),
    ("console.pdf", "console.pdf", False),
    (".htaccess", "htaccess", False),
    ("a.pdf. . ", "a.pdf", False),
    ("", "file", False),
    ("e\u0301.pdf", "é.pdf", False),
    ("a" * 300 + ".pdf", "a" * (MOST_BYTES - 4) + ".pdf", False),
    ("文" * 300 + ".pdf", "文" * 65 + ".pdf", False),
]


@pytest.mark.parametrize(("name", "left", "hidden"), NAMES)
def test_a_name_is_made_harmless(name: str, left: str, hidden: bool):
    assert harmless_name(name) == left
    assert hides(name) is hidden
    assert harmless_name(left) == left


@pytest.mark.parametrize(("name", "left", "_hidden"), NAMES)
def test_the_harmless_name_survives_and_nothing_else_gets_into_the_header(name: str, left: str, _hidden: bool):
    header = disposition(name)
    matched = re.fullmatch(r"attachment; filename=\"([A-Za-z0-9._-]+)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)", header)
    assert matched is not None
    assert unquote(matched[2]) == left


def test_an_ascii_name_is_its_own_fallback():
    assert disposition("report-1.pdf") == "attachment; filename=\"report-1.pdf\"; filename*=UTF-8''report-1.pdf"
