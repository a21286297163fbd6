"""What a mail says is put in its places, whatever the layout; what is not understood is named and lost by nothing."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.mail.letter import File, Letter
from services.intake.mail.understanding import UNREAD, body_of, patch_of, understand
from shared.catalogue import judge
from tests.builders import a_context, a_directory, a_person, the_pack
from tests.unit.intake.letters import MATERIAL, VISIT

SENDER = a_directory().people["A1"]


def a_letter(text: str = VISIT, **changes: Any) -> Letter:
    plain = Letter(sender=SENDER.email, subject="hello", message_id="<m1@firm.example>", text=text)
    return replace(plain, **changes)


def a_body(letter: Letter, sender: Any = SENDER) -> dict[str, Any]:
    return body_of(understand(letter, the_pack()), letter, sender, the_pack(), a_directory())


def verdict_on(letter: Letter, sender: Any = SENDER):
    return judge(the_pack(), a_body(letter, sender), replace(a_context(), channel="mail")).verdict


def test_a_whole_mail_is_accepted_and_says_what_it_says():
    body = a_body(a_letter())
    assert verdict_on(a_letter()).outcome == "accepted"
    assert (body["type"], body["business_unit"], body["requester"]) == (
        "market.visit",
        "harbour",
        {"id": "A1", "role": "account_manager"},
    )
    assert body["source"] == {"system": "mail", "reference": "<m1@firm.example>"}
    assert body["opportunity"] == {"id": "O-5", "name": "智慧港口", "customer": {"name": "示例港务集团"}, "stage": 2}
    assert body["details"]["where"] == {
        "start": "2027-03-10T14:00:00", "end": "2027-03-10T16:30:00", "place": "三号码头会议厅", "time_zone": "Asia/Shanghai",
    }  # fmt: skip
    assert body["details"]["budget"] == {"meals": 2800, "transport": 1600}
    assert body["evidence"] == [{"precondition": "customer_and_aim_clear", "kind": "attestation", "value": "客户为示例港务集团"}]
    assert "extra" not in body


LAYOUTS = {
    "numbered": lambda n, label, value: f"{n}、{label}：{value}",
    "bulleted": lambda n, label, value: f"- {label}: {value}",
    "boxed": lambda n, label, value: f"【{label}】{value}",
    "spaced": lambda n, label, value: f"　{label} ： {value}",
    "starred": lambda n, label, value: f"* **{label}:** {value}",
    "tabbed": lambda n, label, value: f"{label}\t{value}",
    "wide": lambda n, label, value: f"（{n}）{label}（必填）﹕{value}",
    "below": lambda n, label, value: f"{label}：\n    {value}",
    "apart": lambda n, label, value: f"{label}：{value}\n",
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("backwards", [False, True])
def test_lines_in_any_layout_and_order_mean_the_same(layout: Any, backwards: bool):
    lines = [line.split("：", 1) for line in VISIT.split("\n")]
    told = [layout(number, *pair) for number, pair in enumerate(lines, 1)]
    text = "同事好：\n请帮忙安排。\n\n" + "\n".join(told[::-1] if backwards else told) + "\n\n多谢"
    assert a_body(a_letter(text)) == a_body(a_letter())


def test_english_labels_and_values():
    body = a_body(a_letter(MATERIAL), a_directory().people["A3"])
    assert verdict_on(a_letter(MATERIAL)).outcome == "accepted"
    assert (body["locale"], body["business_unit"]) == ("en", "islands")
    assert body["details"] == {"items": ["brochure", "disc"], "format": ["print"], "quantity": 30, "delivery": "courier"}


def test_a_value_goes_on_below_and_ends_at_a_blank_line_or_a_label():
    body = a_body(a_letter("支持类型：客户参观\n参观内容：\n上午：展厅\n下午：座谈\n参观目的：看\n看再说\n\n顺祝商祺"))
    assert body["details"] == {"content": "上午：展厅\n下午：座谈", "aim": "看\n看再说"}


@pytest.mark.parametrize(
    ("text", "recipient", "subject", "kind"),
    [
        ("支持类型：高层拜访", "support+customer-visit@x.example", "公司资料", "market.executive_visit"),
        ("数量：3", "support+customer-visit@x.example", "公司资料", "market.visit"),
        ("数量：3", "support+market.visit@x.example", "", "market.visit"),
        ("数量：3", "support+nothing@x.example", "【公司资料申请】云栈", "tools.company"),
        ("数量：3", "support@x.example", "Fwd: Customer  visit on Monday", "market.visit"),
        ("数量：3", "support@x.example", "客户来访参观", "market.visit"),
        ("类型：什么都不是", "support@x.example", "公司资料", "tools.company"),
        ("类型：什么都不是", "support@x.example", "hello", "什么都不是"),
        ("数量：3", "support@x.example", "公司资料和产品资料", None),
        ("数量：3", "support@x.example", "forbidden gifts? gifted bids", None),
        ("数量：3", "support@x.example", "申请销售工具", "销售工具"),
        ("支持类型：市场活动", "support@x.example", "", "market.event"),
    ],
)
def test_the_type_comes_from_the_line_the_address_or_the_subject(text: str, recipient: str, subject: str, kind: str | None):
    letter = a_letter(text, subject=subject)
    assert understand(letter, the_pack(), recipients=[recipient]).type == kind


def test_a_mail_without_a_type_is_returned_with_the_six_and_keeps_what_it_says():
    letter = a_letter("数量：30\n参观目的：看\n备注：急")
    verdict = verdict_on(letter)
    assert verdict.outcome == "returned"
    assert "客户参观" in verdict.problems[0].message.zh
    assert a_body(letter)["extra"] == {"note": "急", UNREAD: ["数量：30", "参观目的：看"]}


def test_what_is_unknown_is_named_without_its_value_and_said_twice_stands_once():
    letter = a_letter(VISIT + "\n天气要求：晴，13800000000\n商机阶段：5\n参观地点：别处")
    body = a_body(letter)
    assert body["extra"] == {UNREAD: ["天气要求", "商机阶段", "参观地点"]}
    assert body["opportunity"]["stage"] == 2


def test_signatures_that_nothing_marks_and_addresses_are_no_fields():
    letter = a_letter(VISIT + "\n\n纪春生\n电话：分机 8403\n见 https://x.example/a:b\n09:00 出发\nTel.: 1")
    assert "extra" not in a_body(letter)


def test_a_sender_asks_for_another_unit_and_names_their_post_but_nobody_else():
    two = a_person("A9", "harbour", "bu_leader", "bu_marketing", "product_manager")
    text = f"{MATERIAL}\n经营单位：山岳事业部\n申请岗位：产品经理\n申请人工号：A1\n申请人：纪春生"
    body = a_body(a_letter(text), two)
    assert (body["business_unit"], body["requester"]) == ("mountain", {"id": "A9", "role": "product_manager"})
    assert body["extra"][UNREAD] == ["申请人 / Requester"]
    assert a_body(a_letter(MATERIAL), two)["requester"]["role"] == "bu_marketing"


def test_another_systems_reference_is_the_requests_own():
    text = f"{MATERIAL}\n来源系统：crm\n来源单号：R-1"
    assert a_body(a_letter(text))["source"] == {"system": "crm", "reference": "R-1"}


def test_files_are_named_and_prove():
    file = File(name="草案.docx", media_type="application/msword", data=b"word")
    text = "支持类型：合同评审\n合同：草案.docx\n基于合同样本：是，见附件 草案.docx"
    body = a_body(a_letter(text, files=(file,)))
    assert body["attachments"] == [{"name": "草案.docx", "media_type": "application/msword", "size": 4, "sha256": file.sha256}]
    assert body["evidence"] == [{"precondition": "based_on_sample", "kind": "attachment", "value": "草案.docx"}]


def test_what_was_passed_on_counts_where_the_writer_says_nothing():
    assert a_body(a_letter("请看下面", forwarded=VISIT)) == a_body(a_letter())
    assert a_body(a_letter(MATERIAL, forwarded=VISIT))["type"] == "tools.company"


def test_an_answer_changes_only_what_it_names():
    visit, current = the_pack().types["market.visit"], a_body(a_letter())
    letter = a_letter("参观时间：2027年3月11日 9:00 至 10:00\n费用预算：礼品 900 元\n经营单位：山岳事业部\n岗位：营销助理")
    patch = patch_of(understand(letter, the_pack(), kind=visit), letter, current, SENDER, the_pack())
    window = {"start": "2027-03-11T09:00:00", "end": "2027-03-11T10:00:00"}
    assert patch == {"details": {"where": window, "budget": {"gifts": 900}}, "requester": {"role": "sales_assistant"}}


def test_an_answer_adds_evidence_and_files():
    visit, current = the_pack().types["market.visit"], a_body(a_letter(files=(File(name="a", media_type="x/y", data=b"1"),)))
    letter = a_letter("已经落实了参观对象：是，书面同意", files=(File(name="b", media_type="x/y", data=b"2"),))
    patch = patch_of(understand(letter, the_pack(), kind=visit), letter, current, SENDER, the_pack())
    assert [piece["precondition"] for piece in patch["evidence"]] == ["customer_and_aim_clear", "host_confirmed"]
    assert [file["name"] for file in patch["attachments"]] == ["a", "b"]


def test_an_answer_that_names_the_type_makes_the_earlier_lines_readable():
    before = a_body(a_letter("数量：30\n资料项：企业简介\n天气：晴"))
    letter = a_letter("支持类型：公司资料\n交付方式：自取")
    patch = patch_of(understand(letter, the_pack(), before=before["extra"][UNREAD]), letter, before, SENDER, the_pack())
    assert patch["type"] == "tools.company"
    assert patch["details"] == {"quantity": 30, "items": ["企业简介"], "delivery": "自取"}
    assert patch["extra"] == {UNREAD: ["天气"]}
    still = patch_of(
        understand(a_letter("多谢"), the_pack(), before=before["extra"][UNREAD]), a_letter("多谢"), before, SENDER, the_pack()
    )
    assert still == {"extra": before["extra"]}


def test_a_withdrawal_gives_its_reason():
    assert understand(a_letter("撤回：客户推迟"), the_pack()).withdrawal == "客户推迟"
    assert understand(a_letter(), the_pack()).withdrawal is None


HOSTILE = [
    "a\x00b",
    "\ud800",
    "=?utf-8?q?x?=",
    "{{7*7}}",
    "=1+1",
    "𠀀𪛖",
    "\u202eabc",
    "😀" * 300,
    "长" * 30_000,
    "：" * 5000,
    "1" * 5000,
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_judged_like_any_other(value: str):
    for text in (
        f"{VISIT}\n{value}：{value}",
        VISIT.replace("看到真实运行", value),
        "\n".join(f"{place}x：{value}" for place in range(90)),
    ):
        body = a_body(a_letter(text))
        assert verdict_on(a_letter(text)).outcome in {"accepted", "returned"}
        assert len(body.get("extra", {}).get(UNREAD, [])) <= 40
