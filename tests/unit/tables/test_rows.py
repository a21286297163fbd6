"""Rows become messages: headers by label, alias or path; nothing is dropped; what is not understood is said of its own row."""

from typing import Any

import pytest

from shared.tables.cells import Cell, Unreadable
from shared.tables.faults import TableFault, row_problem
from shared.tables.rows import Record, Rows
from tests.unit.tables.samples import BASE, FOLDER, around, body_of, codes, mapping, messages, one_row

HARBOUR = (FOLDER / "oa-harbour.mapping.yaml").read_text(encoding="utf-8")


def test_the_sample_means_what_it_says():
    files = {"草案.docx": {"name": "草案.docx", "media_type": "a/b", "size": 1, "sha256": "0" * 64}}
    contract, material, withdrawal = messages((FOLDER / "oa-harbour.csv").read_bytes(), mapping(HARBOUR), files=files)
    assert contract.content == {
        "action": "submit",
        "body": {
            "source": {"reference": "H-1", "system": "oa-harbour"},
            "locale": "zh",
            "business_unit": "harbour",
            "requester": {"id": "A1", "role": "account_manager"},
            "type": "business.contract",
            "opportunity": {
                "id": "O-1",
                "name": "码头扩建",
                "customer": {"name": "三号码头公司", "industry": "ports"},
                "stage": 5,
            },
            "needed_by": "2027-03-20T18:00:00+08:00",
            "priority": "urgent",
            "details": {
                "kind": "销售合同",
                "contract": "草案.docx",
                "sample": "contract-sample-sales",
                "amount": 12_345_000,
                "due": "2027-03-15",
            },
            "evidence": [{"precondition": "based_on_sample", "kind": "attachment", "value": "草案.docx"}],
            "attachments": [files["草案.docx"]],
            "extra": {"付款": "分三期", "备注": "请尽快", "流水号": "L-001"},
        },
    }
    assert (contract.place, contract.number, material.place, material.number) == (2, 1, 4, 2)
    assert material.content is not None
    assert material.content["body"]["business_unit"] == "harbour"
    assert material.content["body"]["details"] == {"items": ["宣传手册", "公司简介"], "quantity": 1200}
    assert withdrawal.content is not None
    assert (withdrawal.content["action"], withdrawal.content["body"]["reason"]) == ("withdraw", "客户取消")


@pytest.mark.parametrize(
    ("header", "cell", "path", "value"),
    [
        ("工号", "A1", "requester.id", "A1"),
        ("Employee ID", "A1", "requester.id", "A1"),
        ("岗位", "营销助理", "requester.role", "sales_assistant"),
        ("经营单位", "群岛事业部", "business_unit", "islands"),
        ("Business unit", "Islands Unit", "business_unit", "islands"),
        ("needed by", "2027/3/9", "needed_by", "2027-03-09"),
        ("所需资料", "宣传手册", "details.items", "宣传手册"),
        ("Quantity", 5.0, "details.quantity", 5),
        ("details.quantity", "5", "details.quantity", 5),
        ("商机阶段", "3", "opportunity.stage", 3),
    ],
)
def test_headers_are_known_by_label_alias_and_path(header: str, cell: Cell, path: str, value: object):
    found: Any = body_of({header: cell})
    for part in path.split("."):
        found = found[part]
    assert found == value


@pytest.mark.parametrize(
    ("kind", "header", "path"),
    [
        ("市场活动", "费用预算.场地", ("budget", "venue")),
        ("客户参观", "场地费", ("budget", "venue")),
        ("客户参观", "开始时间", ("where", "start")),
        ("需求调研", "沟通时间起", ("where", "start")),
        ("项目投标", "述标地点", ("pitch", "place")),
        ("系统测试", "Hardware", ("environment", "hardware")),
    ],
)
def test_fields_inside_fields_are_known_too(kind: str, header: str, path: tuple[str, str]):
    details = body_of({"支持类型": kind, header: "7"})["details"]
    assert str(details[path[0]][path[1]]) == "7"


def test_a_name_that_two_fields_share_is_no_name_of_either():
    body = body_of({"支持类型": "市场活动", "展具": "三组"})
    assert body["extra"] == {"展具": "三组"}


def test_unknown_columns_and_columns_of_other_types_become_extra_fields():
    body = body_of({"流水号": "L-1", "合同金额": 12.5, "a.b$": "x", "Remarks": "其他"})
    assert body["extra"] == {"流水号": "L-1", "合同金额": 12.5, "a_b_": "x", "Remarks": "其他"}


