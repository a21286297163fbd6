"""Who hears of an event in place of somebody who is away: whoever stands in, once, beside the one who is away. Pure.

Invariant: nobody hears twice of one event, nor of their own act; who is told of it anyway hears in that message for whom as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.notify.tellings import Telling
from shared.schemas.model import Json
from shared.schemas.notifications import Channel

DEPUTY = "deputy"


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One message of an event: to whom, told as what, and what they are asked.

    `holders` are those who are away and for whom its recipient stands in; `part` is what a deputy's holder is told as.
    """

    channel: Channel
    recipient: str
    kind: str
    telling: Telling
    ask: Json | None = None
    part: str | None = None
    holders: tuple[str, ...] = ()


def with_deputies(messages: Iterable[Announcement], stand_ins: Mapping[str, str], actor: str | None) -> tuple[Announcement, ...]:
    """`messages`, none of which is told by its own `actor`, and those that whoever stands in is told besides."""
    told = {(one.channel, one.recipient): one for one in messages}
    for one in tuple(told.values()):
        deputy = stand_ins.get(one.recipient) if one.channel == "email" else None
        if deputy is None or (deputy == actor and not one.telling.row.actor):
            continue
        place = (one.channel, deputy)
        before = told.get(place) or replace(one, recipient=deputy, kind=DEPUTY, part=one.kind, ask=None)
        told[place] = replace(before, holders=(*before.holders, one.recipient), ask=before.ask or one.ask)
    return tuple(told.values())
