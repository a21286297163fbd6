"""The sample: messages of three units with the outcome each must get, and the effects that must follow."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

FOLDER = Path(__file__).parent / "sample"
Channel = Literal["http", "batch", "topic"]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a unit: what it asks, through which channel, and what must become of it."""

    key: str
    channel: Channel
    action: Literal["submit", "amend", "withdraw"]
    expect: str
    body: dict[str, Any] = field(repr=False)

    @property
    def unit(self) -> str:
        """Whose message it is."""
        return str(self.body["business_unit"])

    @property
    def type(self) -> str:
        """The type asked for; amendments and withdrawals do not say it again."""
        return str(self.body.get("type", ""))


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What the whole sample must lead to."""

    assigned: int
    mails: int
    chats: int
    documents: int
    parts: int
    undeliverable: int


def wave(name: str) -> list[Message]:
    """The messages of one file, in order; each has a key of its own, so that sending it again is no second message."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Message(key=f"{name}-{number}", channel=raw["channel"], action=raw["action"], expect=raw["expect"], body=raw["body"])
        for number, raw in enumerate(map(json.loads, lines), start=1)
    ]


def units() -> list[str]:
    """The units that send."""
    return sorted({message.unit for message in (*wave("first-wave"), *wave("second-wave"))})


def effects() -> Effects:
    """The effects the sample names."""
    return Effects(**yaml.safe_load((FOLDER / "effects.yaml").read_text(encoding="utf-8")))


def directory() -> bytes:
    """The invented company's people."""
    return (FOLDER / "directory.yaml").read_bytes()


def people() -> list[str]:
    """The ids of everybody who still works there."""
    return [person["id"] for person in yaml.safe_load(directory())["people"] if person.get("active", True)]


def attachments() -> list[tuple[str, bytes]]:
    """(name, content) of the files that come with requests."""
    return [(file.name, file.read_bytes()) for file in sorted((FOLDER / "attachments").iterdir())]
