"""Puts on its unit's desk what a channel refused: lines of batches, records of the topic, mails of known senders."""

from services.intake.api.batch_lines import BatchLine
from services.intake.desk.entries import Entry, entry_of
from services.intake.desk.shelf import Shelf
from services.intake.reception import Clock, Submission, Unheeded
from shared.http.limits import BadJson, parse_json
from shared.http.principal import Principal
from shared.messaging.wire import Record
from shared.schemas.requests import Answer


class Refusals:
    """Every channel's way to the shelf. Each raises what the store raises, so that a channel answers nothing that was not kept."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    async def line(self, line: BatchLine, answer: Answer, caller: Principal, command: str) -> None:
        """A line or row of a batch; the desk is the caller's."""
        entry = entry_of(
            command,
            answer,
            unit=caller.business_unit or "",
            kind="line",
            channel="batch",
            at=self._clock.now(),
            said=await self._said(answer, caller.business_unit or ""),
            by=f"{caller.kind}:{caller.id}",
            body=_content(line.raw),
            raw=line.raw,
            place=str(line.place),
        )
        await self._put(entry)

    async def record(self, record: Record, answer: Answer, command: str, unit: str | None) -> None:
        """A record of the topic, of the unit that it names; one that names none is a dead letter alone."""
        if unit is None:
            return
        entry = entry_of(
            command,
            answer,
            unit=unit,
            kind="record",
            channel="topic",
            at=self._clock.now(),
            said=await self._said(answer, unit),
            by=f"unit:{unit}",
            body=_content(record.value or b""),
            raw=record.value or b"",
            place=f"{record.topic}/{record.partition}/{record.offset}",
        )
        await self._put(entry)

    async def mail(self, submission: Submission, answer: Answer, sha256: str) -> None:
        """A mail of a known sender, whose desk is their unit's; `sha256` is where its bytes lie."""
        entry = entry_of(
            submission.id or sha256[:32],
            answer,
            unit=submission.filed_by,
            kind="mail",
            channel="mail",
            at=self._clock.now(),
            said=await self._said(answer, submission.filed_by),
            by=submission.by,
            body=submission.body,
            place=sha256,
        )
        await self._put(entry)

    async def _put(self, entry: Entry) -> None:
        """What was a fault of ours is nobody's to correct: it is sent again as it was."""
        if int(entry.problem.get("status", 0)) < 500:
            await self._shelf.put(entry)

    async def _said(self, answer: Answer, unit: str) -> int:
        """Our last word on the request when it was refused: as the ledger had it; of what never came so far, as it is now."""
        if isinstance(answer, Unheeded):
            return answer.said
        return await self._shelf.head(answer.id, unit)


def _content(raw: bytes) -> object:
    """The body that was sent, without the action around it; None for what is no JSON."""
    try:
        message = parse_json(raw)
    except BadJson:
        return None
    wrapped = isinstance(message, dict) and "action" in message
    return message.get("body") if wrapped and isinstance(message, dict) else message
