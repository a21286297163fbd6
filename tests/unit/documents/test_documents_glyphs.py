"""A character that no font can draw is spelled out on paper; a box says nothing, and looks like a mistake of ours."""

import json
import re
import unicodedata

import pytest

from services.documents.rendering.glyphs import PLAIN, PROBE, legible
from services.documents.rendering.job import render
from services.documents.rendering.pdf import FONTS, typst
from tests.builders import a_body, with_details
from tests.unit.documents.renderings import a_job, missing_glyphs, text_of


def a_survey_for(purpose: str) -> bytes:
    return render(a_job(with_details(a_body("tech.survey"), purpose=purpose))).data


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("甲😀乙", "甲[U+1F600]乙"),
        ("👩\u200d🔧", "[U+1F469]\u200d[U+1F527]"),
        ("𪚥", "[U+2A6A5]"),
        ("\U0001f9ff\U00013000", "[U+1F9FF][U+13000]"),
        ("\ue123", "[U+E123]"),
    ],
    ids=["emoji", "joined", "rare", "hieroglyph", "private"],
)
def test_what_cannot_be_drawn_is_written_as_its_code_point(given: str, written: str):
    made = a_survey_for(f"前{given}后")
    shown = re.search("前(.*?)后", text_of(made))
    assert shown is not None
    assert shown[1].replace("\u200d", "") == written.replace("\u200d", "")
    assert missing_glyphs(made) == 0


@pytest.mark.parametrize(
    "given", ["𠮷野家", "שלום", "مرحبا", "é́́", "葛\U000e0100", "☺\ufe0f", "①Ⅷ℃", "€£±×÷≤≥", "ひらカナ한글", "Ωд"]
)
def test_what_some_font_here_can_draw_stays_as_it_is(given: str):
    data = json.dumps({"purpose": given}, ensure_ascii=False)
    assert legible(data, FONTS) == data


def test_the_packaged_font_has_everything_it_is_trusted_to_have():
    trusted = [
        chr(code) for code in range(0x10000) if PLAIN.match(chr(code)) and not unicodedata.category(chr(code)).startswith("Z")
    ]
    drawn = [sign for sign in trusted if sign.isprintable()]
    assert len(drawn) > 21_000
    inputs = {"signs": json.dumps(drawn)}
    pdf = typst.compile(
        PROBE, font_paths=[FONTS], ignore_system_fonts=True, sys_inputs=inputs, format="pdf", pdf_standards="a-2u"
    )
    assert bytes(pdf).startswith(b"%PDF-")


def test_thousands_of_characters_nobody_can_draw_are_found_at_once():
    rare = "".join(chr(0x17000 + place) for place in range(4000))
    assert legible(json.dumps(rare, ensure_ascii=False), FONTS).count("[U+1") == 4000


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u202d"])
def test_no_sign_makes_an_amount_read_backwards(sign: str):
    assert sign not in text_of(a_survey_for(f"甲{sign}1234乙"))
