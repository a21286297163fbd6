"""Finds the request that a mail answers: by the thread, by an earlier mail, or by the number in its subject."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from services.intake.domain.state import State
from services.intake.mail.letter import Letter
from services.intake.mail.understanding import MAIL_SYSTEM
from services.intake.projection import Page
from shared.schemas.people import Person
from shared.schemas.requests import number_of, request_id
from shared.storage import Sight

ROOT = re.compile(r"<request\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@[^<>@]+>")
NUMBER = re.compile(r"(?<![A-Za-z0-9])BL-([0-9A-Fa-f]{8})(?![A-Za-z0-9])", re.IGNORECASE)
MOST_NUMBERS = 3


class Requests(Protocol):
    """What intake's projection answers."""

    async def state(self, sight: Sight, request: str) -> State | None: ...

    async def page(self, sight: Sight, *, filters: Mapping[str, str], number: str | None = None, limit: int) -> Page: ...


class Mails(Protocol):
    """What is remembered of earlier mails."""

    async def requests_of(self, message_ids: Sequence[str], person: str) -> list[str]: ...


class Threads:
    """Only what the sender asked for themselves is theirs to answer; a waiver may be of others' requests."""

    def __init__(self, requests: Requests, mails: Mails) -> None:
        self._requests = requests
        self._mails = mails

    async def answered_by(self, letter: Letter, person: str) -> tuple[str, State] | None:
        """(id, state) of the request of `person` that `letter` answers, or None when it is a new one."""
        async for request in self._named(letter, person):
            state = await self.theirs(request, person)
            if state is not None:
                return request, state
        return None

    async def theirs(self, request: str, person: str) -> State | None:
        """The state of `request` if `person` asked for it."""
        state = await self._requests.state(Sight(person=person), request)
        return state if state is not None and state.request is not None and state.request.requester.id == person else None

    async def spoken_of(self, letter: Letter, person: Person) -> tuple[str | None, bool]:
        """(id, whether any was named) of the request that `letter` is about, whoever asked for it. What a number or an earlier mail
        names is looked for as far as `person` sees; an id that the thread itself names is given as it stands.

        A thread that is another than the subject's is none: signatures of mails cover the subject, and not always the thread.
        """
        numbers = [f"BL-{digits.upper()}" for digits in NUMBER.findall(letter.subject)[:MOST_NUMBERS]]
        request = await self._of_thread(letter, person) or await self._of_number(numbers, person)
        if request is not None and numbers and number_of(request) not in numbers:
            return None, False
        return request, request is not None or bool(numbers)

    async def _of_thread(self, letter: Letter, person: Person) -> str | None:
        for reference in letter.references:
            if found := ROOT.fullmatch(reference):
                return found[1]
        taken = await self._mails.requests_of(letter.references, person.id) if letter.references else []
        if taken:
            return taken[0]
        sight = Sight(unit=person.business_unit, person=person.id)
        for reference in letter.references:
            request = request_id(person.business_unit, MAIL_SYSTEM, reference)
            if await self._requests.state(sight, request) is not None:
                return request
        return None

    async def _of_number(self, numbers: Sequence[str], person: Person) -> str | None:
        sight = Sight(unit=person.business_unit, person=person.id)
        for number in numbers:
            page = await self._requests.page(sight, filters={}, number=number, limit=2)
            if len(page.requests) == 1:
                return page.requests[0][0]
        return None

    async def _named(self, letter: Letter, person: str) -> AsyncIterator[str]:
        for reference in letter.references:
            if found := ROOT.fullmatch(reference):
                yield found[1]
        if letter.references:
            for request in await self._mails.requests_of(letter.references, person):
                yield request
        for digits in NUMBER.findall(letter.subject)[:MOST_NUMBERS]:
            page = await self._requests.page(
                Sight(person=person), filters={"requester": person}, number=f"BL-{digits.upper()}", limit=2
            )
            for request, _ in page.requests:
                yield request
