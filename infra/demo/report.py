"""The counts of a demonstration, held against what the sample says."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from infra.demo.sample import Effects, Message
from infra.demo.sinks import Sinks
from services.notify.rendering.view import reference_of

OUTCOMES = ("accepted", "returned", "rejected", "duplicate", "amended", "withdrawn")
LACKING = "bid_child_returned"
MAILS_OF_A_PART = 3
"""A part that a bid opens lacks something: its requester hears of it, and the bid's requester and coordinator."""


@dataclass(kw_only=True)
class Report:
    """What was sent, what became of it, and what arrived."""

    messages: Sequence[Message]
    outcomes: Mapping[str, str]
    in_flight: int
    doubts: int
    seconds: float
    folder: Path = Path()
    assigned: int = 0
    planned: set[tuple[str, str]] = field(default_factory=set)
    given_up: set[tuple[str, str]] = field(default_factory=set)
    mails: Counter[str] = field(default_factory=Counter)
    chats: Counter[str] = field(default_factory=Counter)
    callbacks: Counter[str] = field(default_factory=Counter)
    documents: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    damaged: list[str] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)

    def take_delivery(self, delivery: Mapping[str, Any]) -> None:
        """Count a planned delivery, or one given up, and list it beside the documents."""
        given_up = delivery["status"] == "failed"
        (self.given_up if given_up else self.planned).add((delivery["channel"], delivery["id"]))
        if delivery.get("template") == LACKING:
            self.parts.add(delivery["about"])
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "deliveries.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(delivery, ensure_ascii=False) + "\n")

    def take_document(self, document: Mapping[str, Any], data: bytes) -> None:
        """Count a downloaded document and keep it for whoever wants to look."""
        self.documents[document["document"], document["media_type"], document["version"]] += 1
        if hashlib.sha256(data).hexdigest() != document["sha256"]:
            self.damaged.append(document["name"])
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / document["name"]).write_bytes(data)

    def count_sinks(self, sinks: Sinks) -> None:
        """Count what the sinks hold."""
        self.mails, self.chats = sinks.mails(), sinks.chats()

    @property
    def lost(self) -> list[str]:
        """Messages without the answer the sample names, and deliveries that never arrived."""
        missing = {(channel, identity) for channel, identity in self.planned if not self._arrived(channel, identity)}
        unanswered = [
            f"message {message.key}: no answer" for message in self.messages if self.outcomes[message.key] == "unanswered"
        ]
        return unanswered + [f"{channel} {identity} did not arrive" for channel, identity in sorted(missing)]

    def _arrived(self, channel: str, identity: str) -> bool:
        match channel:
            case "chat":
                return reference_of(identity) in self.chats
            case "callback":
                return identity in self.callbacks
            case _:
                return identity in self.mails

    @property
    def twice(self) -> list[str]:
        """Effects in excess."""
        effects = [*self.mails.items(), *self.chats.items(), *((str(key), count) for key, count in self.documents.items())]
        return [f"{identity} arrived {count} times" for identity, count in effects if count > 1]

    def faults(self, expected: Effects) -> list[str]:
        """Everything that is not what the sample says, each as a sentence."""
        faults = [
            f"message {message.key} ({message.action} {message.type}): {self.outcomes[message.key]} instead of {message.expect}"
            for message in self.messages
            if self.outcomes[message.key] != message.expect
        ]
        counted = {
            "assigned": self.assigned,
            "mails": len(self.mails),
            "chats": len(self.chats),
            "documents": len(self.documents),
        }
        counted["undeliverable"] = len(self.given_up)
        more = MAILS_OF_A_PART * (len(self.parts) - expected.parts)
        wanted = {name: getattr(expected, name) + (more if name == "mails" else 0) for name in counted}
        faults += [f"{name}: {count} instead of {wanted[name]}" for name, count in counted.items() if count != wanted[name]]
        faults += [f"document damaged: {name}" for name in self.damaged]
        return faults + self.lost + self.twice

    def figures(self) -> dict[str, Any]:
        """The last line of a demonstration."""
        outcomes = Counter(self.outcomes.values())
        return {
            "submitted": len(self.messages),
            **{_plural(name): outcomes[name] for name in OUTCOMES},
            "assigned": self.assigned,
            "mails": len(self.mails),
            "chats": len(self.chats),
            "callbacks": len(self.callbacks),
            "documents": len(self.documents),
            "undeliverable": len(self.given_up),
            "restarted_in_flight": self.in_flight,
            "doubts_settled": self.doubts,
            "lost": len(self.lost),
            "twice": len(self.twice),
            "seconds": round(self.seconds, 1),
        }


def table(messages: Sequence[Message], outcomes: Mapping[str, str]) -> Table:
    """Messages by type and outcome."""
    shown = Table(title="Messages by type and outcome", box=None, padding=(0, 1, 0, 0))
    shown.add_column("type", no_wrap=True)
    for outcome in OUTCOMES:
        shown.add_column(outcome, justify="right")
    counts = Counter((_named(message.type), outcomes[message.key]) for message in messages)
    for kind in sorted({kind for kind, _ in counts}):
        shown.add_row(kind, *(str(counts[kind, outcome] or "") for outcome in OUTCOMES))
    return shown


def _named(kind: str | None) -> str:
    """A type's key as it is, and what is no key as that."""
    if not kind:
        return "(amend or withdraw)"
    return kind if "." in kind else f"{kind} (no type)"


def _plural(outcome: str) -> str:
    return "duplicates" if outcome == "duplicate" else outcome
