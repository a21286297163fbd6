"""Builders for the words of messages: readers, a renderer with the shipped pack, and what a mail program would see."""

from html.parser import HTMLParser
from typing import Any

from services.notify.rendering.labels import labels_of
from services.notify.rendering.renderer import Renderer
from services.notify.rendering.view import Console, Reader
from shared.catalogue import load_packs
from shared.ledger.messages import Item
from tests.unit.notify.notify_build import (
    Story,
)
from tests.unit.notify.scenes import items_for

CONSOLE = Console(address="https://desk.example")


ZH = Reader(name="陶然", locale="zh", time_zone="Asia/Shanghai")


EN = Reader(name="Tao Ran", locale="en", time_zone="America/New_York")


LABELS = labels_of(load_packs())


def a_renderer(**changes: Any) -> Renderer:
    return Renderer(**{"labels_of": LABELS, "console": CONSOLE, **changes})


def mails(template: str, story: Story | None = None) -> list[Item]:
    return [item for item in items_for(template, story) if item.kind == "email"]


def chats(template: str, story: Story | None = None) -> list[Item]:
    return [item for item in items_for(template, story) if item.kind == "chat"]


class Tags(HTMLParser):
    """The tags that a reader's mail program sees, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.shown = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.shown += data
