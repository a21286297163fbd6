"""Brings everything of a message but its details into the normal form, and names each problem. Nothing given is dropped unsaid."""

import re
import unicodedata
from collections.abc import Mapping

from shared.catalogue.attachments import check_attachment
from shared.catalogue.choosing import check_type
from shared.catalogue.pack import Field, Pack, RequestType
from shared.catalogue.proofs import Offered
from shared.catalogue.shapes import MAX_ITEMS, Shaping, empty
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.requests import CURRENCY, Customer, Opportunity, Request

PRIORITY = Field.model_validate(
    {
        "zh": "紧急程度",
        "en": "Priority",
        "type": "choice",
        "choices": {
            "low": {"zh": "低", "en": "low"},
            "normal": {"zh": "普通", "en": "normal", "aliases": ["一般"]},
            "high": {"zh": "高", "en": "high"},
            "urgent": {"zh": "紧急", "en": "urgent", "aliases": ["特急"]},
        },
    }
)
LOCALE = Field.model_validate(
    {
        "zh": "语言",
        "en": "Language",
        "type": "choice",
        "choices": {"zh": {"zh": "中文", "en": "Chinese"}, "en": {"zh": "英文", "en": "English"}},
    }
)
CODE = re.compile("[A-Z]{3}")
CURRENCIES = {
    **dict.fromkeys(("人民币", "元", "RMB"), "CNY"),
    "美元": "USD",
    "欧元": "EUR",
    "英镑": "GBP",
    "港币": "HKD",
    "港元": "HKD",
    "日元": "JPY",
}
"""Currencies as people write them."""
NEEDED_BY = Field(zh="期望完成时间", en="Needed by", type="time", deadline=True)
SHAPED = {"needed_by": NEEDED_BY, "priority": PRIORITY, "locale": LOCALE}
NAMED_PARTS = {
    "requester": (("id", "申请人工号", "employee id"), ("role", "申请岗位", "post")),
    "source": (("system", "来源系统", "system"), ("reference", "来源单号", "reference")),
}


def tidy(value: object) -> object:
    """A name as names are compared: trimmed, in Unicode NFC, case kept. Anything but a text is left as it is."""
    return unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else value


def framed(
    shaping: Shaping, body: Mapping[str, object], kind: RequestType | None, pack: Pack, directory: Directory, *, channel: str = ""
) -> Json:
    """The frame in its normal form: keys of `Request` without details; keys it does not have are kept under `extra` (等)."""
    frame: Json = {key: value for key, value in body.items() if key in Request.model_fields and not empty(value)}
    frame["type"] = check_type(shaping, body.get("type"), kind, pack, channel)
    for key, parts in NAMED_PARTS.items():
        _check_named(shaping, frame, key, parts)
    frame["business_unit"] = tidy(frame.get("business_unit"))
    if not isinstance(frame["business_unit"], str) or frame["business_unit"] not in directory.units:
        shaping.wrong(
            "business_unit", "unknown_unit", "没有这个经营单位；请核对代码。", "There is no such business unit; check its code."
        )
    for key, spec in SHAPED.items():
        if key in frame:
            frame[key] = shaping.shape(frame[key], spec, key)
    _check_opportunity(shaping, frame, required=kind is not None and kind.opportunity)
    _check_offers(shaping, body)
    frame["evidence"], frame["attachments"] = Offered.evidence(body), Offered.attachments(body)
    return frame | {"extra": _shape_currency(shaping, _extra(body, frame))}


def _check_named(shaping: Shaping, frame: Json, key: str, parts: tuple[tuple[str, str, str], ...]) -> None:
    """A record of names, none of which may be blank."""
    given = frame.get(key)
    for part, zh, en in parts:
        value = given.get(part) if isinstance(given, dict) else None
        if not isinstance(value, str) or not value.strip():
            shaping.wrong(f"{key}.{part}", "missing", f"缺少“{zh}”，请补充。", f"The {key}'s {en} is missing; add it.")
    if isinstance(given, dict):
        frame[key] = {part: tidy(value) for part, value in given.items()}


