"""One valid request of each of the fifteen types, as a unit's system sends it."""

import hashlib
from typing import Any

from shared.schemas.model import Json
from tests.builders.appointments import at_hours_of, window
from tests.builders.people import ASKER

SURVEY_BEFORE = ("harbour", "crm", "S-0")


TYPES = (
    "tools.company",
    "tools.product",
    "tools.solution",
    "tech.survey",
    "tech.proposal",
    "tech.test",
    "tech.presentation",
    "tech.training",
    "tech.bid",
    "market.event",
    "market.visit",
    "market.executive_visit",
    "market.gift",
    "business.price",
    "business.contract",
)


def attested(*preconditions: str) -> list[Json]:
    """The requester's word for each."""
    return [{"precondition": key, "kind": "attestation", "value": f"已核实：{key}"} for key in preconditions]


def surveyed() -> list[Json]:
    """Evidence that points at the completed survey which `a_context` knows."""
    unit, system, reference = SURVEY_BEFORE
    value = {"business_unit": unit, "system": system, "reference": reference}
    return [{"precondition": "needs_understood", "kind": "earlier_request", "value": value}]


DRAFT = "采购合同草案：第一条……".encode()
"""The content of every draft that is really uploaded."""


def with_draft(body: Json) -> Json:
    """`body` with DRAFT for the file that it names, for a request whose files are looked for."""
    said = {"size": len(DRAFT), "sha256": hashlib.sha256(DRAFT).hexdigest()}
    return {**body, "attachments": [{**file, **said} for file in body["attachments"]]} if body.get("attachments") else body


def a_draft_attachment(name: str = "草案.docx") -> Json:
    """The entry of an attached contract draft."""
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return {"name": name, "media_type": word, "size": 321, "sha256": "c0" * 32}


def _material(items: list[str]) -> Json:
    return {"items": items, "format": ["print", "pdf"], "quantity": 37, "delivery": "courier"}


def _deck() -> Json:
    return {
        "audience": ["信息中心宁主任", "调度室阚科长"],
        "content": "智慧泊位调度的整体设想",
        "requirements": ["先讲效益", "演示不超过二十分钟"],
        "where": window(),
        "mode": "group",
        "purpose": "争取进入短名单",
    }


BUDGET = {"venue": 12000, "meals": 3400.5, "gifts": 860, "transport": 0}


def _materials() -> dict[str, Json]:
    return {
        "tools.company": _material(["brochure", "profile"]),
        "tools.product": _material(["introduction", "playbook"]),
        "tools.solution": _material(["whitepaper", "case"]),
    }


def _surveys_and_solutions() -> dict[str, Json]:
    return {
        "tech.survey": {
            "counterparts": ["宁主任", "阚科长"],
            "topics": ["泊位排程", "闸口识别"],
            "requirements": ["不谈价格", "记录接口清单"],
            "where": window(),
            "mode": "onsite",
            "purpose": "弄清现有系统的边界",
        },
        "tech.proposal": {
            "content": "泊位调度与闸口一体化方案",
            "requirements": ["突出可靠性", "给出分期"],
            "due": "2027-03-18T17:00:00+08:00",
            "format": ["word", "pdf"],
            "delivery": ["electronic"],
            "recipients": ["宁主任"],
            "purpose": "供内部立项",
        },
        "tech.test": {
            "content": "闸口识别率与吞吐",
            "environment": {
                "hardware": "两台服务器",
                "software": "容器平台",
                "application_mode": "双机热备",
                "network": "千兆内网",
            },
            "where": window(),
            "feedback": {"due": "2027-03-20T12:00:00+08:00", "format": "excel", "demands": "按用例逐条给出结果"},
            "purpose": "验收前自检",
        },
    }


def _appearances() -> dict[str, Json]:
    return {
        "tech.presentation": _deck(),
        "tech.training": {**_deck(), "headcount": 24, "material_language": "zh"},
        "tech.bid": {
            "bid_requirements": ["双信封", "页码连续"],
            "due": "2027-03-25T09:30:00+08:00",
            "pitch_requirements": ["两人述标"],
            "pitch": window("2027-03-26T10:00:00+08:00", "2027-03-26T11:00:00+08:00", "交易中心五室"),
            "jury": [
                {"name": "郗评审", "organisation": "港航学会", "concerns": "运维成本"},
                {"name": "卓越群", "organisation": "设计院"},
            ],
        },
    }


def _events() -> dict[str, Json]:
    return {
        "market.event": {
            "name": "智慧港口研讨会",
            "where": window(),
            "aim": "solution_promotion",
            "audience": {
                "customer_count": 6,
                "expected_attendees": 45,
                "departments": ["信息部", "生产部"],
                "invitation_standard": "科级以上",
                "customers": ["云汀港务", "白沙集装箱"],
            },
            "form": "seminar",
            "agenda": [
                {"description": "案例分享", "aim": "建立信任", "owner": "戚芳菲"},
                {"description": "圆桌讨论", "aim": "收集需求", "owner": "苗乐"},
            ],
            "resources": {
                "people": "讲师两名",
                "material": "彩页五十份",
                "equipment": "投影仪",
                "gifts": "纪念杯",
                "displays": "易拉宝",
            },
            "budget": dict(BUDGET),
        },
    }


