"""Who must be told of what was heard, and what became of it. Pure.

Invariant: one event makes at most one delivery per channel and recipient, whatever is repeated: its id is a digest of the three.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

import orjson
from pydantic import BaseModel

from services.notify import callbacks
from services.notify.asking import Acting, asked, asked_after, asked_already, known_after
from services.notify.deputies import Announcement, with_deputies
from services.notify.facts import facts_of
from services.notify.policy import NotifyPolicy, RecipientKind
from services.notify.state import Context, DeliveryState, DocumentState, State, Status
from services.notify.tellings import Telling, actor_of, tellings
from shared.ledger.messages import NOTHING, Decision, Heard, Item, Message, Refusal, Settled, Told
from shared.schemas import documents, intake, notifications, routing
from shared.schemas.envelope import Event, Source
from shared.schemas.model import Json, Text
from shared.schemas.notifications import Channel, Delivery
from shared.schemas.registry import MODELS
from shared.schemas.seats import Seated, seats_after

NAMESPACE = uuid.UUID("b1b7c0de-5a0f-5c35-8c4e-0d9a4a4c6f02")

STATUS: dict[type, Status] = {
    notifications.NotificationSent: "sent",
    notifications.NotificationFailed: "failed",
    notifications.NotificationUnknown: "unknown",
}


def item_id(event_id: str, channel: Channel, recipient: str) -> str:
    """UUIDv5 over the JSON array [event id, channel, recipient]."""
    return str(uuid.uuid5(NAMESPACE, orjson.dumps([event_id, channel, recipient]).decode()))


class NotifyDomain:
    """The Domain of notify; `policy` is the table it follows."""

    source: Source = "notify"
    hears: frozenset[Source] = frozenset({"intake", "routing", "documents"})
    state = State
    schema = 1

    def __init__(self, policy: NotifyPolicy) -> None:
        self._policy = policy

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """Plan what an event calls for; say how a delivery ended."""
        match message:
            case Heard(event=event):
                return _plan(state, event, tellings(self._policy, state, event), context, self._policy.acting)
            case Settled():
                return _conclude(state, message)
            case Told(name="resolve", data=data):
                return _resolve(state, data)
            case Told(name="callback_failing", data=data):
                return _tell_contact(state, data, context)
            case _:
                return NOTHING

    def evolve(self, state: State, event: Event) -> State:
        """The state after `event`. Types that change neither request, seats nor deliveries leave it as it is."""
        model = MODELS.get(event.type)
        if model is None:
            return state
        said = event.read_as(model)
        state = self._heard(state, said, event)
        if (asked_of := asked_after(self._policy.acting, state, event)) is not state.asked:
            state = state.model_copy(update={"asked": asked_of})
        return state

    def _heard(self, state: State, said: BaseModel, event: Event) -> State:
        if (known := known_after(state.known, said, event)) is not state.known:
            state = state.model_copy(update={"known": known})
        match said:
            case intake.RequestSubmitted(request=request, policy=pin):
                return state.model_copy(update={"request": facts_of(request, pin, self._policy.deadline)})
            case routing.RequestAmended(request=request):
                kept = state.request.policy if state.request else None
                return state.model_copy(update={"request": facts_of(request, kept, self._policy.deadline)})
            case _ if isinstance(said, Seated):
                return state.model_copy(update={"seats": seats_after(state.seats, said)})
            case documents.DocumentRendered() | documents.DocumentFailed() as ended:
                return _ended(state, ended)
            case _:
                return _delivered(state, said, event.time)

    def wake_at(self, _state: State) -> datetime | None:
        """Nothing to wait for: items have their own times."""
        return None

    def upcast(self, document: dict[str, object], _schema: int) -> dict[str, object]:
        """There is only one schema yet."""
        return document

    def comparable(self, state: State) -> State:
        """Each field follows from events that are ordered among each other, whoever says them."""
        return state


def recipients(state: State, telling: Telling, context: Context) -> dict[tuple[Channel, str], RecipientKind]:
    """Whom its row names now, each once, with the first kind that named them."""
    told: dict[tuple[Channel, str], RecipientKind] = {}
    for alternatives in telling.row.to:
        named = next(((kind, found) for kind in alternatives if (found := _of_kind(state, kind, telling, context))), None)
        for channel, recipient in named[1] if named else ():
            told.setdefault((channel, recipient), named[0] if named else alternatives[0])
    return told


def _of_kind(state: State, kind: RecipientKind, telling: Telling, context: Context) -> list[tuple[Channel, str]]:
    if state.request is None:
        return []
    match kind:
        case "requester":
            return [("email", state.request.requester)]
        case "coordinator":
            return [("email", person) for person in state.coordinators]
        case "supporters":
            return [("email", person) for person in state.supporters]
        case "former":
            return [("email", holder)] if (holder := telling.params["particulars"].get("holder")) else []
        case "asked":
            return [("email", person) for person in telling.params["particulars"].get("asked", ())]
        case "stand_in":
            return [("email", person)] if (person := telling.params["particulars"].get("person")) else []
        case "unit_leader":
            return [("email", person) for person in context.leaders.get(state.request.business_unit, ())]
        case "unit_room":
            unit = state.request.business_unit
            return [("chat", unit)] if unit in context.rooms else []
        case "subscribers":
            return [("webhook", name) for name in context.subscribers]


def _plan(state: State, event: Event, told: Sequence[Telling], context: Context, acting: Acting) -> Decision:
    planned: dict[str, tuple[Item, Delivery]] = {}
    for message in with_deputies(_messages(state, event, told, context, acting), context.stand_ins, actor_of(event)):
        identity = item_id(event.id, message.channel, message.recipient)
        if identity not in state.deliveries:
            planned[identity] = _delivery(identity, message, event)
    if state.request is not None and (wanted := context.callbacks.get(state.request.business_unit)):
        planned |= callbacks.planned(state, event, wanted, lambda recipient: item_id(event.id, "callback", recipient))
    if not planned:
        return NOTHING
    items, deliveries = zip(*planned.values(), strict=True)
    return Decision(facts=(notifications.NotificationPlanned(deliveries=deliveries),), items=items)


def _messages(state: State, event: Event, told: Sequence[Telling], context: Context, acting: Acting) -> tuple[Announcement, ...]:
    """Those to whom the rows name, each once, with the first row that does; nobody is told of their own act."""
    actor, found = actor_of(event), dict[tuple[Channel, str], Announcement]()
    for telling in told:
        for (channel, recipient), kind in recipients(state, telling, context).items():
            own_act = channel == "email" and recipient == actor and not telling.row.actor
            if own_act or (channel, recipient) in found:
                continue
            ask = asked(acting, state, event, kind, recipient, telling.params["particulars"])
            if asked_already(state, event, recipient, ask):
                continue
            found[channel, recipient] = Announcement(channel=channel, recipient=recipient, kind=kind, telling=telling, ask=ask)
    return tuple(found.values())


def _delivery(identity: str, message: Announcement, event: Event) -> tuple[Item, Delivery]:
    template, channel, recipient = message.telling.row.template, message.channel, message.recipient
    about = {"id": event.id, "type": event.type, "time": event.time.isoformat()}
    data = {"template": template, "recipient": recipient, "as": message.kind, "event": about, "params": message.telling.params}
    data |= {"ask": message.ask} if message.ask else {}
    data |= {"for": list(message.holders)} if message.holders else {}
    data |= {"part": message.part} if message.part else {}
    item = Item(id=identity, kind=channel, data=data, subject=event.subject)
    return item, Delivery(id=identity, channel=channel, recipient=recipient, template=template, about=event.id)


def _tell_contact(state: State, data: Json, context: Context) -> Decision:
    """A unit's contact is told by mail that an address fails: once, since it is told of the one delivery that found it."""
    if state.request is None:
        return NOTHING
    about = {"id": data["delivery"], "type": callbacks.FAILING, "time": context.now.isoformat()}
    particulars = {"callback": data["callback"], "host": data["host"]}
    params = {"request": state.request.model_dump(mode="json"), "seats": [], "particulars": particulars}
    recipient = str(data["contact"])
    identity = item_id(data["delivery"], "email", recipient)
    if identity in state.deliveries:
        return NOTHING
    plan = {"template": callbacks.FAILING, "recipient": recipient, "as": "contact", "event": about, "params": params}
    item = Item(id=identity, kind="email", data=plan)
    delivery = Delivery(id=identity, channel="email", recipient=recipient, template=callbacks.FAILING, about=data["delivery"])
    return Decision(facts=(notifications.NotificationPlanned(deliveries=(delivery,)),), items=(item,))


