"""How a page reads: one word for one thing, a date and a zone said once, and no place to sign on a page of its own."""

import io
from typing import Any

import pytest
from pypdf import PdfReader

from services.documents.rendering.job import render
from services.documents.rendering.wording import plain
from shared.catalogue import FRAME_FIELDS, Field
from tests.builders import a_body, with_details
from tests.unit.documents.renderings import a_job, squeezed, text_of

WINDOW = Field(zh="时间和地点", en="Time and place", type="window")
MORNING = {"start": "2027-03-10T09:00:00+08:00", "end": "2027-03-10T11:30:00+08:00", "place": "三楼"}


@pytest.mark.parametrize(
    ("changes", "zh", "en"),
    [
        ({}, "2027年3月10日 09:00–11:30（UTC+08:00）", "2027-03-10 09:00–11:30 (UTC+08:00)"),
        (
            {"time_zone": "Asia/Shanghai"},
            "2027年3月10日 09:00–11:30（Asia/Shanghai、UTC+08:00）",
            "2027-03-10 09:00–11:30 (Asia/Shanghai, UTC+08:00)",
        ),
        (
            {"end": "2027-03-11T11:30:00+08:00"},
            "2027年3月10日 09:00 – 2027年3月11日 11:30（UTC+08:00）",
            "2027-03-10 09:00 – 2027-03-11 11:30 (UTC+08:00)",
        ),
        (
            {"end": "2027-03-10T11:30:00+09:00"},
            "2027年3月10日 09:00（UTC+08:00） – 2027年3月10日 11:30（UTC+09:00）",
            "2027-03-10 09:00 (UTC+08:00) – 2027-03-10 11:30 (UTC+09:00)",
        ),
        ({"start": "待定", "end": "待定"}, "待定 – 待定", "待定 – 待定"),
    ],
    ids=["one day", "named zone", "two days", "two zones", "open"],
)
def test_a_span_of_time_says_its_date_and_its_zone_once(changes: dict[str, str], zh: str, en: str):
    assert plain(WINDOW, MORNING | changes, "zh") == f"{zh}\n三楼"
    assert plain(WINDOW, MORNING | changes, "en") == f"{en}\n三楼"


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_deadline_and_priority_are_called_what_the_catalogue_calls_them(locale: str):
    text = text_of(render(a_job(a_body("tech.survey", locale=locale, priority="urgent"))).data)
    needed_by, priority = FRAME_FIELDS["needed_by"], FRAME_FIELDS["priority"]
    for word in (needed_by.name(locale), priority.name(locale), priority.choice("urgent", locale)):
        assert squeezed(word) in text


@pytest.mark.parametrize("kind", ["market.gift", "business.price"])
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_slip_of_usual_length_is_one_page_with_its_places_to_sign(kind: str, locale: str):
    assert render(a_job(a_body(kind, locale=locale))).pages == 1


@pytest.mark.parametrize("words", range(0, 1500, 150))
def test_the_places_to_sign_stand_below_something_that_is_signed(words: int):
    made = render(a_job(with_details(a_body("business.price"), reason="首个样板港口" + "又一理由" * words)))
    pages = [squeezed(page.extract_text()) for page in PdfReader(io.BytesIO(made.data)).pages]
    (signed,) = [page for page in pages if "会签" in page]
    assert "BC-904" in signed


def test_an_amounts_currency_is_said_once():
    body: dict[str, Any] = a_body("business.price", extra={"currency": "USD"})
    text = text_of(render(a_job(body)).data)
    assert (text.count("USD"), text.count("币种"), "currency" in text) == (1, 1, False)
