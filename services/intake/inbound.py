"""Requests that units write to topics of their own, each answered on its unit's own (docs/decisions/0021).

Invariant: a record's offset is committed only after its verdict was acknowledged by the broker; a record that is no
request is kept as a dead letter and answered too. Whose topic a record came on is whose it is, whatever it says.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from services.intake.desk.refused import Refusals
from services.intake.domain.refusals import NOT_FOR_THEM
from services.intake.in_order import InOrder
from services.intake.reception import ACTIONS, NO_IDENTITY, Reception, Submission, command_id, identity, refused, unknown_action
from shared.catalogue.frame import tidy
from shared.http.idempotency import BAD_KEY, key_in
from shared.http.limits import BadJson, parse_json
from shared.ledger.messages import Refusal
from shared.messaging.dead_letters import Dead, DeadLetters, identity_of
from shared.messaging.producer import Outgoing
from shared.messaging.wire import Record
from shared.schemas.model import Json
from shared.schemas.requests import Answer
from shared.schemas.topics import INBOUND, VERDICTS, Topic, inbound_of, verdicts_of


class Says(Protocol):
    """Puts records on a topic; whether each was acknowledged."""

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[bool]: ...


@dataclass(frozen=True)
class Channel:
    """Whose topic it is, and where its verdicts go. The shared one is nobody's."""

    unit: str | None
    verdicts: str


SHARED = Channel(None, VERDICTS.name)


def heard_topics(units: Sequence[str], *, shared: bool) -> tuple[Topic, ...]:
    """The topics that are read: each unit's own, and the shared one where that is allowed."""
    return (*(inbound_of(unit) for unit in units), *((INBOUND,) if shared else ()))


class VerdictsNotSaidError(Exception):
    """The broker did not take the verdicts; the records are read and answered again."""


class Inbound:
    """The handler of the inbound topic. The records of a batch are told together, in their order, and share their writes; those with
    a key, and what comes behind them about the same request, one after the other.
    """

    def __init__(
        self,
        reception: Reception,
        dead_letters: DeadLetters,
        producer: Says,
        units: Sequence[str] = (),
        refusals: Refusals | None = None,
        *,
        proven: bool = True,
    ) -> None:
        """`refusals` puts what was refused on the desk of the unit whose record it is. `proven` says that the broker asks its clients
        who they are, so that a unit's topic proves the unit.
        """
        self._proven = proven
        self._channels = {inbound_of(unit).name: Channel(unit, verdicts_of(unit).name) for unit in units}
        self._refusals = refusals
        self._reception = reception
        self._dead_letters = dead_letters
        self._producer = producer

    async def handle(self, records: Sequence[Record]) -> None:
        """Answer every record; raises when the database or the broker is away, and then all are read again."""
        dead: list[Dead] = []
        order = InOrder()
        answers = await asyncio.gather(*(self._answer(record, dead, order) for record in records))
        await self._dead_letters.bury(dead)
        await self._keep(records, answers)
        verdicts: dict[str, list[Outgoing]] = defaultdict(list)
        for record, answer in zip(records, answers, strict=True):
            verdicts[self._channel(record).verdicts].append(_verdict(record, answer))
        said = await asyncio.gather(*(self._producer.send(topic, messages) for topic, messages in verdicts.items()))
        if not all(all(acknowledged) for acknowledged in said):
            raise VerdictsNotSaidError(f"of {len(records)} verdicts not all were acknowledged")

    def _channel(self, record: Record) -> "Channel":
        """Whose channel `record` came on; on the shared topic it is whoever it says it is."""
        return self._channels.get(record.topic, SHARED)

    async def _keep(self, records: Sequence[Record], answers: Sequence[Answer]) -> None:
        if self._refusals is None:
            return
        for record, answer in zip(records, answers, strict=True):
            if answer.problem is not None:
                await self._refusals.record(
                    record, answer, command_id(identity_of(record)), self._channel(record).unit or _unit(record)
                )

    async def _answer(self, record: Record, dead: list[Dead], order: InOrder) -> Answer:
        """The answer to one record; those that are no request are added to `dead`."""
        wish = record.header("action") or "submit"
        action = ACTIONS.get(wish)
        try:
            body = parse_json(record.value or b"")
        except BadJson as error:
            dead.append(Dead(record=record, problem=str(error)))
            return refused(None, action or "submit", Refusal(code=error.code, status=400, message=error.text))
        subject = identity(body) if isinstance(body, dict) else None
        if action is None or not isinstance(body, dict) or subject is None:
            dead.append(Dead(record=record, problem="no identity or no known action"))
            return refused(None, action or "submit", unknown_action(wish) if action is None else NO_IDENTITY)
        unit = str(tidy(body["business_unit"]))
        sender = self._channel(record).unit
        if sender is not None and unit != sender:
            return refused(None, action, NOT_FOR_THEM)
        given = record.header("idempotency-key")
        key = key_in(given) if given else None
        if given and key is None:
            return refused(None, action, BAD_KEY)
        command = command_id("unit", unit, key) if key else command_id(identity_of(record))
        submission = Submission(
            action=action,
            body=body,
            by=f"unit:{unit}",
            filed_by=unit,
            channel="topic",
            id=command,
            named=key is not None,
            unproven=sender is None or not self._proven,
            reply=self._reply(record) if action != "submit" else None,
        )
        async with order.turn(subject, waits=submission.named):
            return await self._reception.take_for(subject, submission)

    def _reply(self, record: Record) -> Json:
        """Where `record` is answered, should its answer come later."""
        key = (record.key or b"").decode("utf-8", "surrogateescape")
        return {"topic": self._channel(record).verdicts, "record": key, "key": record.header("idempotency-key")}


def _unit(record: Record) -> str | None:
    """The unit that a record's body names, else its key (unit|system|reference)."""
    try:
        body = parse_json(record.value or b"")
    except BadJson:
        body = None
    named = body.get("business_unit") if isinstance(body, dict) else None
    unit = named if isinstance(named, str) else (record.key or b"").decode("utf-8", "replace").partition("|")[0]
    return unit.strip()[:200] or None


def _verdict(record: Record, answer: Answer) -> Outgoing:
    headers: list[tuple[str, bytes | None]] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", command_id(identity_of(record)).encode()),
        ("ce_source", b"intake"),
        ("ce_type", b"backline.verdict.given"),
        ("idempotency-key", (record.header("idempotency-key") or "").encode()),
        ("content-type", b"application/json"),
    ]
    return record.key or b"", orjson.dumps(answer.model_dump(mode="json")), headers