def _conclude(state: State, settled: Settled) -> Decision:
    """The fact that a planned delivery ended; one that ended before, or is not ours, ends no second time.

    Only the late word that a delivery was made still counts where it was doubted or given up.
    """
    item = settled.item
    known = state.deliveries.get(item.id)
    open_to = {"planned", "unknown", "failed"} if settled.end == "done" else {"planned"}
    if known is None or known.status not in open_to:
        return NOTHING
    delivery = known.delivery(item.id)
    if settled.end == "done":
        return Decision(facts=(notifications.NotificationSent(delivery=delivery, attempt=item.attempt),))
    failure = notifications.NotificationFailed if settled.end == "failed" else notifications.NotificationUnknown
    return Decision(facts=(failure(delivery=delivery, attempt=item.attempt, problem=settled.problem),))


def _resolve(state: State, data: Json) -> Decision:
    """A person has looked: a delivery in doubt (or given up) did arrive after all, or is to be carried out again."""
    identity = str(data["delivery"])
    known = state.deliveries.get(identity)
    if known is None:
        return Decision(refusal=UNKNOWN_DELIVERY)
    if known.status not in {"unknown", "failed"}:
        return Decision(refusal=NOT_IN_DOUBT)
    delivery = known.delivery(identity)
    if data["arrived"]:
        return Decision(facts=(notifications.NotificationSent(delivery=delivery, attempt=known.attempt),))
    return Decision(facts=(notifications.NotificationPlanned(deliveries=(delivery,)),), again=(identity,))


