"""Where people answer a mail by its link, without a client: GET shows and changes nothing, POST tells the command, once.

Invariant: a text that we did not sign is answered as every other such text; what a link allows is what its person may do over the
API, on the wording, round or delivery that the mail spoke of; its command's id follows from it, so that the ledger knows it again.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from services.routing.api import answer_pages
from services.routing.api.answer_form import Form, FormError
from services.routing.api.answer_pages import Shown, Visit
from services.routing.api.telling import Teller
from services.routing.domain import State
from services.routing.domain.answering import COMMAND, Answer, Asked, Standing, standing
from services.routing.pages.answering import response
from shared.acting.links import Ask, Links, Purpose
from shared.catalogue import Pack
from shared.http.principal import Principal
from shared.http.problems import Refused, language
from shared.http.rates import Limits
from shared.ledger.desk import DeskClosedError
from shared.ledger.rounds import ContendedError
from shared.schemas.envelope import Event
from shared.schemas.people import Directory, Person
from shared.storage import PyMongoError, Sight
from shared.telemetry.clock import Clock

STALE, MOST_LOOKS = "stale_revision", 5
UNSUITABLE = 422
SEAT: Mapping[Purpose, str] = {"coordinate": "coordinator", "support": "supporter"}
"""Which seat a link is about, whatever others its person has, or stands in for."""


class Answers(Protocol):
    """The request as its reader may see it, and what a command caused; None when there is none to see."""

    async def seen(self, sight: Sight, request: str, command: str) -> tuple[State, Sequence[Event]] | None: ...


@dataclass(frozen=True, kw_only=True)
class Door:
    """What links are read with. Without `links` every text is one that we did not sign."""

    links: Links | None
    limits: Limits
    directory: Callable[[], Directory]
    packs: Mapping[tuple[str, str], Pack]
    clock: Clock


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A visit, what was said by its link before, and how it stands."""

    visit: Visit
    said: Sequence[Event]
    standing: Standing


def answering_routes(door: Door, answers: Answers, teller: Teller) -> APIRouter:
    """/act/{token}: outside /v1, since it is for browsers; in no OpenAPI document, since it is for no program."""
    router = APIRouter(route_class=_PageRoute, include_in_schema=False)
    desk = _Desk(door, answers, teller)

    @router.get("/act/{token}")
    async def look(token: str, request: Request) -> Response:
        return response(*await desk.look(token, request))

    @router.post("/act/{token}")
    async def act(token: str, request: Request) -> Response:
        return response(*await desk.act(token, request))

    return router


class _PageRoute(APIRoute):
    """Whatever is refused or away is said as a page, in the language that the browser asks for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            locale = _asked_in(request)
            try:
                return await handler(request)
            except Refused as error:
                return response(*answer_pages.refused(locale, error), error.headers)
            except (ContendedError, DeskClosedError, PyMongoError):
                return response(*answer_pages.bare(locale, "busy", status=503), {"Retry-After": "1"})

        return shown


class _Desk:
    """Looks at links and acts by them."""

    def __init__(self, door: Door, answers: Answers, teller: Teller) -> None:
        self._door = door
        self._answers = answers
        self._teller = teller

    async def look(self, token: str, request: Request) -> Shown:
        """What GET shows."""
        ask = self._read(token, request)
        looked = await self._looked(ask) if ask else None
        if looked is None:
            return self._nothing(ask, request)
        if (closed := self._closed(looked, None)) is not None:
            return closed
        return answer_pages.form(looked.visit, looked.standing)

    async def act(self, token: str, request: Request) -> Shown:
        """What POST does, and shows. The body of who has no link of ours is not read."""
        ask = self._read(token, request)
        if ask is None:
            return self._nothing(ask, request)
        form = Form.read(request.headers.get("content-type", ""), await request.body())
        for _ in range(MOST_LOOKS):
            looked = await self._looked(ask)
            if looked is None:
                return self._nothing(ask, request)
            shown = await self._told(looked, form)
            if shown is not None:
                return shown
        raise ContendedError(f"the request changed before each of {MOST_LOOKS} answers")

    async def _told(self, looked: Looked, form: Form) -> Shown | None:
        """The page after the command; None when the request has changed since it was looked at, so that there was nothing to do."""
        visit, given = looked.visit, next((answer for answer in COMMAND if answer == form.fields.get("answer")), None)
        if (closed := self._closed(looked, given)) is not None:
            return closed
        try:
            answer = form.answer(looked.standing.offers)
            if form.fields.get("seen") != str(visit.state.version):
                return answer_pages.form(visit, looked.standing, "changed", form.fields, 409)
            said = form.data(answer, visit.ask.stamp)
            data = {**said, "revision": visit.state.revision, "as": SEAT.get(visit.ask.purpose)}
            ask, who = visit.ask, Principal.of_person(visit.person, visit.directory, self._door.clock.now())
            outcome = await self._teller.outcome(ask.command, ask.request, who, COMMAND[answer], data)
        except FormError as error:
            return answer_pages.form(visit, looked.standing, error.why, form.fields, UNSUITABLE)
        except Refused as error:
            if error.refusal.code == STALE:
                return None
            if error.refusal.status == UNSUITABLE:
                return answer_pages.form(visit, looked.standing, _sentence(error, visit.person), form.fields, UNSUITABLE)
            return answer_pages.refused(visit.person.locale, error)
        return answer_pages.used(visit, outcome.events, answer) if outcome.events else None

    def _closed(self, looked: Looked, answer: Answer | None) -> Shown | None:
        """The page that says why nothing can be done any more, or for now; None while it can. `answer` is what somebody wants to say."""
        if looked.said:
            return answer_pages.used(looked.visit, looked.said, answer)
        if looked.visit.ask.until <= self._door.clock.now().timestamp():
            return answer_pages.over(looked.visit)
        if looked.standing.how != "open":
            return answer_pages.stands(looked.visit, looked.standing, asked=answer is not None)
        return None

    def _read(self, token: str, request: Request) -> Ask | None:
        """What the token says, if it is ours. Raises Refused to whom has tried too many that are not."""
        ask = self._door.links.read(token) if self._door.links else None
        if ask is None:
            self._door.limits.before(request)
            self._door.limits.guessed(request)
        return ask

    async def _looked(self, ask: Ask) -> Looked | None:
        """The request as the token's person may see it, or whoever they stand in for. Raises Refused to whom comes too often."""
        self._door.limits.asked(f"link {ask.person.hex()}")  # before the search among all people, which is not free
        directory, now = self._door.directory(), self._door.clock.now()
        name = self._door.links.who(ask, directory.people) if self._door.links else None
        person = directory.people.get(name) if name else None
        if person is None or not person.active:
            return None
        sight = Principal.of_person(person, directory, now).sight
        found = await self._answers.seen(sight, ask.request, ask.command)
        if found is None:
            return None
        state, said = found
        visit = Visit(ask=ask, person=person, directory=directory, packs=self._door.packs, state=state)
        stands = standing(state, Asked(ask=ask, person=person.id, directory=directory, now=now))
        return Looked(visit=visit, said=said, standing=stands)

    def _nothing(self, ask: Ask | None, request: Request) -> Shown:
        """To whom has a link that is none, or may no longer see what it is about. It says nothing of any request."""
        locale = _asked_in(request)
        return answer_pages.bare(locale, "not_valid") if ask is None else answer_pages.bare(locale, "standing", "unknown", 410)


def _asked_in(request: Request) -> str:
    return language(request.headers.get("accept-language", ""))


def _sentence(error: Refused, person: Person) -> str:
    return error.refusal.message.by_locale(person.locale)