def _check_opportunity(shaping: Shaping, frame: Json, *, required: bool) -> None:
    opportunity = frame.get("opportunity")
    if opportunity is None:
        if required:
            shaping.wrong(
                "opportunity",
                "missing",
                "缺少“商机”，请补充编号、名称和客户。",
                "The opportunity is missing; give its id, name and customer.",
            )
        return
    customer = opportunity.get("customer") if isinstance(opportunity, dict) else None
    texts = [opportunity.get("id"), opportunity.get("name")] if isinstance(opportunity, dict) else [None]
    texts += [customer.get("name")] if isinstance(customer, dict) else [None]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        zh, en = "“商机”应含 id、name 和 customer.name。", "The opportunity must hold id, name and customer.name."
        shaping.wrong("opportunity", "incomplete", zh, en)
        del frame["opportunity"]
        return
    frame["opportunity"] = {**opportunity, "id": tidy(opportunity["id"])}
    stage = opportunity.get("stage")
    if stage is not None and (isinstance(stage, bool) or stage not in range(1, 7)):
        shaping.wrong("opportunity.stage", "not_a_stage", "商机阶段应为 1 至 6。", "The stage must be 1 to 6.")
        del frame["opportunity"]["stage"]


def _check_offers(shaping: Shaping, body: Mapping[str, object]) -> None:
    """Evidence and attachments that cannot be read are named, so that nobody believes to have sent them."""
    for key, check in (("evidence", _check_evidence), ("attachments", check_attachment)):
        given = body.get(key)
        if empty(given):
            continue
        if not isinstance(given, list) or len(given) > MAX_ITEMS:
            shaping.wrong(
                key,
                "not_a_list",
                f"“{key}”应为不超过 {MAX_ITEMS} 项的列表。",
                f"“{key}” must be a list of at most {MAX_ITEMS} entries.",
            )
            continue
        for place, entry in enumerate(given):
            check(shaping, entry, f"{key}.{place}")


def _shape_currency(shaping: Shaping, extra: Json) -> Json:
    """What amounts are in as a code of three letters (ISO 4217), so that the same amount is never taken for another."""
    given = extra.get(CURRENCY)
    if empty(given):
        return extra
    code = CURRENCIES.get(given.strip().upper(), given.strip().upper()) if isinstance(given, str) else ""
    if not CODE.fullmatch(code):
        zh = "“币种”应为三个字母的代码（如 CNY、USD）；请更正。"
        en = "The currency must be a code of three letters, such as CNY or USD; correct it."
        shaping.wrong(f"extra.{CURRENCY}", "not_a_currency", zh, en)
        return extra
    return {**extra, CURRENCY: code}


def _check_evidence(shaping: Shaping, piece: object, path: str) -> None:
    readable = (
        isinstance(piece, dict)
        and all(isinstance(piece.get(key), str) and piece[key].strip() for key in ("precondition", "kind"))
        and isinstance(piece.get("value"), str | dict)
    )
    if not readable:
        zh, en = "应含 precondition、kind 和 value", "must hold precondition, kind and value"
        shaping.wrong(path, "wrong_shape", f"“{path}”{zh}；请更正。", f"“{path}” {en}; correct it.")


def _extra(body: Mapping[str, object], frame: Json) -> Json:
    """What the unit added: its `extra`, and what stands where the contract has no field. No name hides another."""
    given = frame.get("extra", {})
    extra: Json = dict(given) if isinstance(given, dict) else {"extra": given}
    added = {key: value for key, value in body.items() if key not in Request.model_fields}
    if more := _more_of(frame.get("opportunity")):
        added["opportunity"] = more
    for key, value in added.items():
        free = key
        while free in extra:
            free += "_"
        extra[free] = value
    return extra


def _more_of(opportunity: object) -> Json:
    if not isinstance(opportunity, dict):
        return {}
    more = {key: value for key, value in opportunity.items() if key not in Opportunity.model_fields}
    customer = {key: value for key, value in opportunity["customer"].items() if key not in Customer.model_fields}
    return more | ({"customer": customer} if customer else {})
