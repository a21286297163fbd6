"""The smallest service that still does everything a ledger allows: it hears two sources, answers each event, each command
and each ended item with one fact, and plans one item per intake event.

Invariant: its state is the diary of what it evolved, so that a lost, repeated or reordered message shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from shared.ledger.document import Held
from shared.ledger.domain import EachByItself
from shared.ledger.messages import NOTHING, Decision, Heard, Item, Message, Refusal, Settled, Told
from shared.ledger.order import hold
from shared.schemas.envelope import Event, Source, dataschema
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.routing import WorkAccepted, WorkCompleted, WorkDeclined

MONDAY = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
SUBMITTED = "backline.request.withdrawal_requested"
RENDERED = "backline.documents.document_failed"


class FakeClock:
    """A clock that stands still until it is put forward."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Diary(Frozen):
    """What was evolved, in order: heard events as source:sequence, own facts as type:cause."""

    heard: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    kept: Json = Field(default_factory=dict)
    alarm: datetime | None = None


@dataclass(kw_only=True)
class Setting:
    """The context: labels of messages whose decision raises, and labels that plan no item."""

    failing: set[str] = field(default_factory=set)
    without_items: bool = False


class SmallDomain:
    """Commands: anything is answered by one WorkCompleted; see `_told` for the names that misbehave."""

    source: Source = "routing"
    hears: frozenset[Source] = frozenset({"intake", "documents"})
    state = Diary
    schema = 1

    def decide(self, state: Diary, message: Message, context: Setting) -> Decision:
        if label(message) in context.failing:
            raise ArithmeticError(f"the decision on {label(message)} fails")
        match message:
            case Heard(event=event):
                fact = WorkAccepted(by=f"{event.source}:{event.sequence}", role="r", first=False)
                wanted = event.source == "intake" and not context.without_items
                items = (Item(id=f"item-{event.sequence}", kind="print", data={"n": event.sequence}),) if wanted else ()
                return Decision(facts=(fact,), items=items)
            case Told():
                return self._told(message)
            case Settled(item=item, end=end):
                return Decision(facts=(WorkDeclined(by=item.id, role=end, step="supporter", reason=message.problem),))
            case _:
                return NOTHING

    def _told(self, message: Told) -> Decision:
        match message.name:
            case "refuse":
                return Decision(refusal=Refusal(code="no", message=Text(zh="不行", en="no")))
            case "cancel":
                return Decision(cancel=tuple(message.data["items"]))
            case "again":
                return Decision(again=tuple(message.data["items"]))
            case "plan":
                return Decision(items=tuple(Item(id=name, kind="print", data={}) for name in message.data["items"]))
            case "shout":
                return Decision(facts=(WorkCompleted(by=message.id, note="x" * 2_000_000, result={}),))
            case _:
                return Decision(facts=(WorkCompleted(by=message.id, note=message.name, result=message.data),))

    def evolve(self, state: Diary, event: Event) -> Diary:
        if event.source != self.source:
            if "unreadable" in event.data:
                raise KeyError("unreadable")
            kept = {**state.kept, **event.data.get("keep", {})}
            return state.model_copy(update={"heard": (*state.heard, f"{event.source}:{event.sequence}"), "kept": kept})
        update: dict[str, Any] = {"said": (*state.said, event.id)}
        if event.type == "backline.routing.work_completed":
            update["kept"] = {**state.kept, **event.data["result"].get("keep", {})}
            if event.data["note"] == "alarm":
                update["alarm"] = datetime.fromisoformat(event.data["result"]["at"])
        return state.model_copy(update=update)

    def wake_at(self, state: Diary) -> datetime | None:
        return state.alarm

    def upcast(self, document: dict[str, object], schema: int) -> dict[str, object]:
        return document

    def comparable(self, state: Diary) -> Diary:
        """What both sources said may be heard in either order."""
        return state.model_copy(update={"heard": tuple(sorted(state.heard, key=lambda one: one.split(":")[0]))})


class Quiet(EachByItself[Setting]):
    """Surroundings that read nothing and reserve nothing."""

    def __init__(self, setting: Setting | None = None) -> None:
        self.setting = setting or Setting()

    async def context(self, messages: Sequence[Message]) -> Setting:
        return self.setting


def label(message: Message) -> str:
    """intake:3, a command's id, an item's id, or "woken"."""
    match message:
        case Heard(event=event):
            return f"{event.source}:{event.sequence}"
        case Told(id=identity):
            return identity
        case Settled(item=item):
            return item.id
        case _:
            return "woken"


class History:
    """One source's chain of events about one subject."""

    def __init__(self, subject: str, source: Source = "intake") -> None:
        self.subject = subject
        self.source: Source = source
        self.events: list[Event] = []

    def say(self, *, after: dict[str, int] | None = None, data: Json | None = None, **other: Any) -> Event:
        """The next event of the chain."""
        event_type = other.pop("type", SUBMITTED if self.source == "intake" else RENDERED)
        attributes = {
            "source": self.source,
            "type": event_type,
            "subject": self.subject,
            "sequence": len(self.events) + 1,
            "time": MONDAY,
            "data": {"by": "p", "reason": str(len(self.events) + 1)} if data is None else data,
            "dataschema": dataschema(event_type),
            "after": after or {},
            "previous": self.events[-1].id if self.events else None,
            "correlationid": self.subject,
            "businessunit": "east",
        }
        event = Event.say(**{**attributes, **other})
        self.events.append(event)
        return event


def history(subject: str, count: int, source: Source = "intake") -> list[Event]:
    """A chain of `count` events."""
    chain = History(subject, source)
    return [chain.say() for _ in range(count)]


def held(event: Event, at: datetime = MONDAY) -> Held:
    """`event` as it comes from Kafka."""
    return hold(event, at)


def told(identity: str, subject: str = "r1", name: str = "note", **data: Any) -> Told:
    """A command."""
    return Told(id=identity, subject=subject, name=name, data=data, at=MONDAY)
