"""Under which name a file arrives (RFC 6266, RFC 8187)."""

import re
from urllib.parse import unquote

import pytest

from services.documents.api import disposition

NAMES = [
    "report.pdf",
    "调研纪要-云汀港务集团-BL-AB12CD34-v1.pdf",
    'quote".pdf',
    "semi;colon, comma.pdf",
    "line\r\nSet-Cookie: x=1.pdf",
    "per%20cent.pdf",
    "émoji 👩‍🔧.docx",
    "back\\slash.pdf",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_real_name_survives_and_nothing_else_gets_into_the_header(name: str):
    header = disposition(name)
    matched = re.fullmatch(r"attachment; filename=\"([A-Za-z0-9._-]*)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)", header)
    assert matched is not None
    assert unquote(matched[2]) == name
    assert matched[1].endswith(name.rpartition(".")[2])


def test_an_ascii_name_is_its_own_fallback():
    assert disposition("report-1.pdf") == "attachment; filename=\"report-1.pdf\"; filename*=UTF-8''report-1.pdf"
