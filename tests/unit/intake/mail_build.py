"""A mail room over a ledger in memory: the real reception and domain, only the database is not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.intake.domain import RequestDomain, State
from services.intake.mail.kept import Kept
from services.intake.mail.replies import Reply
from services.intake.mail.taking import Door, MailRoom
from services.intake.mail.threads import Threads
from services.intake.projection import Page
from services.intake.reception import Reception
from services.intake.surroundings import RequestSurroundings
from shared.catalogue import EarlierRequest, Pack
from shared.ledger.apply import Ledger
from shared.ledger.messages import Outcome, Told
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.requests import number_of
from shared.storage import Sight
from tests.builders import NOW, a_directory, the_pack
from tests.builders.keys import MemoryKeys
from tests.unit.ledger.memory_store import AwayPublisher, MemoryStore
from tests.unit.ledger.small_domain import FakeClock


@dataclass
class People:
    """Where the surroundings find the directory."""

    directory: Directory


@dataclass
class Requests:
    """The states of all requests, as each outcome left them."""

    states: dict[str, State] = field(default_factory=dict)

    async def state(self, _sight: Sight, request: str) -> State | None:
        return self.states.get(request)

    async def own(self, request: str) -> State | None:
        return self.states.get(request)

    async def page(self, _sight: Sight, *, filters: Mapping[str, str], number: str | None = None, limit: int) -> Page:
        rows = [(request, state) for request, state in self.states.items() if number in {None, number_of(request)}]
        return Page(requests=tuple(rows[:limit]), next=None)

    async def evidence(self, requests: Sequence[str]) -> Sequence[Json]:
        kept = [state.private for request in requests if (state := self.states.get(request))]
        versions = [one for private in kept for one in (private.current, *(asked.version for asked in private.pending)) if one]
        return [{part: one.body[part] for part in ("evidence", "attachments") if part in one.body} for one in versions]

    async def earlier(self, _identities: Mapping[str, Any]) -> Mapping[Any, EarlierRequest]:
        return {}


@dataclass
class Book:
    """Mails and blobs that were kept."""

    mails: dict[str, Kept] = field(default_factory=dict)
    blobs: list[tuple[str, bytes]] = field(default_factory=list)

    async def remember(self, mail: Kept) -> None:
        self.mails.setdefault(mail.id, mail)

    async def bytes_kept(self, mail: str) -> str | None:
        return self.mails[mail].sha256 if mail in self.mails else None

    async def requests_of(self, message_ids: Sequence[str], person: str) -> list[str]:
        mails = {mail.message_id: mail for mail in self.mails.values() if mail.person == person and mail.request}
        return [str(mails[named].request) for named in message_ids if named in mails]

    async def put(self, data: bytes, *, name: str, media_type: str, holder: str | None = None) -> str:
        self.blobs.append((name, data))
        return name

    async def keep(self, data: bytes, *, name: str, media_type: str, by: str) -> None:
        assert media_type
        assert by
        self.blobs.append((name, data))


class Room:
    """`send` hands a mail over; `outcomes` are the ledger's, `last` the latest."""

    def __init__(self, directory: Directory | None = None, door: Door | None = None, pack: Pack | None = None) -> None:
        used = pack or the_pack()
        self.directory = a_directory() if directory is None else directory
        self.requests, self.book, self.clock = Requests(), Book(), FakeClock(NOW)
        self.outcomes: list[Outcome] = []
        surroundings = RequestSurroundings(
            clock=self.clock,
            people=People(self.directory),  # type: ignore[arg-type]
            packs={(used.name, used.version): used},
            current=used,
            requests=self.requests,
        )
        self.ledger: Ledger[Any, Any] = Ledger(
            domain=RequestDomain(), surroundings=surroundings, store=MemoryStore(), publisher=AwayPublisher(), clock=self.clock
        )
        self.reception = Reception(self, self.clock, MemoryKeys())
        self.room = MailRoom(
            reception=self.reception,
            threads=Threads(self.requests, self.book),
            book=self.book,
            blobs=self.book,
            files=self.book,
            directory=lambda: self.directory,
            pack=the_pack(),
            clock=self.clock,
            door=door or Door(ours=frozenset({"support@backline.example"})),
        )

    async def tell(self, message: Told) -> Outcome:
        outcome = (await self.ledger.apply([message]))[0]
        self.outcomes.append(outcome)
        if outcome.state is not None:
            self.requests.states[outcome.subject] = outcome.state
        return outcome

    async def send(self, raw: bytes, envelope_sender: str | None = "a1@firm.example") -> Reply:
        self.clock.forward(1)
        return await self.room.take(raw, envelope_sender=envelope_sender, recipients=["support@backline.example"])

    @property
    def last(self) -> State:
        """The state that the latest command left."""
        state: State = self.outcomes[-1].state
        return state
