"""Routing's page for answering mails over a real ledger, and the mails that notify makes of what that ledger says."""

import asyncio
import re
import uuid
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI

from services.notify.channels.mail import Sender, build
from services.notify.domain import NotifyDomain
from services.notify.policy import load_policy as load_telling
from services.notify.rendering.answering import Answering
from services.notify.rendering.labels import labels_of
from services.notify.rendering.renderer import Letter, Renderer
from services.notify.rendering.view import Console, Reader
from services.notify.state import Context as TellingContext
from services.notify.state import State as TellingState
from services.routing.answers_read import AnswersRead
from services.routing.api.answer_form import FORM
from services.routing.api.answering import Door, answering_routes
from services.routing.api.telling import Teller
from services.routing.domain import State
from services.routing.projection import Projection
from shared.acting.links import Links
from shared.http.rates import Limits
from shared.http.server import create_app
from shared.ledger.desk import Desk
from shared.ledger.messages import Heard, Item, Outcome, Told
from shared.schemas.envelope import Event, dataschema
from shared.schemas.intake import AmendmentRequested, RequestSubmitted, WithdrawalRequested
from shared.schemas.people import Directory, Person
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import FieldChange, Request
from shared.storage import Client, MongoLedgerStore
from shared.telemetry.health import Health
from tests.builders.keys import MemoryKeys
from tests.component.routing.burst_site import Process, a_process
from tests.unit.routing.reviews import SMALL
from tests.unit.routing.routing_build import (
    ACCEPTED,
    ASKER,
    MANAGER,
    MARKETER,
    NOW,
    PACK,
    REVIEWERS,
    a_directory,
    a_request,
    an_engineer,
)
from tests.unit.routing.routing_fakes import FakeClock, FakePeople

SECRET = "a secret of links in these tests, random: 81x"
ADDRESS = "http://routing.example"
LINK = re.compile(rf"{ADDRESS}(/act/[\w-]+)")
ANNA, BEN = an_engineer("anna", locale="en"), an_engineer("ben")
PEOPLE = (ASKER, MANAGER, MARKETER, ANNA, BEN, *REVIEWERS)


