"""The clashes of one request with other units as its state knows them, and how they follow from facts. Pure."""

from datetime import datetime

from shared.schemas.clashes import ClashFound, ClashKind, ClashResolved, Resolution
from shared.schemas.envelope import Event
from shared.schemas.model import Frozen
from shared.schemas.registry import MODELS

MOST_KEPT = 100


class Clash(Frozen):
    """That `other_unit` pursues the same, whom to call there, and what was decided, by whom: a person here, or that unit."""

    clash: str
    kind: ClashKind
    other_unit: str
    call: tuple[str, ...]
    found_at: datetime
    resolution: Resolution | None = None
    by: str | None = None
    reason: str = ""
    resolved_at: datetime | None = None


def after(clashes: tuple[Clash, ...], event: Event) -> tuple[Clash, ...]:
    """`clashes` after one of their facts; one that is found again is open again."""
    match event.read_as(MODELS[event.type]):
        case ClashFound() as said:
            kept = tuple(one for one in clashes if one.clash != said.clash)
            return _bounded((*kept, Clash(**said.model_dump(), found_at=event.time)))
        case ClashResolved() as said:
            update = {"resolution": said.resolution, "by": said.by, "reason": said.reason, "resolved_at": event.time}
            return tuple(one.model_copy(update=update) if one.clash == said.clash else one for one in clashes)
        case _:
            return clashes


def _bounded(clashes: tuple[Clash, ...]) -> tuple[Clash, ...]:
    """At most MOST_KEPT: the ended go first, then the settled, the oldest before the others; none that is open goes."""
    closed = [one for one in clashes if one.resolution is not None]
    closed.sort(key=lambda one: (one.resolution != "ended", one.resolved_at or one.found_at))
    gone = {one.clash for one in closed[: max(0, len(clashes) - MOST_KEPT)]}
    return tuple(one for one in clashes if one.clash not in gone)


def known(clashes: tuple[Clash, ...], clash: object) -> Clash | None:
    """The clash of that name."""
    return next((one for one in clashes if one.clash == clash), None)
