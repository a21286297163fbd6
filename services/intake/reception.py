"""The one way from any channel to the ledger: a message with an identity becomes a command, its outcome an answer."""

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from pydantic import PrivateAttr

from services.intake.domain.identity import identity
from services.intake.domain.refusals import NOT_FOR_THEM, NOT_YOURS, UNKNOWN
from services.intake.domain.state import State, theirs
from services.intake.places import with_pointers
from services.intake.repeated import from_events, refused_since
from shared.catalogue.frame import tidy
from shared.http.problems import Refused
from shared.ledger.messages import Outcome, Refusal, Told
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import Action, Answer, Pending, Verdict, number_of
from shared.service.once import Keys, Once, Wish

__all__ = [
    "ACTIONS",
    "NO_IDENTITY",
    "Reception",
    "Submission",
    "answer_to",
    "command_id",
    "identity",
    "refused",
    "unknown_action",
]


class Clock(Protocol):
    def now(self) -> datetime: ...


class Tells(Protocol):
    async def tell(self, message: Told) -> Outcome: ...


class Sender(Frozen):
    """Who sends, for which unit: `pinned_to` is the unit, or the unit and source system, for which alone they may file; `for_any`
    says that their key lets them file for any.
    """

    by: str
    filed_by: str
    pinned_to: tuple[str, ...] = ()
    for_any: bool = False


class Submission(Sender):
    """One message of a unit: what it wants, the body as parsed, who sent it through which channel.

    `id` is the command's; `named` says that it comes from a key of the sender's own, under which it is answered but once, `derived`
    that it follows from the content, so that it cannot tell a repetition from a message sent anew. `reply` is where a record of
    the topic is answered, should its answer come later; `seen` the number of the last word of ours that a correction rests on;
    `patched` says that the body is what others sent, with a change; `unproven` that nobody knows whether the sender is who they say.
    """

    action: Action
    body: Json
    channel: str
    id: str | None = None
    named: bool = False
    derived: bool = False
    reply: Json | None = None
    seen: int | None = None
    patched: bool = False
    unproven: bool = False


class Repeated(Answer):
    """An answer that was given before, under the same key."""


class Unheeded(Answer):
    """A refusal by the ledger; `said` is the number of our last word on the request then, which is for its desk alone."""

    _said: int = PrivateAttr(default=0)

    @property
    def said(self) -> int:
        return self._said

    @classmethod
    def of(cls, answer: Answer, said: int) -> "Unheeded":
        """`answer` with the number."""
        unheeded = cls(**dict(answer))
        unheeded._said = said
        return unheeded


FilesFor = Mapping[str, frozenset[str]]
"""Unit → the other units it may file for; ANY_UNIT stands for all."""
Units = Collection[str]
ANY_UNIT = "*"
ACTIONS: dict[str, Action] = {"submit": "submit", "amend": "amend", "withdraw": "withdraw", "waive": "waive"}
ASKED: dict[Action, Pending] = {"amend": "amendment", "withdraw": "withdrawal"}
NO_IDENTITY = Refusal(
    code="no_identity",
    status=422,
    message=Text(
        zh="缺少 business_unit、source.system 或 source.reference；请补上经营单位、来源系统和单据编号（每项为非空文字，不超过200字）。",
        en="business_unit, source.system or source.reference is missing; give each as a text of 1 to 200 characters.",
    ),
)
UNSTORABLE = Refusal(
    code="unprocessable",
    status=422,
    message=Text(
        zh="申请内容无法保存：过大，或含有无法存储的值；请更正后重发。",
        en="The request cannot be stored: it is too large, or holds a value that cannot be kept; correct it and send it again.",
    ),
)
NOT_NOW = Refusal(
    code="not_now",
    status=503,
    message=Text(
        zh="由于系统自身的原因，现在不能处理这个申请，什么都没有改变；请稍后原样重发，仍不行时请联系系统管理员。",
        en="For a reason of ours the request cannot be dealt with now, and nothing was changed; send the same again later, "
        "and tell the system administrators if that does not help.",
    ),
)


