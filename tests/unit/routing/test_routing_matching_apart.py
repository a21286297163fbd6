"""However a name or a number is written it is the same, and what differs in more than its writing stays apart."""

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.routing.domain.matching import company, tender
from services.routing.domain.spellings import (
    COMPANIES,
    LABELS_BEFORE_COLON,
    LABELS_END_IN_ENGLISH,
    LABELS_IN_ENGLISH,
    PLACES,
)

WORDS = {*LABELS_IN_ENGLISH, *LABELS_END_IN_ENGLISH, *LABELS_BEFORE_COLON}
NUMBERS = st.from_regex(r"[A-Z]{3,4}-20[0-9]{2}-[0-9]{2,4}", fullmatch=True).filter(
    lambda number: number.partition("-")[0].casefold() not in WORDS
)
"""A number that begins with a word for numbers is no other without it."""
LABELS = st.sampled_from(
    ["", "招标编号：", "采购编号:", "项目编号 ", "招标项目编号：No. ", "Tender No.: ", "Bid number ", "ref: ", "编号"]
)
ROUNDS = st.sampled_from(
    ["", "（第二次）", "(二次)", "二次", " 第3次招标", "【重新招标】", " (2nd)", " (third round)", " round 2", "（第一次）"]
)
WRITTEN = st.tuples(LABELS, NUMBERS, ROUNDS)
CITIES = st.sampled_from(["岚港", "青崖", "东浦", "云泊", "白石"])
TRADES = st.sampled_from(["水务", "城建投资", "轨道交通", "第一人民医院", "教育局", "市政工程"])
FORMS = st.sampled_from(["", "公司", "有限公司", "集团", "集团有限公司", "股份有限公司"])
NAMES = st.tuples(CITIES, st.sampled_from(["", "市"]), TRADES, FORMS)
SIGNS = st.text(st.sampled_from("岚港青崖东浦云泊白石水务城建轨道交通医院局abc12"), min_size=2, max_size=12)


def plain(number: str) -> str:
    return number.replace("-", "").casefold()


@given(WRITTEN)
def test_a_number_is_the_same_with_any_word_before_it_and_any_round_after_it(written: tuple[str, str, str]):
    assert tender("".join(written)) == plain(written[1])


@given(WRITTEN, WRITTEN)
def test_two_numbers_are_apart_whatever_stands_around_them(one: tuple[str, str, str], other: tuple[str, str, str]):
    assume(plain(one[1]) != plain(other[1]))
    assert tender("".join(one)) != tender("".join(other))


@given(NAMES, NAMES)
def test_two_names_are_the_same_if_place_and_trade_are_and_not_otherwise(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
):
    same = (one[0], one[2]) == (other[0], other[2])
    assert (company("".join(one)) == company("".join(other))) == same


@given(SIGNS, SIGNS)
def test_names_without_anything_that_is_left_out_are_compared_as_they_are(one: str, other: str):
    assert (company(one) == company(other)) == (one == other)


@given(CITIES, TRADES, st.sampled_from(["县", "区", "镇", "新区"]))
def test_a_county_or_a_district_is_another_body_than_the_city_of_its_name(city: str, trade: str, below: str):
    assert company(f"{city}{below}{trade}") not in {company(f"{city}市{trade}"), company(f"{city}{trade}")}


@given(st.text(st.sampled_from("".join(COMPANIES + PLACES) + "岚港水务第二次招标编号：no.12()（）- ")))
def test_what_is_compared_is_compared_as_it_is(text: str):
    name, number = company(text), tender(text)
    assert company(name) == name
    assert number == "" or any(char.isdigit() for char in number)


@pytest.mark.parametrize(
    "text", ["编号" * 99 + "1", "1" + "二次" * 99, "市" * 200, "1" * 500_000, "自治自治区区" * 30, "编号" * 100_000 + "1"]
)
def test_no_writing_takes_long(text: str):
    begun = time.process_time()
    company(text)
    tender(text)
    assert time.process_time() - begun < 2
