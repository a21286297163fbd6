"""A state from facts alone: own and heard events, each evolved once, in the order in which they were applied. Pure.

Invariant: nothing is decided and nothing comes of it but the state: a `Fold` holds no way to do either.

Every own event names in `after` what had been heard when it was said, so the order of own and heard events among each other is
known exactly. What was heard of several sources between two own events may have come in any order that `after` allows; here the
event that caused the next own one comes last, and the earlier said goes first. What a state owes to that choice is left out of its
checksum (`Domain.comparable`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, Self

import orjson
import structlog

from shared.ledger.document import Document
from shared.ledger.domain import C, Domain, S, state_of
from shared.ledger.order import SHORT
from shared.schemas.envelope import Event, Source
from shared.schemas.model import Json
from shared.schemas.registry import MODELS

log = structlog.get_logger()
PRIVATE = "private"
"""The field of a state that decisions write and no event says (docs/decisions/0003). It is `Unsaid`."""


class Unsaid(Protocol):
    """What every private part can do."""

    def doubted(self) -> Self:
        """What still holds of it when decisions may have changed it since, and nobody knows how (docs/decisions/0016)."""
        ...


class UnfoldableError(Exception):
    """The facts that are to be had do not make the state; the message says why, without quoting any of them."""


@dataclass(frozen=True, kw_only=True)
class Fold(Generic[S]):
    """What of a domain makes a state out of facts."""

    source: Source
    hears: frozenset[Source]
    state: type[S]
    schema: int
    evolve: Callable[[S, Event], S]
    comparable: Callable[[S], S]
    read: Callable[[Json | None, int], S]

    @classmethod
    def of(cls, domain: Domain[S, C]) -> Self:
        """The part of `domain` that evolves; what decides is left behind."""
        return cls(
            source=domain.source,
            hears=domain.hears,
            state=domain.state,
            schema=domain.schema,
            evolve=domain.evolve,
            comparable=domain.comparable,
            read=lambda stored, schema: state_of(domain, stored, schema),
        )


def folded(fold: Fold[S], document: Document, own: Sequence[Event], heard: Mapping[str, Sequence[Event]]) -> S:
    """The state that `document` should hold: everything it has said and heard, evolved; its private part as it stands.

    `own` and `heard` may go further than the document does. Raises UnfoldableError.
    """
    said = _history(fold.source, own, document.head, [f"{document.head}:{(document.head_id or '')[:SHORT]}"])
    parts: dict[str, Sequence[Event]] = {
        source: _history(source, heard.get(source, ()), document.heard.get(source, 0), document.heard_ids.get(source, ()))
        for source in sorted(fold.hears)
    }
    state = fold.state()
    for event in in_order(fold.source, said, parts):
        if event.type in MODELS:  # the others were heard and kept aside
            state = _evolved(fold, state, event)
    return _with_private(fold, state, document)


def checksum(fold: Fold[S], state: S) -> str:
    """Of the canonical JSON of what `state` says; the same for the same facts, in whichever legal order they were applied."""
    said = orjson.dumps(plain(fold, state), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()


def differing(fold: Fold[S], one: S, other: S) -> list[str]:
    """The names of the fields in which two states differ, as their checksums see them."""
    left, right = plain(fold, one), plain(fold, other)
    return [name for name in left if left[name] != right.get(name)]


def plain(fold: Fold[S], state: S) -> Json:
    """What is compared of `state`, as JSON: everything but its private part."""
    return fold.comparable(state).model_dump(mode="json", exclude={PRIVATE})


def in_order(source: Source, own: Sequence[Event], heard: Mapping[str, Sequence[Event]]) -> Iterator[Event]:
    """Own and heard events in the order in which they were applied, as far as it can be known. Raises UnfoldableError."""
    ordering = _Ordering(source, heard)
    for event in own:
        yield from ordering.until(event.after, cause=event.causationid)
        ordering.done[source] = event.sequence
        yield event
    yield from ordering.until({other: len(events) for other, events in heard.items()}, cause=None)


class _Ordering:
    """How far the heard events have been gone through; `done` counts by source, the own events among them."""

    def __init__(self, source: Source, heard: Mapping[str, Sequence[Event]]) -> None:
        self._heard = heard
        self.done: Counter[str] = Counter()
        self._known = {source, *heard}

    def until(self, goal: Mapping[str, int], cause: str | None) -> Iterator[Event]:
        """What was heard until `goal`, each in its causal turn; of those that have it the earlier said first, and `cause` last."""
        goal = {source: goal.get(source, 0) for source in self._heard}
        for source, number in goal.items():
            if not self.done[source] <= number <= len(self._heard[source]):
                raise UnfoldableError(f"what was said names number {number} of {source} as heard, out of turn")
        while rest := [self._heard[source][self.done[source]] for source, number in goal.items() if self.done[source] < number]:
            ready = [event for event in rest if self._has_its_turn(event)]
            if not ready:
                raise UnfoldableError(f"{rest[0].source} number {rest[0].sequence} waits for what was not heard before it")
            event = min(ready, key=lambda one: (one.id == cause, one.time, one.source))
            self.done[event.source] += 1
            yield event

    def _has_its_turn(self, event: Event) -> bool:
        return all(self.done[source] >= number for source, number in event.after.items() if source in self._known)


def _history(source: str, events: Iterable[Event], last: int, known: Iterable[str]) -> list[Event]:
    """The events of `source` up to number `last`, which are whole, as they were said, and the ones that are `known` by their ids."""
    found = [event for event in events if event.sequence <= last]
    if [event.sequence for event in found] != list(range(1, last + 1)):
        raise UnfoldableError(f"of {source} there are {len(found)} events and should be {last}")
    previous: str | None = None
    for event in found:
        if event.previous != previous or event.id != event.digest():
            raise UnfoldableError(f"{source} number {event.sequence} does not follow the number before it, or was changed")
        previous = event.id
    for entry in known:
        number, _, short = entry.partition(":")
        if 0 < int(number) <= last and found[int(number) - 1].id[:SHORT] != short:
            raise UnfoldableError(f"{source} says number {number} otherwise than it was heard")
    return found


def _evolved(fold: Fold[S], state: S, event: Event) -> S:
    try:
        return fold.evolve(state, event)
    except Exception as error:  # whatever a domain raises on a fact, it concerns this request alone
        raise UnfoldableError(f"{event.source} number {event.sequence} cannot be evolved: {type(error).__name__}") from error


def _with_private(fold: Fold[S], state: S, document: Document) -> S:
    """`state` with the private part that the document holds: no event says it, so what stands is all there is."""
    if PRIVATE not in fold.state.model_fields:
        return state
    if document.state is None and (document.head or document.heard):
        raise UnfoldableError("its private part is lost, and in no event")
    private: Any
    try:
        private = getattr(fold.read(document.state, document.schema), PRIVATE)
    except Exception:  # noqa: BLE001  # what cannot be read as a whole may still hold the part that is needed
        private = _private_alone(fold, document.state)
    return state.model_copy(update={PRIVATE: private})


def with_private_doubted(fold: Fold[S], document: Document) -> Document:
    """`document` with no more of its private part than holds after decisions that it does not know.

    A state that cannot be read stays: nobody reads its private part either.
    """
    if PRIVATE not in fold.state.model_fields or document.state is None:
        return document
    try:
        state = fold.read(document.state, document.schema)
    except Exception:  # whatever a domain raises on a state, it concerns this request alone
        log.exception("ledger.state_unreadable", request=document.subject)
        return document
    private: Unsaid = getattr(state, PRIVATE)
    made = state.model_copy(update={PRIVATE: private.doubted()})
    return replace(document, state=made.model_dump(mode="json"), schema=fold.schema)


def _private_alone(fold: Fold[S], stored: Json | None) -> Any:
    """The private part of a state that cannot be read otherwise."""
    try:
        return getattr(fold.state.model_validate({PRIVATE: (stored or {})[PRIVATE]}), PRIVATE)
    except Exception as error:
        raise UnfoldableError("its private part cannot be read, and is in no event") from error