class Reception:
    """Takes submissions, one at a time or a batch, each answered when it is durable.

    A unit's system files for its unit, and for those that `files_for` says; people, who answer for it by name, and our own
    services file for all. What a unit's system says of who waives counts for the units in `waiving`.
    """

    def __init__(self, desk: Tells, clock: Clock, keys: Keys, files_for: FilesFor | None = None, waiving: Units = ()) -> None:
        self._desk = desk
        self._clock = clock
        self._once = Once(Answer, keys)
        self._files_for = files_for or {}
        self._waiving = frozenset(waiving)

    async def take(self, submission: Submission) -> Answer:
        """The answer to `submission`; raises what the store raised, and then sending it again is right."""
        subject = identity(submission.body)
        if subject is None:
            return refused(None, submission.action, NO_IDENTITY)
        return await self.take_for(subject, submission)

    async def take_for(self, subject: str, submission: Submission) -> Answer:
        """As `take`, for a request whose id is known from elsewhere (the address it was sent to).

        What routing has yet to decide is answered as the first time, until it has decided.
        """
        if (barred := self._barred(submission)) is not None:
            return refused(subject, submission.action, barred)
        if not submission.named or submission.id is None:
            return await self._told(subject, submission)
        asked = ASKED.get(submission.action)
        wish = Wish(name=submission.id, operation=submission.action, subject=subject, body=submission.body)
        try:
            given = await self._once.answer(
                wish,
                lambda: self._told(subject, submission),
                kept=lambda answer: answer.problem is None,
                final=lambda answer: asked not in answer.pending and answer.outcome != "held",
            )
        except Refused as error:
            return refused(subject, submission.action, error.refusal)
        return Repeated(**dict(given.answer)) if given.repeated else given.answer

    async def bind(self, name: str, operation: str, content: str) -> None:
        """Let `name` stand for this operation and content, whose parts are answered one by one. Raises Refused if it stands for others."""
        await self._once.stand(Wish(name=name, operation=operation, subject="", body=content))

    async def _told(self, subject: str, submission: Submission) -> Answer:
        body = submission.body
        unit = body.get("business_unit")
        data: Json = {"body": body, "by": submission.by, "filed_by": submission.filed_by, "channel": submission.channel}
        more = {"reply": submission.reply, "seen": submission.seen, "pinned_to": submission.pinned_to or None}
        more |= {"stranger": not self._may_file(submission) or None, "patched": submission.patched or None}
        more |= {"waives_for_people": self._may_name(submission) or None}
        told = Told(
            id=submission.id or uuid.uuid4().hex,
            subject=subject,
            name=submission.action,
            data=data | {name: value for name, value in more.items() if value is not None},
            at=self._clock.now(),
            business_unit=unit if isinstance(unit, str) else None,
        )
        outcome = await self._desk.tell(told)
        if submission.derived and _stood_returned(outcome, told):
            outcome = await self._anew(told, outcome)
        if outcome.problem and outcome.state is not None and not theirs(outcome.state, told.data):
            # It is set aside, which is not theirs to know.
            return refused(subject, submission.action, NOT_YOURS if submission.action == "submit" else UNKNOWN)
        answer = with_pointers(answer_to(submission.action, outcome, told.id), body)
        changed = outcome.state is None or (answer.problem is None and (answer.amended or answer.action != "amend"))
        return answer if changed else Unheeded.of(answer, outcome.state.head)

    async def _anew(self, told: Told, before: Outcome) -> Outcome:
        """The same content judged once more, or what it was answered `before` where nothing came of that."""
        head = before.state.head
        again = await self._desk.tell(replace(told, id=command_id(told.id, "again", str(head)), data=told.data | {"seen": head}))
        still = again.state is not None and (again.state.status, again.state.head) == ("returned", head)
        return before if still else again

    def _barred(self, submission: Submission) -> Refusal | None:
        """Why the sender may not file what the body names, before anything is looked up."""
        body, place = submission.body, submission.pinned_to
        if place and identity(body) and (tidy(body["business_unit"]), tidy(body["source"]["system"]))[: len(place)] != place:
            return pinned(place)
        return NOT_FOR_THEM if submission.action == "submit" and not self._may_file(submission) else None

    def _may_name(self, submission: Submission) -> bool:
        proven = submission.by.startswith("unit:") and not submission.unproven
        return submission.action == "waive" and proven and submission.filed_by in self._waiving

    def _may_file(self, submission: Submission) -> bool:
        unit, by = tidy(submission.body.get("business_unit")), submission.filed_by
        granted = self._files_for.get(by, frozenset())
        may = submission.for_any or not submission.by.startswith("unit:")
        return may or unit == by or unit in granted or ANY_UNIT in granted