@dataclass
class Site:
    """One request in routing's ledger; what intake said of it is in `heard`."""

    process: Process
    store: MongoLedgerStore
    projection: Projection
    app: FastAPI
    client: httpx.AsyncClient
    desk: Desk
    clock: FakeClock
    directory: Directory
    links: Links
    subject: str = field(default_factory=lambda: str(uuid.uuid4()))
    heard: list[Event] = field(default_factory=list)

    # -- what happens to the request

    async def submits(self, request: Request) -> None:
        self.asked = request
        await self.hears(RequestSubmitted(request=request, verdict=ACCEPTED, policy=PACK.pin))

    async def reviews(self, **changes: Any) -> None:
        """A price request under review, in which finance and legal are asked first."""
        await self.submits(a_request("business.price", details=SMALL, **changes))

    async def amends(self, **details: Any) -> None:
        self.asked = self.asked.model_copy(update={"details": {**self.asked.details, **details}})
        changes = tuple(FieldChange(field=f"details.{name}", after=value) for name, value in details.items())
        await self.hears(AmendmentRequested(by="asker", request=self.asked, changes=changes, verdict=ACCEPTED))

    async def withdraws(self) -> None:
        await self.hears(WithdrawalRequested(by="asker", reason="客户取消"))

    async def hears(self, fact: Any) -> None:
        name, number = TYPE_OF[type(fact)], len(self.heard) + 1
        data = fact.model_dump(mode="json")
        event = Event.say(
            source="intake",
            type=name,
            subject=self.subject,
            sequence=number,
            time=NOW + timedelta(seconds=number),
            data=data,
            dataschema=dataschema(name),
            previous=self.heard[-1].id if self.heard else None,
        )
        self.heard.append(event)
        await self.process.ledger.apply([Heard(event=event)])

    async def tells(self, name: str, by: str, **data: Any) -> Outcome:
        """A command as it comes over the API."""
        told = Told(id=uuid.uuid4().hex, subject=self.subject, name=name, data={"by": by, **data}, at=NOW)
        outcome = await self.desk.tell(told)
        assert outcome.refusal is None, outcome.refusal
        return outcome

    def moves(self, *people: Person) -> None:
        """The directory changes."""
        self.directory = self.directory.with_entries(people)
        self.process.surroundings._people = FakePeople(self.directory)

    # -- what is told of it

    async def said(self) -> list[Event]:
        return await self.store.events(self.subject)

    async def items(self, person: str) -> list[Item]:
        """The mails that notify plans for `person`, in order."""
        domain, state, planned = NotifyDomain(load_telling()), TellingState(), []
        context = TellingContext(now=NOW, stand_ins=self.directory.stand_ins(NOW))
        for event in [*self.heard[:1], *await self.said()]:
            state = domain.evolve(state, event)
            planned += domain.decide(state, Heard(event=event), context).items
        return [item for item in planned if item.kind == "email" and item.data["recipient"] == person]

    def letter(self, item: Item, address: str | None = ADDRESS) -> Letter:
        answering = Answering(address=address, links=self.links)
        renderer = Renderer(labels_of=labels_of({(PACK.name, PACK.version): PACK}), console=Console(), answering=answering)
        person = self.directory.people[item.data["recipient"]]
        reader = Reader(name=person.name, locale=person.locale, time_zone=person.time_zone)
        return renderer.letter(item, reader=reader, directory=self.directory)

    async def link(self, person: str, template: str) -> str:
        """The path of the link in the last mail of `template` to `person`, out of the bytes that are sent."""
        item = [item for item in await self.items(person) if item.data["template"] == template][-1]
        letter = self.letter(item)
        sent = build(
            item=item.id,
            request=item.subject,
            sender=Sender(address="backline@x.example", name="Backline", domain="x.example"),
            to=self.directory.people[person].email,
            to_name=person,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            date=NOW,
        )
        parts = [part for part in message_from_bytes(sent).walk() if not part.is_multipart()]
        found = {LINK.findall(b64decode(str(part.get_payload())).decode())[0] for part in parts}
        (path,) = found
        return str(path)

    # -- over HTTP

    async def look(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def act(self, path: str, answer: str, text: str = "", **fields: Any) -> httpx.Response:
        state = await self.state()
        form = {"answer": answer, f"text_{answer}": text, "seen": state.version, **fields}
        return await self.client.post(path, content=urlencode(form), headers={"Content-Type": FORM})

    async def state(self) -> State:
        document = (await self.store.load([self.subject]))[self.subject]
        return State.model_validate(document.state)


@asynccontextmanager
async def a_site(client: Client, name: str, limits: Limits | None = None) -> AsyncIterator[Site]:
    """At work until its block ends."""
    directory = a_directory(*PEOPLE)
    process = a_process(client, name, directory)
    store, projection = MongoLedgerStore(client[name]["requests"]), Projection(client[name]["requests"])
    await store.prepare()
    await projection.prepare()
    desk, links = Desk(process.ledger), Links([SECRET])
    site: Site
    door = Door(
        links=links,
        limits=limits or Limits(),
        directory=lambda: site.directory,
        packs={(PACK.name, PACK.version): PACK},
        clock=process.clock,  # type: ignore[arg-type]
    )
    teller = Teller(desk, process.clock, MemoryKeys())  # type: ignore[arg-type]
    routes = answering_routes(door, AnswersRead(projection, store), teller)
    app = create_app(service="routing", health=Health(), routers=(routes,))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    http = httpx.AsyncClient(transport=transport, base_url=ADDRESS)
    site = Site(process, store, projection, app, http, desk, process.clock, directory, links)
    working = asyncio.create_task(desk.work())
    try:
        yield site
    finally:
        desk.close()
        await working
        await http.aclose()