def _visits_and_gifts() -> dict[str, Json]:
    return {
        "market.visit": {
            "customer": "云汀港务集团",
            "aim": "眼见为实",
            "content": "参观调度大厅",
            "where": window(),
            "escorts": ["左丘明远", "戚芳菲"],
            "budget": dict(BUDGET),
            "site": "headquarters",
        },
        "market.executive_visit": {
            "customer": "云汀港务集团",
            "executive": ["bu_leader", "company_leader"],
            "aim": "确认合作意向",
            "content": "交流三年规划",
            "where": window(),
        },
        "market.gift": {
            "use": "周年答谢",
            "gifts": [
                {"item": "青瓷茶具", "quantity": 4, "unit_price": 268.5, "source": "stock"},
                {"item": "钢笔", "quantity": 9, "unit_price": 91, "source": "ad_hoc"},
            ],
            "recipients": [
                {"customer": "云汀港务集团", "person": "宁主任", "quantity": 1},
                {"customer": "白沙集装箱", "person": "阚科长", "quantity": 2},
            ],
        },
    }


def _business() -> dict[str, Json]:
    return {
        "business.price": {
            "tender": {
                "method": "open_tender",
                "tender_no": "ZB-7781",
                "opening_date": "2027-03-22T09:00:00+08:00",
                "ceiling": 1980000,
            },
            "lines": [
                {"item": "调度平台", "list_price": 800000, "asked_price": 640000, "quantity": 1},
                {"item": "识别相机", "list_price": 5200, "asked_price": 4680.5, "quantity": 32},
            ],
            "reason": "首个样板港口",
        },
        "business.contract": {
            "kind": "sales",
            "contract": "草案.docx",
            "sample": "SAMPLE-SALES-3",
            "amount": 1543210.99,
            "due": "2027-03-15T18:00:00+08:00",
        },
    }


def _details() -> dict[str, Json]:
    groups = (_materials(), _surveys_and_solutions(), _appearances(), _events(), _visits_and_gifts(), _business())
    return {kind: details for group in groups for kind, details in group.items()}


def _evidence() -> dict[str, list[Json]]:
    return {
        "tech.survey": attested("relationship_established", "counterpart_confirmed"),
        "tech.proposal": surveyed(),
        "tech.test": attested("environment_defined", "test_demands_defined"),
        "tech.presentation": surveyed() + attested("content_and_audience_fixed"),
        "tech.training": surveyed() + attested("content_and_audience_fixed"),
        "tech.bid": [{"precondition": "tender_received", "kind": "tender_number", "value": "ZB-7781"}],
        "market.event": attested("customers_identified", "purchase_need_clear", "application_needs_known"),
        "market.visit": attested("customer_and_aim_clear"),
        "market.executive_visit": attested("relationship_established", "target_and_aim_clear"),
        "market.gift": attested("customer_and_aim_clear"),
        "business.price": attested("offer_fixed"),
        "business.contract": [{"precondition": "based_on_sample", "kind": "attachment", "value": "草案.docx"}],
    }


def a_body(kind: str = "tech.survey", /, **changes: Any) -> Json:
    """A complete submission of `kind` by ASKER; `changes` replace whole top-level fields, None removes one.

    Bodies of other sources than the plain one name other hours, the same ones for the same source: nobody is at two places at once.
    """
    body: Json = {
        "type": kind,
        "business_unit": "harbour",
        "requester": {"id": ASKER, "role": "account_manager"},
        "source": {"system": "crm", "reference": f"R-{kind}"},
        "needed_by": "2027-03-19T18:00:00+08:00",
        "priority": "high",
        "locale": "zh",
        "details": _details()[kind],
        "extra": {"对接窗口": "北门登记处", "budget_code": "BC-904"},
        "evidence": _evidence().get(kind, []),
        "attachments": [a_draft_attachment()] if kind == "business.contract" else [],
    }
    if not kind.startswith("tools."):
        customer = {"id": "C-5", "name": "云汀港务集团", "industry": "ports", "region": "coast"}
        body["opportunity"] = {"id": "O-5", "name": "智慧泊位一期", "customer": customer, "stage": 2}
    if "source" in changes and "details" not in changes:
        body["details"] = at_hours_of(changes["source"], body["details"])
    return {key: value for key, value in (body | changes).items() if value is not None}


def with_details(body: Json, /, **changes: Any) -> Json:
    """`body` with some details replaced, or removed when None."""
    details = {key: value for key, value in (body["details"] | changes).items() if value is not None}
    return {**body, "details": details}


def without(body: Json, path: str) -> Json:
    """`body` without the field at the dotted `path`; a number steps into a list."""
    head, _, rest = path.partition(".")
    if not rest:
        return {key: value for key, value in body.items() if key != head}
    inner = body[head]
    if isinstance(inner, list):
        place, _, deeper = rest.partition(".")
        return {**body, head: [without(line, deeper) if index == int(place) else line for index, line in enumerate(inner)]}
    return {**body, head: without(inner, rest)}
