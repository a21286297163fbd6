"""The port between the ledger and a service's pure domain."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from shared.ledger.messages import Decision, Message
from shared.schemas.envelope import Event, Source
from shared.schemas.model import Frozen, Json

S = TypeVar("S", bound=Frozen)
C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)


class Domain(Protocol[S, C_contra]):
    """A service's brain. `decide`, `evolve` and `wake_at` are pure: no clock, no I/O, no randomness.

    `C` is the context: whatever decisions read from outside the request, the time included (`now`).
    """

    source: Source
    hears: frozenset[Source]
    state: type[S]
    schema: int

    def decide(self, state: S, message: Message, context: C_contra) -> Decision:
        """What to say and do about `message`. A `Heard` event is already part of `state`."""
        ...

    def evolve(self, state: S, event: Event) -> S:
        """The state after `event`, heard or own. Unknown types leave the state as it is."""
        ...

    def wake_at(self, state: S) -> datetime | None:
        """When this request wants to be woken, or None."""
        ...

    def upcast(self, document: dict[str, object], schema: int) -> dict[str, object]:
        """A stored state of an older `schema` as one of the present."""
        ...

    def comparable(self, state: S) -> S:
        """`state` without what it owes to an order that nobody gave: equal for the same facts, in whichever legal order they came.

        Events of two other sources that know nothing of each other may be heard in either order (docs/decisions/0015).
        """
        ...


def state_of(domain: "Domain[S, C_contra]", stored: Json | None, schema: int) -> S:
    """A stored state as the domain's own, lifted from an older schema where need be; the first state when there is none."""
    if stored is None:
        return domain.state()
    return domain.state.model_validate(stored if schema == domain.schema else domain.upcast(stored, schema))


class Surroundings(Protocol[C]):
    """The I/O around decisions: what they read before, and what must be secured or released around the write."""

    async def context(self, messages: Sequence[Message]) -> C:
        """Read once per batch whatever the decisions on `messages` need."""
        ...

    def together(self, context: C, states: Mapping[str, object], messages: Sequence[Message]) -> C:
        """The context once the batch's subjects, in these states, have agreed on what concerns them all. Pure."""
        ...

    def after(self, context: C, decisions: Sequence[Decision]) -> C:
        """The context for the next request of the batch, after `decisions` that reserve something. Pure."""
        ...

    async def reserve(self, wanted: Sequence[tuple[str, Decision]]) -> frozenset[str]:
        """Secure each (subject, decision)'s reservations; the subjects refused are decided again with a new context."""
        ...

    async def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Told after the write: (subject, new state, new own events). Must be safe to repeat and to miss."""
        ...


class EachByItself(Generic[C]):
    """What the Surroundings of a ledger have in common whose requests share nothing: nobody agrees, and nothing is reserved."""

    def together(self, context: C, _states: Mapping[str, object], _messages: Sequence[Message]) -> C:
        """Each is decided by itself."""
        return context

    def after(self, context: C, _decisions: Sequence[Decision]) -> C:
        """Nothing is reserved, so nothing changes."""
        return context

    async def reserve(self, _wanted: Sequence[tuple[str, Decision]]) -> frozenset[str]:
        """Nothing to reserve."""
        return frozenset()

    async def applied(self, _subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Nothing to do after a write."""
