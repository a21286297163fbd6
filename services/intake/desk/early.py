"""Tells a unit that its early amendment or withdrawal was refused for good: at its desk, and on the topic if it came by that."""

from typing import Protocol

import orjson

from services.intake.desk.entries import entry_of
from services.intake.desk.shelf import Shelf
from services.intake.domain.state import Early, State
from services.intake.reception import Clock, command_id, refused
from shared.ledger.effects import Done, Ending, PointOfNoReturn, Retry
from shared.ledger.messages import Item, Refusal
from shared.messaging.producer import Producer
from shared.schemas.model import Text
from shared.schemas.requests import Answer


class Requests(Protocol):
    async def own(self, request: str) -> State | None: ...


class TellsEarly:
    """The effect of the item `early_over`. Performed twice it does no harm: an entry has one id, a verdict one too."""

    def __init__(self, shelf: Shelf, requests: Requests, producer: Producer, clock: Clock) -> None:
        self._shelf = shelf
        self._requests = requests
        self._producer = producer
        self._clock = clock

    async def perform(self, item: Item, _point: PointOfNoReturn) -> Ending:
        """Keep the entry, then say the verdict."""
        state = await self._requests.own(item.subject)
        early = state.private.early if state is not None else ()
        one = next((each for each in early if each.command == item.data["early"] and each.refusal is not None), None)
        if one is None or state is None:
            return Done()
        answer = refused(item.subject, one.name, _why(one))
        entry = entry_of(
            one.command,
            answer,
            unit=one.filed_by,
            kind="early",
            channel=one.channel,
            at=self._clock.now(),
            said=state.head,
            by=one.by,
            body=one.body,
        )
        await self._shelf.put(entry)
        if one.reply is not None and not all(await self._producer.send(one.reply["topic"], [_verdict(one, answer)])):
            return Retry(problem="the verdict was not acknowledged")
        return Done()


def _why(one: Early) -> Refusal:
    assert one.refusal is not None, "only what was refused is told"
    return Refusal(code=one.refusal["code"], status=one.refusal["status"], message=Text.model_validate(one.refusal["message"]))


def _verdict(one: Early, answer: Answer) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    reply = one.reply or {}
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", command_id("early", one.command).encode()),
        ("ce_source", b"intake"),
        ("ce_type", b"backline.verdict.given"),
        ("idempotency-key", str(reply.get("key") or "").encode("utf-8", "surrogatepass")),
        ("content-type", b"application/json"),
    ]
    key = str(reply.get("record") or "").encode("utf-8", "surrogateescape")
    return key, orjson.dumps(answer.model_dump(mode="json")), headers
