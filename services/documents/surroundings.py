"""What documents' decisions read: the moment, the packs, and completed surveys of the opportunities at hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.documents.domain import Context, Survey
from shared.catalogue import Pack
from shared.ledger.domain import EachByItself
from shared.ledger.messages import Heard, Message


class Clock(Protocol):
    def now(self) -> datetime: ...


class Surveys(Protocol):
    async def surveys(self, requests: Sequence[str]) -> Mapping[str, Sequence[Survey]]:
        """The completed surveys of each opportunity that `requests` are about."""
        ...


class DocumentsSurroundings(EachByItself[Context]):
    """The Surroundings of documents; it reserves nothing."""

    def __init__(self, *, clock: Clock, packs: Mapping[tuple[str, str], Pack], surveys: Surveys) -> None:
        self._clock = clock
        self._packs = packs
        self._surveys = surveys

    async def context(self, messages: Sequence[Message]) -> Context:
        """The surveys are looked up only when routing's events are at hand: they are what renderings follow from."""
        subjects = sorted(
            {message.subject for message in messages if isinstance(message, Heard) and message.event.source == "routing"}
        )
        surveys = await self._surveys.surveys(subjects) if subjects else {}
        return Context(now=self._clock.now(), packs=self._packs, surveys=surveys)
