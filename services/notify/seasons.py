"""People concerned are told that a season begins, was changed or has ended: a room of its own, beside that of the requests. Pure.

Invariant: as in that room, one event makes at most one delivery per recipient, whatever is repeated.
"""

from services.notify.domain import NotifyDomain, item_id
from services.notify.policy import NotifyPolicy
from services.notify.state import Context, State
from shared.ledger.messages import NOTHING, Decision, Heard, Item, Message
from shared.schemas import notifications
from shared.schemas.envelope import Event, Source
from shared.schemas.model import Json
from shared.schemas.notifications import Delivery
from shared.schemas.registry import MODELS
from shared.schemas.seasons import SeasonBegan, SeasonChanged, SeasonEnded

CONCERNED = "concerned"
Said = SeasonBegan | SeasonChanged | SeasonEnded
KEPT = 2000
"""So many deliveries that have ended stay in the state, the latest: all seasons share one. The events keep all."""


class SeasonNotices(NotifyDomain):
    """The Domain of what is told of seasons; how a delivery ends is the same as of any."""

    hears: frozenset[Source] = frozenset({"routing"})

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """Plan a mail to each of those concerned; say how a delivery ended."""
        if isinstance(message, Heard):
            return _planned(self._policy, state, message.event)
        return super().decide(state, message, context)

    def evolve(self, state: State, event: Event) -> State:
        """As of any delivery; those that were planned long ago and have ended go."""
        after = super().evolve(state, event)
        over = [identity for identity, one in after.deliveries.items() if one.status != "planned"]
        gone = frozenset(over[:-KEPT])
        left = {identity: one for identity, one in after.deliveries.items() if identity not in gone}
        return after.model_copy(update={"deliveries": left}) if gone else after


def _planned(policy: NotifyPolicy, state: State, event: Event) -> Decision:
    template = policy.seasons.get(event.type)
    said = event.read_as(MODELS[event.type])
    if template is None or not isinstance(said, Said):
        return NOTHING
    params = _params(said)
    about = {"id": event.id, "type": event.type, "time": event.time.isoformat()}
    items, deliveries = list[Item](), list[Delivery]()
    for person in said.told:
        identity = item_id(event.id, "email", person)
        if identity not in state.deliveries and person != getattr(said, "by", None):
            data = {"template": template, "recipient": person, "as": CONCERNED, "event": about, "params": params}
            items.append(Item(id=identity, kind="email", data=data, subject=event.subject))
            deliveries.append(Delivery(id=identity, channel="email", recipient=person, template=template, about=event.id))
    if not items:
        return NOTHING
    return Decision(facts=(notifications.NotificationPlanned(deliveries=tuple(deliveries)),), items=tuple(items))


def _params(said: Said) -> Json:
    """As for a request's messages, without a request."""
    return {"request": {}, "seats": [], "particulars": said.model_dump(mode="json", exclude={"told"})}
