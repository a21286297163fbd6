"""The demonstration finds in the sinks what notify says, in either language and however many texts one message carries."""

import json
from pathlib import Path

from infra.demo.sinks import Sinks
from services.notify.channels.robot import SEPARATOR
from services.notify.rendering.labels import labels_of
from services.notify.rendering.renderer import Renderer
from services.notify.rendering.view import Console, Reader, reference_of
from shared.catalogue import load_packs
from shared.ledger.messages import Item
from tests.unit.notify.notify_build import (
    a_directory,
)
from tests.unit.notify.scenes import items_for

RENDERER = Renderer(labels_of=labels_of(load_packs()), console=Console())


def a_chat(template: str) -> Item:
    return next(item for item in items_for(template) if item.kind == "chat")


def said(item: Item, locale: str) -> str:
    return RENDERER.chat(item, reader=Reader(name="east", locale=locale, time_zone="UTC"), directory=a_directory())


def test_every_text_of_a_merged_message_is_counted(tmp_path: Path) -> None:
    first, second = a_chat("supporters_assigned"), a_chat("work_completed")
    content = SEPARATOR.join([said(first, "zh"), said(second, "en")])
    chats = tmp_path / "chats.jsonl"
    chats.write_text(json.dumps({"markdown": {"content": content}}) + "\n")
    sinks = Sinks(tmp_path, chats)
    assert sinks.chats() == {reference_of(first.id): 1, reference_of(second.id): 1}
    assert sinks.has("chat", first.id)


def test_a_text_that_came_twice_is_counted_twice_and_one_that_did_not_come_is_not_there(tmp_path: Path) -> None:
    item, other = a_chat("supporters_assigned"), a_chat("work_completed")
    chats = tmp_path / "chats.jsonl"
    chats.write_text((json.dumps({"markdown": {"content": said(item, "zh")}}) + "\n") * 2)
    sinks = Sinks(tmp_path, chats)
    assert sinks.chats() == {reference_of(item.id): 2}
    assert not sinks.has("chat", other.id)
