"""Which names and numbers are the same and which are not."""

from typing import Any

import pytest

from services.routing.clash_keys import ClashKeys
from services.routing.domain.matching import company, credit_code, pursued, tender
from shared.schemas.requests import Customer, Evidence, Opportunity, Request
from tests.unit.routing.routing_build import a_request

SAME = [
    ("示例水务集团有限公司", "示例水务集团"),
    ("示例水务集团有限公司", "示例水务"),
    ("示例水务股份有限公司", "示例水务 股份"),
    ("示例水务有限责任公司", "示例水务公司"),
    ("示例水务（集团）有限公司", "示例水务集团"),
    ("示例水务(集团)股份有限公司", "示例水务（集团）"),
    ("ＥＸＡＭＰＬＥ水务", "example水务"),
    ("Example Water Co., Ltd.", "EXAMPLE WATER"),
    ("Example Water Group Holdings Ltd", "example  water"),
    ("Straße Wasser", "STRASSE WASSER"),
    ("示例·水务", "示例水务"),
    ("北京示例科技有限公司", "北京示例科技"),
    ("\u200b示例水务\u3000", "示例水务"),
    ("岚港市水务集团有限公司", "岚港水务集团"),
    ("江苏省岚港市水务", "江苏岚港水务"),
    ("广西壮族自治区水务", "广西水务"),
    ("岚港市东湖区教育局", "岚港东湖区教育局"),
    ("岚港市水务分公司", "岚港水务分公司"),
]
OTHER = [
    ("示例水务", "示例水利"),
    ("示例水务集团北京分公司", "示例水务集团"),
    ("北京示例科技有限公司", "上海示例科技有限公司"),
    ("示例一公司", "示例二公司"),
    ("集团", "公司"),
    ("Example Water", "Example Water West"),
    ("示例水务二厂", "示例水务"),
    ("岚港县水务", "岚港市水务"),
    ("岚港区水务", "岚港水务"),
    ("吉林省水务", "吉林市水务"),
    ("朝阳市水务", "朝阳水务"),
    ("沙市水务", "沙水务"),
    ("城市水务", "城水务"),
    ("岚港市", "岚港"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_names_are_the_same_customers(one: str, other: str):
    assert company(one) == company(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_these_names_are_not(one: str, other: str):
    assert company(one) != company(other)


@pytest.mark.parametrize("name", ["集团", "公司", "有限公司", "Co. Ltd.", "一公司"])
def test_a_name_that_is_all_form_stays_as_much_of_a_name_as_it_is(name: str):
    assert company(name)


@pytest.mark.parametrize("name", ["", "  ", "（）", "—·—"])
def test_a_name_of_marks_alone_is_none_and_pursues_nothing(name: str):
    request = a_request(opportunity=Opportunity(id="O1", name="x", customer=Customer(name=name)))
    assert company(name) == ""
    assert pursued(request) == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ZB-2027-001", "zb2027001"),
        ("ZB 2027/001", "ＺＢ—2027—001"),
        ("招标编号：ZB-2027-001", "ZB2027001"),
        ("No. 20270001", "20270001"),
        ("采购编号：HW-2027-88", "HW-2027-88"),
        ("政府采购项目编号: HW-2027-88", "HW202788"),
        ("招标（采购）编号 HW-2027-88", "HW-2027-88"),
        ("项目编号：No. 2027-0088", "20270088"),
        ("Tender No.: HW-2027-88", "hw202788"),
        ("RFP number HW-2027-88", "HW-2027-88"),
        ("ref: HW-2027-88", "HW-2027-88"),
        ("ZB2027001（第二次）", "ZB2027001"),
        ("HW-2027-88二次", "HW-2027-88"),
        ("HW-2027-88 第2次招标", "HW-2027-88"),
        ("HW-2027-88（重新招标）", "HW-2027-88（第三次）"),
        ("HW-2027-88 (2nd)", "HW-2027-88"),
        ("HW-2027-88 [second round]", "HW-2027-88 (round 3)"),
        ("政采〔2027〕88号", "政采[2027]88"),
    ],
)
def test_these_tenders_are_the_same(one: str, other: str):
    assert tender(one) == tender(other) != ""


ALIKE = [
    ("HW-2027-5TH", "HW-2027-6TH"),
    ("HW-2027-88 第1包", "HW-2027-88 第2包"),
    ("2027年第三次", "2027年第四次"),
    ("2027第三次", "2027第四次"),
    ("NORTH-2027-1", "RTH-2027-1"),
    ("ID-2027-1", "2027-1"),
    ("RFP-2027-15", "RFQ-2027-15"),
    ("预算编号-2027-1", "2027-1"),
]


@pytest.mark.parametrize(
    ("one", "other"), [("ZB-2027-001", "ZB-2027-002"), ("ZB-2027-001", "ZB-2027-0011"), ("A-2027-1", "B-2027-1"), *ALIKE]
)
def test_these_tenders_are_not(one: str, other: str):
    assert tender(one) != tender(other)


@pytest.mark.parametrize("number", ["", "无", "待定", "N/A", "1", "招标编号", "tbd", "采购项目二次", "Tender No.", "第二次"])
def test_what_is_no_number_matches_nobodys(number: str):
    assert tender(number) == ""


def test_only_the_national_number_of_a_customer_is_compared():
    assert credit_code("91110000MA01A2B3C4") == credit_code(" 91110000ma01a2b3c4 ") != ""
    assert credit_code("C1") == credit_code(None) == ""


def about(kind: str = "tech.survey", unit: str = "east", name: str = "示例水务", **more: Any) -> Request:
    identity, number = more.pop("identity", None), more.pop("tender_no", None)
    opportunity = Opportunity(id="O1", name="x", customer=Customer(name=name, id=identity), tender_no=number)
    return a_request(kind, unit, opportunity=opportunity, **more)


def test_a_tender_is_found_wherever_the_request_names_it():
    wanted = {one for one in pursued(about(tender_no="ZB-2027-001")) if one.kind == "tender"}
    of_price = about("business.price", details={"tender": {"tender_no": "ZB2027001"}})
    proved = about(evidence=(Evidence(precondition="tender_received", kind="tender_number", value="zb 2027 001"),))
    assert len(wanted) == 1
    assert wanted <= pursued(of_price)
    assert wanted <= pursued(proved)


def test_at_most_five_tenders_are_compared_and_the_requests_own_is_one_of_them():
    evidence = tuple(
        Evidence(precondition="tender_received", kind="tender_number", value=f"ZB-2028-{number:04}") for number in range(2000)
    )
    tenders = {one.text for one in pursued(about(tender_no="ZB-2027-001", evidence=evidence)) if one.kind == "tender"}
    assert tenders == {"zb2027001", *(f"zb2028{number:04}" for number in range(4))}


def test_the_same_customer_with_another_kind_of_need_is_no_clash():
    assert pursued(about("tech.survey")) == pursued(about("tech.proposal"))
    assert not pursued(about("tech.survey")) & pursued(about("market.visit"))


def test_digests_differ_by_pepper_and_hold_nothing_that_was_said():
    request = about(tender_no="ZB-2027-001", identity="91110000MA01A2B3C4")
    one, other = ClashKeys(b"a pepper").marks(request), ClashKeys(b"another pepper").marks(request)
    assert len(one) == 3
    assert not one & other
    assert all(len(mark.digest) == 64 and "2027001" not in mark.digest for mark in one)


def test_a_clash_has_the_same_name_on_both_sides_and_another_for_another_unit():
    keys = ClashKeys(b"a pepper")
    assert keys.name("d", "east", "south") == keys.name("d", "south", "east") != keys.name("d", "east", "west")
