"""The port between the item worker and a service's effects."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from shared.ledger.messages import Item
from shared.schemas.model import Json


@dataclass(frozen=True, kw_only=True)
class Done:
    """It happened. `data` (ids, hashes; never personal) reaches the domain with `Settled`."""

    data: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """It did not happen, and may be tried again after the back-off, or after `seconds` when the other side said so.

    `data` reaches the domain with `Settled` when this was the last try. One that is not `counted` was no try at all: there was no
    place to perform it.
    """

    problem: str
    seconds: float | None = None
    counted: bool = True
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """It did not happen and trying again would not help. `data` reaches the domain with `Settled`."""

    problem: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """It may have happened; it is never tried again by itself."""

    problem: str


Ending = Done | Retry | Terminal | Doubt


class LeaseLost(Exception):  # noqa: N818  # it names what happened, and every effect author raises or meets it by this name
    """The item's lease ran out before the point of no return; the effect must stop at once."""


PointOfNoReturn = Callable[[], Awaitable[None]]
"""Await it right before the step that cannot be taken back (SMTP DATA); raises LeaseLost if another may own the item."""

Perform = Callable[[Item, PointOfNoReturn], Awaitable[Ending]]
"""An effect: performs one item. An exception it lets out counts as Retry, or as Doubt past the point of no return."""
