"""Requests that units write to backline.inbound.v1, answered on backline.verdicts.v1.

Invariant: a record's offset is committed only after its verdict was acknowledged by the broker; a record that is no
request is kept as a dead letter and answered too.
"""

import asyncio
from collections.abc import Sequence

import orjson

from services.intake.reception import ACTIONS, NO_IDENTITY, Reception, Submission, command_id, identity, refused, unknown_action
from shared.catalogue.frame import tidy
from shared.http.limits import BadJson, parse_json
from shared.ledger.messages import Refusal
from shared.messaging.dead_letters import Dead, DeadLetters, identity_of
from shared.messaging.producer import Producer
from shared.messaging.wire import Record
from shared.schemas.requests import Answer
from shared.schemas.topics import VERDICTS


class VerdictsNotSaidError(Exception):
    """The broker did not take the verdicts; the records are read and answered again."""


class Inbound:
    """The handler of the inbound topic. The records of a batch are told together, in their order, and share their writes."""

    def __init__(self, reception: Reception, dead_letters: DeadLetters, producer: Producer) -> None:
        self._reception = reception
        self._dead_letters = dead_letters
        self._producer = producer

    async def handle(self, records: Sequence[Record]) -> None:
        """Answer every record; raises when the database or the broker is away, and then all are read again."""
        dead: list[Dead] = []
        answers = await asyncio.gather(*(self._answer(record, dead) for record in records))
        await self._dead_letters.bury(dead)
        messages = [_verdict(record, answer) for record, answer in zip(records, answers, strict=True)]
        if not all(await self._producer.send(VERDICTS.name, messages)):
            raise VerdictsNotSaidError(f"{len(messages)} verdicts were not acknowledged")

    async def _answer(self, record: Record, dead: list[Dead]) -> Answer:
        """The answer to one record; those that are no request are added to `dead`."""
        wish = record.header("action") or "submit"
        action = ACTIONS.get(wish)
        try:
            body = parse_json(record.value or b"")
        except BadJson as error:
            dead.append(Dead(record=record, problem=str(error)))
            return refused(None, action or "submit", Refusal(code=error.code, status=400, message=error.text))
        if action is None or not isinstance(body, dict) or identity(body) is None:
            dead.append(Dead(record=record, problem="no identity or no known action"))
            return refused(None, action or "submit", unknown_action(wish) if action is None else NO_IDENTITY)
        unit = str(tidy(body["business_unit"]))
        key = record.header("idempotency-key")
        command = command_id("unit", unit, key) if key else command_id(identity_of(record))
        submission = Submission(action=action, body=body, by=f"unit:{unit}", filed_by=unit, channel="topic", id=command)
        return await self._reception.take(submission)


def _verdict(record: Record, answer: Answer) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", command_id(identity_of(record)).encode()),
        ("ce_source", b"intake"),
        ("ce_type", b"backline.verdict.given"),
        ("idempotency-key", (record.header("idempotency-key") or "").encode()),
        ("content-type", b"application/json"),
    ]
    return record.key or b"", orjson.dumps(answer.model_dump(mode="json")), headers
