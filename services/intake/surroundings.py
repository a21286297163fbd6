"""What intake's decisions read: the moment, the people, the packs, and the earlier requests that evidence names."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.intake.domain import Context, PeopleContext
from services.intake.domain.state import EARLY_WAIT
from shared.catalogue import EarlierRequest, Pack, earlier_references
from shared.catalogue.attachments import Uploaded, digests_in
from shared.ledger.domain import EachByItself
from shared.ledger.messages import Message, Told
from shared.people.copy import DirectoryCopy
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.schemas.requests import request_id
from shared.telemetry import metrics

Reference = tuple[str, str, str]
JUDGED_AGAIN = frozenset({"amend", "waive"})
"""Commands after which a wording that is stored is judged again, with the evidence and the files in it."""


class Clock(Protocol):
    def now(self) -> datetime: ...


class EarlierRequests(Protocol):
    """Looks up what became of earlier requests."""

    async def earlier(self, identities: Mapping[str, Reference]) -> Mapping[Reference, EarlierRequest]: ...

    async def evidence(self, requests: Sequence[str]) -> Sequence[Json]:
        """The evidence and the files of their stored wordings, each as far as a body that holds nothing else."""
        ...


class Enclosed(Protocol):
    """Looks up what is known of attached files."""

    async def known(self, digests: Collection[str]) -> Mapping[str, Uploaded]: ...


class RequestSurroundings(EachByItself[Context]):
    """The Surroundings of the request ledger; intake reserves nothing."""

    def __init__(
        self,
        *,
        clock: Clock,
        people: DirectoryCopy,
        packs: Mapping[tuple[str, str], Pack],
        current: Pack,
        requests: EarlierRequests,
        enclosed: Enclosed | None = None,
        early_wait: timedelta = EARLY_WAIT,
    ) -> None:
        self._clock = clock
        self._people = people
        self._packs = packs
        self._current = current
        self._requests = requests
        self._early_wait = early_wait
        self._enclosed = enclosed

    async def context(self, messages: Sequence[Message]) -> Context:
        """One query for all earlier requests that the batch's submissions name, one for all their files, none for no names; and one
        more for what is judged again.
        """
        told = [message for message in messages if isinstance(message, Told)]
        again = [message.subject for message in told if message.name in JUDGED_AGAIN]
        bodies = [message.data.get("body") for message in told] + list(await self._requests.evidence(again) if again else ())
        wanted: dict[str, Reference] = {request_id(*named): named for body in bodies for named in earlier_references(body)}
        digests = {digest for body in bodies if isinstance(body, dict) for digest in digests_in(body)}
        earlier = await self._requests.earlier(wanted) if wanted else {}
        return Context(
            now=self._clock.now(),
            directory=self._people.directory,
            current=self._current,
            packs=self._packs,
            earlier=earlier,
            uploaded=await self._known(digests),
            early_wait=self._early_wait,
        )

    async def _known(self, digests: Collection[str]) -> Mapping[str, Uploaded] | None:
        if self._enclosed is None:
            return None
        return await self._enclosed.known(digests) if digests else {}

    async def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Count the verdicts."""
        for _, state, events in subjects:
            for event in events:
                if "verdict" in event.data:
                    channel = getattr(getattr(state, "private", None), "channel", "") or "unknown"
                    metrics.VERDICTS.labels(event.data["verdict"]["outcome"], channel).inc()


class PeopleSurroundings(EachByItself[PeopleContext]):
    """The Surroundings of the people ledger: what is recorded here is in this process's directory at once."""

    def __init__(self, clock: Clock, people: DirectoryCopy) -> None:
        self._clock = clock
        self._people = people

    async def context(self, _messages: Sequence[Message]) -> PeopleContext:
        """Only the moment."""
        return PeopleContext(now=self._clock.now())

    async def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Take what was just recorded into the directory, without waiting for the broker."""
        await self._people.hear([event for _, _, events in subjects for event in events])
