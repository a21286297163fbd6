"""What people write for a value takes the validator's shape, or stays as it was written."""

from typing import Any

import pytest

from shared.catalogue import Field
from shared.catalogue.handwriting import read_evidence, read_moment, read_value, read_window
from tests.builders import the_pack

VISIT = the_pack().types["market.visit"].fields


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2027年3月8日 18:00", "2027-03-08T18:00:00"),
        ("２０２７年３月８日　１８：００", "2027-03-08T18:00:00"),
        ("2027年3月8日下午6点", "2027-03-08T18:00:00"),
        ("2027年3月8日（周一） 18:00", "2027-03-08T18:00:00"),
        ("2027-03-08 18:00", "2027-03-08T18:00:00"),
        ("2027/3/8 18:00 前", "2027-03-08T18:00:00"),
        ("2027-03-08T18:00:00+08:00", "2027-03-08T18:00:00+08:00"),
        ("2027-03-08T18:00:00-05:00", "2027-03-08T18:00:00-05:00"),
        ("18 March 2027 18:00", "2027-03-18T18:00:00"),
        ("March 18th, 2027 at 6:00 pm", "2027-03-18T18:00:00"),
        ("18 March 2027 14:00 (Asia/Singapore)", "2027-03-18T14:00:00+08:00"),
        ("2027年3月8日", "2027-03-08"),
        ("2027年2月30日", None),
        ("2027年3月8日 25:00", None),
        ("2027年3月8日 18:00 或者次日", None),
        ("下周五", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_a_moment(written: str, read: str | None):
    assert read_moment(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2027年3月17日 09:00 至 13:00", {"start": "2027-03-17T09:00:00", "end": "2027-03-17T13:00:00"}),
        ("2027-03-17 09:00-13:00", {"start": "2027-03-17T09:00:00", "end": "2027-03-17T13:00:00"}),
        ("2027-03-17 09:00～2027-03-18 13:00", {"start": "2027-03-17T09:00:00", "end": "2027-03-18T13:00:00"}),
        (
            "15 March 2027 14:00 to 15:00 (Asia/Singapore)",
            {"start": "2027-03-15T14:00:00", "end": "2027-03-15T15:00:00", "time_zone": "Asia/Singapore"},
        ),
        (
            "2027年3月17日 09:00 至 13:00，展示中心（1 号楼）",
            {"start": "2027-03-17T09:00:00", "end": "2027-03-17T13:00:00", "place": "展示中心(1 号楼)"},
        ),
        ("2027年3月17日 09:00", {"start": "2027-03-17T09:00:00"}),
        ("下周三上午", None),
    ],
)
def test_a_window(written: str, read: Any):
    assert read_window(written) == read


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        ("integer", "30", 30),
        ("integer", "３０ 份", 30),
        ("integer", "约 1,200 人", 1200),
        ("integer", "三十", "三十"),
        ("integer", "30 到 40 份左右吧，看情况", "30 到 40 份左右吧，看情况"),
        ("money", "人民币 7,500,000.00 元", 7500000),
        ("money", "￥75万元", 750000),
        ("money", "12.5", 12.5),
        ("money", "USD 100", "USD 100"),
        ("money", "1" * 5000, "1" * 5000),
        ("texts", "1、先讲效益；\n2、不超过二十分钟", ["先讲效益", "不超过二十分钟"]),
        ("text", "  甲；乙 ", "甲；乙"),
        ("lines", "手写的明细", "手写的明细"),
    ],
)
def test_a_value_of_a_plain_field(kind: Any, written: str, read: Any):
    assert read_value(written, Field(zh="字段", en="Field", type=kind)) == read


def test_choices_are_several_and_one_stays_one_where_the_form_takes_one():
    executive = the_pack().types["market.executive_visit"].fields["executive"]
    assert read_value("事业部总经理", executive) == "事业部总经理"
    assert read_value("事业部总经理、公司总经理", executive) == ["事业部总经理", "公司总经理"]
    assert read_value("Word；PPT, 印刷版", the_pack().types["tools.company"].fields["format"]) == ["Word", "PPT", "印刷版"]


def test_a_record_in_one_line():
    budget = VISIT["budget"]
    assert read_value("用餐 2800 元，住宿费：1,600 元，交通 800", budget) == {"meals": 2800, "lodging": 1600, "transport": 800}
    assert read_value("用餐 2800 元；合计待定", budget) == {"meals": 2800, "note": "合计待定"}
    assert read_value("待定", budget) == "待定"


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("是，CRM-VISIT-W01-05", "crm_reference", "CRM-VISIT-W01-05"),
        ("yes, Visit to Grace Oduya", "attestation", "Visit to Grace Oduya"),
        ("是，见附件 草案.docx", "attachment", "草案.docx"),
        ("是", "attestation", "是"),
    ],
)
def test_evidence(written: str, kind: str, value: str):
    assert read_evidence("p", written, ["草案.docx"]) == {"precondition": "p", "kind": kind, "value": value}


@pytest.mark.parametrize("written", ["否", "没有。", "No", "未，下周落实"])
def test_a_no_is_no_evidence(written: str):
    assert read_evidence("p", written, []) is None
