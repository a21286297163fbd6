"""Six of the fifteen types come by mail; the others, and mails that name none, are told what to use instead."""

from dataclasses import replace

import pytest

from shared.catalogue import judge
from shared.catalogue.choosing import MAIL, by_mail
from shared.catalogue.labels import fold_label, labels_of
from tests.builders import TYPES, a_body, a_context, the_pack

BY_MAIL = {"tools.company", "tools.product", "tools.solution", "market.visit", "market.executive_visit", "business.contract"}


def problem_with_type(body, channel: str = MAIL):
    verdict = judge(the_pack(), body, replace(a_context(), channel=channel)).verdict
    return verdict.outcome, next((problem for problem in verdict.problems if problem.field == "type"), None)


def test_six_types_come_by_mail():
    assert {key for key, kind in the_pack().types.items() if by_mail(kind)} == BY_MAIL


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_is_taken_by_mail_or_returned_with_its_form(kind: str):
    outcome, problem = problem_with_type(a_body(kind))
    if kind in BY_MAIL:
        assert (outcome, problem) == ("accepted", None)
    else:
        form = the_pack().forms[the_pack().types[kind].form]
        assert outcome == "returned"
        assert problem.code == "not_by_mail"
        assert form.zh in problem.message.zh
        assert form.en in problem.message.en
    assert problem_with_type(a_body(kind), "http") == ("accepted", None)


def test_sales_tools_alone_is_answered_with_the_three():
    outcome, problem = problem_with_type({**a_body("tools.company"), "type": "销售工具"})
    assert outcome == "returned"
    assert all(name in problem.message.zh for name in ("公司资料", "产品资料", "方案资料"))
    assert "客户参观" not in problem.message.zh


def test_no_type_is_answered_with_the_six():
    body = a_body("tools.company")
    del body["type"]
    outcome, problem = problem_with_type(body)
    assert (outcome, problem.code) == ("returned", "unknown_type")
    assert all(the_pack().types[key].label.zh in problem.message.zh for key in BY_MAIL)
    assert "系统测试" not in problem.message.zh


def test_labels_are_found_in_both_languages_whatever_their_width_and_case():
    places = labels_of(the_pack(), the_pack().types["market.visit"])
    wanted = {
        "商 机 编 号": ("opportunity", "id"),
        "ＯＰＰＯＲＴＵＮＩＴＹ　ＩＤ": ("opportunity", "id"),
        "陪同人员": ("details", "escorts"),
        "host confirmed": ("evidence", "host_confirmed"),
        "已经落实了参观对象": ("evidence", "host_confirmed"),
        "用餐费": ("details", "budget", "meals"),
    }
    assert {label: places[fold_label(label)].path for label in wanted} == wanted
    assert [places[fold_label(label)].part for label in ("参观时间", "参观地点", "Place", "时区")] == [
        None,
        "place",
        "place",
        "time_zone",
    ]


def test_every_field_of_every_type_has_a_label_of_its_own():
    for kind in the_pack().types.values():
        places = labels_of(the_pack(), kind)
        for key, spec in kind.fields.items():
            assert places[fold_label(spec.zh)].path == ("details", key)
            assert places[fold_label(spec.en)].path == ("details", key)