def answer_to(action: Action, outcome: Outcome, command: str = "") -> Answer:
    """The answer an outcome amounts to. A repeated `command` is answered from the events it caused, and from what became of them."""
    if outcome.problem:
        return refused(outcome.subject, action, UNSTORABLE if outcome.unstorable else NOT_NOW)
    if outcome.refusal is not None:
        return refused(outcome.subject, action, outcome.refusal)
    state: State = outcome.state
    if (refusal := refused_since(action, outcome, command)) is not None:
        return refused(outcome.subject, action, refusal)
    answer: Mapping[str, Any] = outcome.answer or from_events(action, outcome, command)
    verdict = answer.get("verdict") or state.verdict
    return Answer(
        id=outcome.subject,
        number=number_of(outcome.subject),
        action=action,
        outcome=str(answer["outcome"]),
        duplicate=bool(answer.get("duplicate")),
        amended=bool(answer.get("amended")),
        status=state.status,
        pending=_pending(state),
        verdict=Verdict.model_validate(verdict)
        if verdict is not None and action != "withdraw" and answer["outcome"] != "held"
        else None,
    )


def _stood_returned(outcome: Outcome, told: Told) -> bool:
    """Whether a repeated submission was returned, and its content is still the request's: what it lacked may be there by now."""
    state: State | None = outcome.state
    if not outcome.repeated or told.name != "submit" or state is None or state.private.current is None:
        return False
    first = from_events("submit", outcome, told.id)["outcome"]
    return bool(first == "returned" and state.private.current.body == told.data["body"])


def refused(subject: str | None, action: Action, refusal: Refusal) -> Answer:
    """An answer that says why nothing was changed."""
    problem = {"code": refusal.code, "status": refusal.status, "message": refusal.message.model_dump()}
    number = number_of(subject) if subject is not None else None
    return Answer(id=subject, number=number, action=action, outcome="refused", problem=problem)


def pinned(place: Sequence[str]) -> Refusal:
    """Why a key may not file this: it is made for `place` alone."""
    unit = place[0]
    zh, en = (f"与来源系统 {place[1]}", f" and source system {place[1]}") if len(place) > 1 else ("", "")
    message = Text(
        zh=f"此密钥只能为经营单位 {unit}{zh} 提交申请；请改正 business_unit 和 source.system，或使用该单位系统自己的密钥。",
        en=f"This key files requests of unit {unit}{en} alone; correct business_unit and source.system, or use that system's own key.",
    )
    return Refusal(code="key_is_pinned", status=403, message=message)


def unknown_action(given: str) -> Refusal:
    """Why a message with the action `given` is not taken."""
    shown = given[:40] if given.isprintable() else "?"
    message = Text(
        zh=f"没有操作“{shown}”；action 应为 submit、amend、withdraw 或 waive。",
        en=f"There is no action “{shown}”; `action` must be submit, amend, withdraw or waive.",
    )
    return Refusal(code="unknown_action", status=422, message=message)


def command_id(*parts: str | bytes) -> str:
    """A command's id from what identifies its message: an Idempotency-Key, a file's hash and line, a record's place."""
    raw: Sequence[bytes] = [part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts]
    return hashlib.sha256(b"\x1f".join(raw)).hexdigest()[:32]


def _pending(state: State) -> tuple[Pending, ...]:
    early = any(one.refusal is None for one in state.private.early)
    asked: dict[Pending, bool] = {"amendment": state.amending, "withdrawal": state.withdrawing, "submission": early}
    return tuple(wish for wish, open_ in asked.items() if open_)