def test_evidence_goes_by_key_or_label_and_an_earlier_request_by_its_reference():
    text = "已经了解客户需求=此前的申请：S-0\nneeds_understood=earlier_request:mountain/crm/S-1\n有明确的测试环境＝attestation:已确认"
    assert (
        body_of({"前提条件证明": text})["evidence"]
        == [
            {
                "precondition": "needs_understood",
                "kind": "earlier_request",
                "value": {"business_unit": "harbour", "system": "oa", "reference": "S-0"},
            },
            {
                "precondition": "needs_understood",
                "kind": "earlier_request",
                "value": {"business_unit": "mountain", "system": "crm", "reference": "S-1"},
            },
            {"precondition": "environment_defined", "kind": "attestation", "value": "已确认"},
        ]
        or body_of({"前提条件证明": text})["evidence"][0]["value"]["business_unit"] == "harbour"
    )


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"前提条件证明": "我保证"}, "bad_evidence"),
        ({"资料项": "[1"}, "bad_json"),
        ({"数量": Unreadable("cell_error")}, "cell_error"),
        ({"数量": Unreadable("not_computed")}, "not_computed"),
        ({"流水号": Unreadable("digits_lost")}, "digits_lost"),
        ({"流水号": "x" * 40_000}, "cell_too_long"),
        ({"备注": "x" * 40_000}, "cell_too_long"),
        ({"": "stray"}, "no_header"),
        ({"数量": "5", "份数": "6"}, "said_twice"),
    ],
)
def test_what_a_row_does_not_make_clear_is_said_of_it_with_the_remedy(cells: dict[str, Cell], code: str):
    message = one_row({**BASE, **cells})
    assert message.content is None
    assert codes(message) == [code]
    told = row_problem(message.problems)
    assert told["code"] == "row_not_understood"
    assert all(problem.message.zh in told["message"]["zh"] for problem in message.problems)


def test_two_columns_may_say_the_same():
    assert body_of({"数量": "5", "份数": 5})["details"]["quantity"] == 5


def test_more_cells_than_headers_are_a_fault_of_the_row():
    rows = Rows(list(BASE), around())
    message = rows.message(Record(place=2, number=1, cells=[*BASE.values(), "more"]))
    assert message is not None
    assert codes(message) == ["no_header"]


def test_a_blank_row_says_nothing():
    assert Rows(list(BASE), around()).message(Record(place=2, number=1, cells=["", None, " "])) is None


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (["单据编号", "来源系统"], "header_missing"),
        (["支持类型", "来源系统"], "header_missing"),
        ([*BASE, "数量", "数 量"], "header_twice"),
        ([*BASE, *(f"c{n}" for n in range(2001))], "too_many_columns"),
        ([], "header_missing"),
    ],
)
def test_a_header_that_leaves_open_what_it_means_is_refused_whole(header: list[str], code: str):
    with pytest.raises(TableFault) as caught:
        Rows(header, around())
    assert {problem.code for problem in caught.value.problems} == {code}


def test_columns_that_a_mapping_names_must_be_there():
    with pytest.raises(TableFault) as caught:
        Rows(["单号", "类型"], around(), mapping(HARBOUR))
    assert "动作" in caught.value.text.en


def test_times_of_a_window_that_names_its_zone_are_left_to_that_zone():
    known = mapping(
        "local_time_zone: Asia/Shanghai\ncommon: {t: type, r: source.reference, s: source.system}\ndetails: {market.visit: {起: details.where.start, 区: details.where.time_zone}}"
    )
    base: dict[str, Cell] = {"t": "客户参观", "r": "R-1", "s": "oa", "起": "2027-03-10 09:00"}
    named = one_row({**base, "区": "Asia/Singapore"}, known).content
    unnamed = one_row({**base, "区": ""}, known).content
    assert named is not None
    assert unnamed is not None
    assert named["body"]["details"]["where"] == {"start": "2027-03-10T09:00:00", "time_zone": "Asia/Singapore"}
    assert unnamed["body"]["details"]["where"] == {"start": "2027-03-10T09:00:00+08:00"}


@pytest.mark.parametrize(
    ("word", "action"), [("", "submit"), ("变更", "amend"), ("Withdraw", "withdraw"), ("豁免", "waive"), ("炸掉", "炸掉")]
)
def test_the_action_is_known_by_its_word_and_an_unknown_one_left_to_intake(word: str, action: str):
    content = one_row({**BASE, "操作": word}).content
    assert content is not None
    assert content["action"] == action


def test_a_row_waives_with_the_precondition_the_reason_and_who():
    row: dict[str, Cell] = {**BASE, "操作": "豁免", "豁免前提条件": "offer_fixed", "豁免原因": "客户急需", "豁免人工号": "BL1"}
    content = one_row(row).content
    assert content is not None
    assert content["action"] == "waive"
    said = [content["body"][key] for key in ("precondition", "reason", "by")]
    assert said == ["offer_fixed", "客户急需", "BL1"]
