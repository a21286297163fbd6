"""Effects: the recipient of this moment, in their language; whoever cannot be told is a problem that names its remedy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from functools import cache
from typing import Any

import pytest

from services.notify.channels.mail import Sender
from services.notify.effects import CHANNELS, PATIENCE, Effects, payload_of
from services.notify.rendering.labels import labels_of
from services.notify.rendering.renderer import Renderer
from services.notify.rendering.view import Console
from services.notify.surroundings import NotifySurroundings
from shared.catalogue import load_packs
from shared.ledger.effects import Done, Ending, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.schemas.model import Json
from shared.schemas.people import Directory
from tests.unit.notify.notify_build import (
    NOW,
    REQUEST,
    Story,
    a_directory,
    a_person,
    submitted,
)
from tests.unit.notify.scenes import SCENES, items_for

CONSOLE = Console(address="https://desk.example")
LOADED = cache(load_packs)


class StoppedClock:
    def now(self):
        return NOW


@dataclass
class Taken:
    """A channel that takes everything and keeps it."""

    ending: Ending = field(default_factory=Done)
    kept: list = field(default_factory=list)

    async def send(self, message: bytes, *, sender: str, recipient: str, point_of_no_return: PointOfNoReturn):
        await point_of_no_return()
        self.kept.append((recipient, message_from_bytes(message, policy=default)))
        return self.ending

    async def say(self, unit: str, markdown: str, point_of_no_return: PointOfNoReturn):
        await point_of_no_return()
        self.kept.append((unit, markdown))
        return self.ending

    async def post(self, name: str, identity: str, payload: Json, at: datetime):
        self.kept.append((name, identity, payload, at))
        return self.ending


@dataclass
class World:
    """Effects with channels that keep what they are given."""

    directory: Directory = field(default_factory=a_directory)
    packs: Callable = LOADED
    mails: Taken = field(default_factory=Taken)
    chats: Taken = field(default_factory=Taken)
    hooks: Taken = field(default_factory=Taken)
    passed: int = 0

    async def perform(self, item: Item):
        effects = Effects(
            directory=lambda: self.directory,
            renderer=Renderer(labels_of=labels_of(self.packs()), console=CONSOLE),
            sender=Sender(address="noreply@backline.example", name="Backline", domain="backline.example"),
            mails=self.mails,
            chats=self.chats,
            hooks=self.hooks,
            clock=StoppedClock(),
        )
        assert set(effects.by_kind) == set(CHANNELS)
        return await effects.by_kind.get(item.kind, effects.perform)(item, self.point)

    async def point(self):
        self.passed += 1


def one(kind: str, template: str = "supporters_assigned", attempt: int = 1):
    item = next(item for item in items_for(template) if item.kind == kind)
    return Item(id=item.id, kind=item.kind, data=item.data, subject=item.subject, attempt=attempt, tries=attempt)


async def test_a_mail_goes_to_the_address_the_directory_has_now():
    world = World(directory=a_directory(a_person("anna", email="new@east.example", locale="en", name="Anna")))
    assert await world.perform(one("email")) == Done()
    recipient, mail = world.mails.kept[0]
    assert recipient == "new@east.example"
    assert mail["To"].addresses[0].addr_spec == "new@east.example"
    assert "Hello Anna," in mail.get_body(("plain",)).get_content()
    assert world.passed == 1


async def test_the_message_id_is_the_items_on_every_attempt():
    world = World()
    for attempt in (1, 2):
        await world.perform(one("email", attempt=attempt))
    assert {mail["Message-ID"] for _, mail in world.mails.kept} == {f"<{one('email').id}@backline.example>"}


async def test_a_stranger_is_waited_for_and_then_given_up():
    world = World(directory=Directory())
    assert isinstance(await world.perform(one("email", attempt=PATIENCE - 1)), Retry)
    ending = await world.perform(one("email", attempt=PATIENCE))
    assert isinstance(ending, Terminal)
    assert "anna" in ending.problem
    assert "import" in ending.problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"active": False}, "has left"), ({"email": " "}, "no mail address"), ({"email": "broken"}, "name@domain")],
)
async def test_who_cannot_be_told_ends_terminal_with_the_remedy_and_without_the_address(changes: dict[str, Any], words: str):
    world = World(directory=a_directory(a_person("anna", **changes)))
    ending = await world.perform(one("email"))
    assert isinstance(ending, Terminal)
    assert words in ending.problem
    assert "broken" not in ending.problem
    assert world.mails.kept == []
    assert world.passed == 0


async def test_a_hostile_name_is_a_problem_of_this_one_message():
    world = World(directory=a_directory(a_person("anna", name="Anna\r\nBcc: x@evil.example")))
    assert isinstance(await world.perform(one("email")), Terminal)
    assert world.mails.kept == []


async def test_a_chat_message_is_said_in_the_units_language():
    world = World()
    assert await world.perform(one("chat")) == Done()
    unit, markdown = world.chats.kept[0]
    assert unit == "east"
    assert "支持人已确定" in markdown


async def test_a_unit_the_directory_does_not_know_is_told_all_the_same():
    world = World(directory=Directory())
    assert await world.perform(one("chat")) == Done()


async def test_a_subscriber_gets_the_event_with_people_as_ids():
    world = World()
    item = one("webhook")
    assert await world.perform(item) == Done()
    name, identity, payload, at = world.hooks.kept[0]
    assert (name, identity, at) == ("crm", item.id, NOW)
    assert payload == payload_of(item)
    assert payload["type"] == "backline.routing.supporters_assigned"
    assert payload["data"]["id"] == REQUEST
    assert [seat["person"] for seat in payload["data"]["seats"]] == ["boss", "anna", "ben"]
    assert world.passed == 0


async def test_a_pack_that_is_not_here_yet_is_waited_for():
    ending = await World(packs=dict).perform(one("email"))
    assert isinstance(ending, Retry)
    assert "sales-support 1.0.0" in ending.problem


async def test_a_broken_template_ends_terminal():
    item = one("email")
    broken = Item(id=item.id, kind="email", subject=item.subject, data={**item.data, "template": "no_such"})
    ending = await World().perform(broken)
    assert isinstance(ending, Terminal)
    assert "zh/no_such" in ending.problem


async def test_a_channel_of_a_later_release_ends_terminal():
    item = one("email")
    ending = await World().perform(Item(id=item.id, kind="pigeon", subject=item.subject, data=item.data))
    assert isinstance(ending, Terminal)


@pytest.mark.parametrize("template", SCENES)
async def test_every_item_the_domain_plans_can_be_performed(template: str):
    for item in items_for(template):
        assert await World().perform(item) == Done()


async def test_the_surroundings_tell_the_moment_the_rooms_and_the_subscribers():
    surroundings = NotifySurroundings(clock=StoppedClock(), rooms=frozenset({"east"}), subscribers=("crm",))
    context = await surroundings.context(())
    assert (context.now, context.rooms, context.subscribers) == (NOW, frozenset({"east"}), ("crm",))
    assert await surroundings.reserve(()) == frozenset()


async def test_deliveries_are_counted_by_channel_and_outcome():
    from shared.telemetry import metrics

    surroundings = NotifySurroundings(clock=StoppedClock(), rooms=frozenset(), subscribers=())
    story = Story()
    item = story.hear(submitted()).items[0]
    (fact,) = story.settle(item, "failed", "why").facts
    count = metrics.DELIVERIES.labels("email", "failed")
    before = count._value.get()
    await surroundings.applied([(REQUEST, story.state, (story.event(fact), story.event(submitted())))])
    assert count._value.get() == before + 1
