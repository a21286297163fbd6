"""The one validator: a unit's message, the pack, and what is known → accepted, returned or rejected. Pure, never raises.

The same for every channel: who may ask (第一章 2.1), what the form must hold, and what must be true beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from pydantic import ValidationError

from shared.catalogue.pack import Condition, Field, Pack, RequestType
from shared.catalogue.proofs import EarlierRequest, Offered, weigh
from shared.catalogue.shapes import Shaping, empty, zone_named
from shared.schemas.model import Json, Text
from shared.schemas.people import Directory, Person
from shared.schemas.requests import PolicyPin, PreconditionVerdict, Problem, Request, Verdict

UNANNOUNCED = frozenset({"未公布", "not published", "not announced"})
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
NEEDED_BY = Field(zh="期望完成时间", en="Needed by", type="time", deadline=True)
REASONS = {
    "unknown_requester": Text(
        zh="申请人不在人员目录中或已离职；请核对工号。",
        en="The requester is not in the directory or has left; check the employee id.",
    ),
    "role_may_not_submit": Text(
        zh="该岗位不能提交营销支持申请（办法第一章 2.1）；请由有资格的人员提交。",
        en="This post may not ask for sales support (policy, chapter 1, 2.1); let someone eligible submit it.",
    ),
    "role_not_held": Text(
        zh="申请人在人员目录中没有所填的岗位；请核对岗位。",
        en="The directory does not give the requester this post; check the post.",
    ),
}
ACCEPTED = Text(zh="申请已受理。", en="The request is accepted.")
RETURNED = Text(
    zh="申请退回：请补充所列内容后以同一单号重新提交。",
    en="The request is returned: add what is listed and send it again under the same reference.",
)


@dataclass(frozen=True, kw_only=True)
class JudgingContext:
    """What judging knows besides the message."""

    now: datetime
    directory: Directory
    earlier: Mapping[tuple[str, str, str], EarlierRequest]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict, the request in its normal form (None when its frame cannot be read), its type if known, the policy."""

    verdict: Verdict
    request: Request | None
    type: RequestType | None
    policy: PolicyPin


def judge(pack: Pack, body: Json, context: JudgingContext) -> Judgement:
    """The verdict on `body`, as any channel received it."""
    kind = pack.type_by_alias(body["type"]) if isinstance(body.get("type"), str) else None
    person = _requester(body, context.directory)
    zone: tzinfo = zone_named(person.time_zone, UTC) if person else UTC
    shaping = Shaping(now=context.now, zone=zone)
    frame = _frame(shaping, body, kind, pack, context)
    offered = Offered.read(body)
    verdicts = _preconditions(kind, pack, frame, offered, context) if kind else ()
    if kind:
        frame["details"] = _details(shaping, body, kind, verdicts)
        _cross_checks(shaping, frame, kind, offered)
    request = _request(shaping, frame)
    verdict = _verdict(_rejection(body, person, pack), shaping.problems, verdicts)
    return Judgement(verdict=verdict, request=request, type=kind, policy=pack.pin)


def earlier_references(body: Json) -> set[tuple[str, str, str]]:
    """(unit, system, reference) of the earlier requests that `body` offers as evidence."""
    return Offered.read(body).references()


def _requester(body: Json, directory: Directory) -> Person | None:
    requester = body.get("requester")
    identity = requester.get("id") if isinstance(requester, dict) else None
    person = directory.people.get(identity) if isinstance(identity, str) else None
    return person if person and person.active else None


def _rejection(body: Json, person: Person | None, pack: Pack) -> str | None:
    """Why the requester may not ask, or None. A requester who is not named at all is a matter of the form."""
    requester = body.get("requester")
    if not isinstance(requester, dict) or empty(requester.get("id")) or empty(requester.get("role")):
        return None
    if person is None:
        return "unknown_requester"
    if requester["role"] not in pack.may_submit:
        return "role_may_not_submit"
    return None if requester["role"] in person.roles else "role_not_held"


def _frame(shaping: Shaping, body: Json, kind: RequestType | None, pack: Pack, context: JudgingContext) -> Json:
    """Everything but the details, in its normal form."""
    frame: Json = {key: value for key, value in body.items() if key in Request.model_fields and not empty(value)}
    if kind is None:
        named = "、".join(f"{key} {other.label.zh}" for key, other in pack.types.items())
        zh, en = (
            f"没有这个支持类型；请从下列类型中选择：{named}。",
            f"There is no such type; choose one of {', '.join(pack.types)}.",
        )
        shaping.wrong("type", "unknown_type", zh, en)
        frame["type"] = body["type"][:100] if isinstance(body.get("type"), str) else ""
    else:
        frame["type"] = kind.key
    _check_requester(shaping, frame)
    unit = frame.get("business_unit")
    if not isinstance(unit, str) or unit not in context.directory.units:
        shaping.wrong(
            "business_unit", "unknown_unit", "没有这个经营单位；请核对代码。", "There is no such business unit; check its code."
        )
    for key, spec in (("needed_by", NEEDED_BY), ("priority", PRIORITY), ("locale", LOCALE)):
        if key in frame:
            frame[key] = shaping.shape(frame[key], spec, key)
    _check_opportunity(shaping, frame, required=kind is not None and kind.opportunity)
    frame["evidence"], frame["attachments"] = Offered.evidence(body), Offered.attachments(body)
    if not isinstance(frame.get("extra", {}), dict):
        frame["extra"] = {"extra": frame["extra"]}
    return frame | _unknown(body, frame)


