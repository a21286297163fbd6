"""The one validator: a unit's message, the pack, and what is known → accepted, returned or rejected. Pure, never raises.

The same for every channel: who may ask (第一章 2.1), what the form must hold, and what must be true beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from pydantic import ValidationError

from shared.catalogue.attachments import Uploaded, check_uploaded
from shared.catalogue.frame import framed, tidy
from shared.catalogue.naming import check_names, names_in
from shared.catalogue.owing import dated
from shared.catalogue.pack import Condition, Pack, RequestType
from shared.catalogue.privacy import sayable
from shared.catalogue.proofs import EarlierRequest, Known, Offered, weigh
from shared.catalogue.shapes import UNANNOUNCED, Shaping, empty, zone_named
from shared.catalogue.storable import storable, unstorable
from shared.schemas.intake import Owed, PreconditionWaived
from shared.schemas.model import Json, Text
from shared.schemas.people import Directory, Person
from shared.schemas.requests import PolicyPin, PreconditionVerdict, Problem, Request, Verdict

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


NO_RECORD = Problem(
    field="body",
    code="not_a_record",
    message=Text(
        zh="申请应为一组字段（JSON 对象）；请按表单填写。",
        en="A request must be a record of fields (a JSON object); follow the form.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class JudgingContext:
    """What judging knows besides the message. `channel` is the one a request was filed on: not every type comes by mail.

    `waived` says who waived which precondition; `standing` is what an open request owes already, whose times stay.
    `uploaded` is what is known of the files' content by SHA-256; None where nobody looked, and then none is missed.
    """

    now: datetime
    directory: Directory
    earlier: Mapping[tuple[str, str, str], EarlierRequest]
    channel: str = ""
    uploaded: Mapping[str, Uploaded] | None = None
    waived: Mapping[str, PreconditionWaived] = field(default_factory=dict)
    standing: Mapping[tuple[str, ...], Owed] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict, the request in its normal form (None when its frame cannot be read), its type if known, the policy."""

    verdict: Verdict
    request: Request | None
    type: RequestType | None
    policy: PolicyPin


def judge(pack: Pack, body: object, context: JudgingContext) -> Judgement:
    """The verdict on `body`, any JSON value, as any channel received it. What cannot be stored has no normal form."""
    if not isinstance(body, dict):
        return Judgement(verdict=_verdict(None, [NO_RECORD], ()), request=None, type=None, policy=pack.pin)
    kind = pack.type_by_alias(body["type"]) if isinstance(body.get("type"), str) else None
    person = _requester(body, context.directory)
    shaping = Shaping(now=context.now, zone=_zone(body, person, context.directory))
    refused = unstorable(body, lambda path: sayable(path, kind))
    frame = framed(shaping, body, kind, pack, context.directory, channel=context.channel)
    if context.uploaded is not None:
        check_uploaded(shaping, body.get("attachments"), context.uploaded)
    offered = Offered.read(body).storable() if refused else Offered.read(body)
    verdicts = _preconditions(kind, pack, frame, offered, context) if kind else ()
    if kind:
        frame["details"] = _details(shaping, body, kind, verdicts)
        _cross_checks(shaping, frame, kind, offered)
        check_names(shaping, frame, kind, context.earlier)
    request = None if refused else _request(shaping, frame)
    named = {problem.field for problem in refused}
    problems = [*(problem for problem in shaping.problems if problem.field not in named), *refused]
    verdict = _verdict(_rejection(body, person, pack), problems, verdicts)
    if verdict.outcome == "accepted":
        verdict = dated(verdict, pack, context.now, context.standing)
    return Judgement(verdict=verdict, request=request, type=kind, policy=pack.pin)


def earlier_references(body: object) -> set[tuple[str, str, str]]:
    """(unit, system, reference) of the earlier requests that `body` offers as evidence, or that its details name."""
    return Offered.read(body).references() | names_in(body) if isinstance(body, dict) else set()


def _requester(body: Json, directory: Directory) -> Person | None:
    requester = body.get("requester")
    identity = requester.get("id") if isinstance(requester, dict) else None
    person = directory.people.get(str(tidy(identity))) if isinstance(identity, str) else None
    return person if person and person.active else None


def _zone(body: Json, person: Person | None, directory: Directory) -> tzinfo:
    """The sender's time zone: the requester's own, else the unit's."""
    sender = person or directory.units.get(str(tidy(body.get("business_unit"))))
    return zone_named(sender.time_zone, UTC) if sender else UTC


def _rejection(body: Json, person: Person | None, pack: Pack) -> str | None:
    """Why the requester may not ask, or None. A requester who is not named at all is a matter of the form."""
    requester = body.get("requester")
    if not isinstance(requester, dict) or empty(requester.get("id")) or empty(requester.get("role")):
        return None
    if person is None:
        return "unknown_requester"
    role = tidy(requester["role"])
    if role not in pack.may_submit:
        return "role_may_not_submit"
    return None if role in person.roles else "role_not_held"


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
        if spec.same_as and isinstance(value, str) and (other := _at(frame, spec.same_as)) and tidy(value) != tidy(str(other)):
            other = other if storable(str(other)) else "?"
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
    known = Known(
        opportunity=_at(frame, "opportunity.id"),
        earlier=context.earlier,
        waived=context.waived,
    )
    return tuple(
        weigh(pack, condition, offered, known) for condition in kind.preconditions if _applies(condition, kind, facts, offered)
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
        places = {".".join(str(part) for part in fault["loc"]) for fault in error.errors() if str(fault["loc"][0]) not in named}
        for place in sorted(places):
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