UNKNOWN_DELIVERY = Refusal(
    code="unknown_delivery", status=404, message=Text(zh="没有这条通知。", en="There is no such notification.")
)
NOT_IN_DOUBT = Refusal(
    code="not_in_doubt",
    message=Text(zh="只有结果不明或失败的通知可以这样处理。", en="Only a notification in doubt or failed can be resolved."),
)


def _ended(state: State, said: documents.DocumentRendered | documents.DocumentFailed) -> State:
    fields = said.model_dump(include={"kind", "version", "name", "problem", "cause"})
    before = state.documents.get(said.document)
    mended = before is not None and (before.mended or bool(before.problem))
    ended = DocumentState(together=said.together or (said.document,), mended=mended, **fields)
    return state.model_copy(update={"documents": {**state.documents, said.document: ended}})


def _delivered(state: State, said: object, at: datetime) -> State:
    deliveries = dict(state.deliveries)
    match said:
        case notifications.NotificationPlanned(deliveries=planned):
            for delivery in planned:
                deliveries[delivery.id] = DeliveryState.of(delivery, at)
        case notifications.NotificationSent() | notifications.NotificationFailed() | notifications.NotificationUnknown() as ended:
            problem = getattr(ended, "problem", "")
            end = {"status": STATUS[type(ended)], "attempt": ended.attempt, "problem": problem, "ended_at": at}
            deliveries[ended.delivery.id] = deliveries[ended.delivery.id].model_copy(update=end)
        case _:
            return state
    return state.model_copy(update={"deliveries": deliveries})