def _unknown(body: Json, frame: Json) -> Json:
    """Keys the contract does not know are kept among the extra fields (等)."""
    unknown = {key: value for key, value in body.items() if key not in Request.model_fields}
    return {"extra": {**frame.get("extra", {}), **unknown}} if unknown else {}


def _check_requester(shaping: Shaping, frame: Json) -> None:
    requester = frame.get("requester")
    for key, zh, en in (("id", "申请人工号", "employee id"), ("role", "申请岗位", "post")):
        value = requester.get(key) if isinstance(requester, dict) else None
        if not isinstance(value, str) or not value.strip():
            shaping.wrong(f"requester.{key}", "missing", f"缺少“{zh}”，请补充。", f"The requester's {en} is missing; add it.")


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
    stage = opportunity.get("stage")
    if stage is not None and (isinstance(stage, bool) or stage not in range(1, 7)):
        shaping.wrong("opportunity.stage", "not_a_stage", "商机阶段应为 1 至 6。", "The stage must be 1 to 6.")
        frame["opportunity"] = {key: value for key, value in opportunity.items() if key != "stage"}


def _details(shaping: Shaping, body: Json, kind: RequestType, verdicts: tuple[PreconditionVerdict, ...]) -> Json:
    details = body.get("details")
    if not isinstance(details, dict):
        details = {} if empty(details) else {"details": details}
    met = {name for verdict in verdicts if verdict.state == "met" and verdict.met_by for name in (verdict.met_by.precondition,)}
    later = {field for name, fields in kind.later_without.items() if name not in met for field in fields}
    announced = {field for fields in kind.later_without.values() for field in fields}
    open_ended = {key: value for key, value in details.items() if key in announced and _is_unannounced(value)}
    given = {key: value for key, value in details.items() if key not in open_ended}
    shaped = shaping.details(given, kind.fields, "details", frozenset(later | open_ended.keys()))
    return shaped | open_ended


def _is_unannounced(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in UNANNOUNCED


def _cross_checks(shaping: Shaping, frame: Json, kind: RequestType, offered: Offered) -> None:
    """What one field says about another."""
    for key, spec in kind.fields.items():
        value = frame["details"].get(key)
        if (
            spec.same_as
            and isinstance(value, str)
            and (other := _at(frame, spec.same_as))
            and value.strip() != str(other).strip()
        ):
            zh, en = (
                f"“{spec.zh}”与商机的客户（{other}）不一致。",
                f"“{spec.en}” differs from the opportunity's customer ({other}).",
            )
            shaping.wrong(f"details.{key}", "differs", zh, en)
        if spec.type == "file" and isinstance(value, str) and value not in offered.names():
            zh, en = f"附件中没有“{spec.zh}”所写的文件；请附上。", f"The file named in “{spec.en}” is not attached; attach it."
            shaping.wrong(f"details.{key}", "not_attached", zh, en)


def _preconditions(
    kind: RequestType, pack: Pack, frame: Json, offered: Offered, context: JudgingContext
) -> tuple[PreconditionVerdict, ...]:
    details = frame.get("details") if isinstance(frame.get("details"), dict) else {}
    facts = {"stage": _at(frame, "opportunity.stage"), **(details or {})}
    opportunity = _at(frame, "opportunity.id")
    return tuple(
        weigh(pack, condition, offered, opportunity, context.earlier)
        for condition in kind.preconditions
        if _applies(condition, kind, facts, offered)
    )


def _applies(condition: Condition, kind: RequestType, facts: Mapping[str, object], offered: Offered) -> bool:
    """Whether the condition is asked for. One that is excused counts all the same once evidence for it is offered."""

    def holds(wanted: Mapping[str, object]) -> bool:
        return all(_chosen(kind, key, facts.get(key)) == value for key, value in wanted.items())

    claimed = any(piece.precondition in condition.any_of for piece in offered.pieces)
    excused = bool(condition.unless) and holds(condition.unless) and not claimed
    return (not condition.only or holds(condition.only)) and not excused


def _chosen(kind: RequestType, key: str, value: object) -> object:
    spec = kind.fields.get(key)
    folded = "".join(value.casefold().split()) if isinstance(value, str) else None
    return spec.key_of.get(folded, value) if spec and spec.choices and folded is not None else value


def _at(frame: Json, path: str) -> object:
    value: object = frame
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _request(shaping: Shaping, frame: Json) -> Request | None:
    """The normal form. What could not be shaped is left out of the frame but named in the problems."""
    wrong = {problem.field.split(".")[0] for problem in shaping.problems} & {"needed_by", "priority", "locale"}
    try:
        return Request.model_validate({key: value for key, value in frame.items() if key not in wrong})
    except ValidationError as error:
        named = {problem.field.split(".")[0] for problem in shaping.problems}
        for place in {str(fault["loc"][0]) for fault in error.errors()} - named:
            shaping.wrong(
                place, "wrong_shape", f"“{place}”的格式有误，请按表单填写。", f"“{place}” has the wrong shape; follow the form."
            )
        return None


def _verdict(reason: str | None, problems: list[Problem], preconditions: tuple[PreconditionVerdict, ...]) -> Verdict:
    if reason is not None:
        return Verdict(outcome="rejected", reason=reason, message=REASONS[reason])
    missing = any(verdict.state == "missing" for verdict in preconditions)
    if problems or missing:
        return Verdict(outcome="returned", problems=tuple(problems), preconditions=preconditions, message=RETURNED)
    return Verdict(outcome="accepted", preconditions=preconditions, message=ACCEPTED)
