"""Performs a planned delivery: looks up its recipient now, renders it in their language, and hands it to its channel."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from services.notify.channels.mail import Sender, UnsafeHeaderError, build
from services.notify.facts import MAIL_SYSTEM
from services.notify.rendering.labels import UnknownPolicyError
from services.notify.rendering.renderer import Letter, RenderError
from services.notify.rendering.view import Reader
from shared.ledger.effects import Ending, Perform, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.requests import number_of

CHANNELS = ("email", "chat", "webhook")
PATIENCE = 7
"""Attempts, over some two minutes, after which an unknown person is given up: news about people may come later than about
requests, at the latest when heads are compared."""


class Renders(Protocol):
    """The words of a message. Both raise RenderError and UnknownPolicyError."""

    def letter(self, item: Item, *, reader: Reader, directory: Directory) -> Letter: ...

    def chat(self, item: Item, *, reader: Reader, directory: Directory) -> str: ...


class Mails(Protocol):
    async def send(self, message: bytes, *, sender: str, recipient: str, point_of_no_return: PointOfNoReturn) -> Ending: ...


class Chats(Protocol):
    async def say(self, unit: str, markdown: str, point_of_no_return: PointOfNoReturn) -> Ending: ...


class Hooks(Protocol):
    async def post(self, name: str, identity: str, payload: Json, at: datetime) -> Ending: ...


class Clock(Protocol):
    def now(self) -> datetime: ...


class Effects:
    """All of notify's effects; `perform` takes any item that the domain plans."""

    def __init__(
        self,
        *,
        directory: Callable[[], Directory],
        renderer: Renders,
        sender: Sender,
        mails: Mails,
        chats: Chats,
        hooks: Hooks,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._renderer = renderer
        self._sender = sender
        self._mails = mails
        self._chats = chats
        self._hooks = hooks
        self._clock = clock

    @property
    def by_kind(self) -> dict[str, Perform]:
        """What the worker is given."""
        return dict.fromkeys(CHANNELS, self.perform)

    async def perform(self, item: Item, point_of_no_return: PointOfNoReturn) -> Ending:
        """Deliver `item` once. What cannot be rendered or addressed ends Terminal with the problem and its remedy."""
        try:
            match item.kind:
                case "email":
                    return await self._mail(item, point_of_no_return)
                case "chat":
                    return await self._chat(item, point_of_no_return)
                case "webhook":
                    return await self._hooks.post(item.data["recipient"], item.id, payload_of(item), self._clock.now())
                case kind:
                    return Terminal(problem=f"There is no channel {kind}; this release sends {', '.join(CHANNELS)}.")
        except (RenderError, UnsafeHeaderError) as error:
            return Terminal(problem=str(error))
        except UnknownPolicyError as error:
            return Retry(problem=str(error))

    async def _mail(self, item: Item, point_of_no_return: PointOfNoReturn) -> Ending:
        directory = self._directory()
        recipient = item.data["recipient"]
        person = directory.people.get(recipient)
        if person is None:
            problem = f"Nobody in the directory has the id {recipient}; import them and send the message again."
            return Retry(problem=problem) if item.tries < PATIENCE else Terminal(problem=problem)
        if not person.active:
            return Terminal(problem=f"{recipient} has left, according to the directory; tell their successor.")
        if not person.email.strip():
            return Terminal(problem=f"{recipient} has no mail address in the directory; add one and send the message again.")
        reader = Reader(name=person.name, locale=person.locale, time_zone=person.time_zone)
        letter = self._renderer.letter(item, reader=reader, directory=directory)
        message = build(
            item=item.id,
            request=item.subject,
            sender=self._sender,
            to=person.email,
            to_name=person.name,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            date=self._clock.now(),
            answers=answered_by(item),
        )
        return await self._mails.send(
            message, sender=self._sender.address, recipient=person.email, point_of_no_return=point_of_no_return
        )

    async def _chat(self, item: Item, point_of_no_return: PointOfNoReturn) -> Ending:
        directory = self._directory()
        code = item.data["recipient"]
        unit = directory.units.get(code)
        reader = Reader(
            name=unit.name.by_locale(unit.locale) if unit else code,
            locale=unit.locale if unit else "zh",
            time_zone=unit.time_zone if unit else "Asia/Shanghai",
        )
        return await self._chats.say(code, self._renderer.chat(item, reader=reader, directory=directory), point_of_no_return)


def answered_by(item: Item) -> str | None:
    """The Message-ID of the mail that the requester is answered: the reference of a request that came by mail."""
    source = item.data["params"]["request"].get("source", {})
    return str(source["reference"]) if item.data["as"] == "requester" and source.get("system") == MAIL_SYSTEM else None


def payload_of(item: Item) -> Json:
    """What a subscriber gets: the event's type, time and id, and the request's public facts. People are ids."""
    event, params = item.data["event"], item.data["params"]
    data = {"id": item.subject, "number": number_of(item.subject), "event": event["id"], **params}
    return {"type": event["type"], "timestamp": event["time"], "data": data}
