"""What each side of a clash is to be told, reckoned from who claims what. Computes and writes nothing.

Invariant: what one pursuit costs grows with its claims plus its units, never with claims times claims.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.routing.clash_keys import ClashKeys
from services.routing.clash_store import Pursuit
from services.routing.domain import State
from services.routing.domain.settling import FOUND, OVER, SETTLED
from shared.ledger.messages import Told
from shared.schemas.clashes import ClashResolved
from shared.schemas.routing import POLICY

OVER_STATUSES = frozenset({"confirmed", "withdrawn"})
"""What a request in one of these pursued is free."""
MOST_TOLD = 20
"""So many of a unit's requests are told of one clash, the oldest claims first."""
Batch = Mapping[str, tuple[State, list[ClashResolved]]]
"""The state of each request, and what was decided of its clashes."""


class Sides:
    """One pursuit by its units: which of their requests are told of it, and what the clash of two of them is called."""

    def __init__(self, pursuit: Pursuit, keys: ClashKeys) -> None:
        self.pursuit = pursuit
        self.told: dict[str, list[str]] = {}
        for request, unit in pursuit.claims.items():
            some = self.told.setdefault(unit, [])
            if len(some) < MOST_TOLD:
                some.append(request)
        self._keys = keys
        self._names: dict[tuple[str, str], str] = {}

    def name(self, unit: str, other: str) -> str:
        """What the clash of the two is called; reckoned once."""
        pair = (min(unit, other), max(unit, other))
        if pair not in self._names:
            self._names[pair] = self._keys.name(self.pursuit.digest, *pair)
        return self._names[pair]

    def others(self, unit: str) -> list[str]:
        """The other units."""
        return sorted(self.told.keys() - {unit})

    def among(self, batch: Batch) -> list[tuple[str, str]]:
        """(request, unit) of those of `batch` that claim it."""
        claims = self.pursuit.claims
        return [(subject, claims[subject]) for subject in sorted(batch.keys() & claims.keys())]

    def live(self, batch: Batch) -> set[tuple[str, str]]:
        """Which clashes of the requests of `batch` there are over this pursuit."""
        return {(subject, self.name(unit, other)) for subject, unit in self.among(batch) for other in self.others(unit)}


def known(batch: Batch) -> Mapping[str, frozenset[str]]:
    """Per request, the clashes it knows and that have not ended."""
    return {
        subject: frozenset(one.clash for one in state.clashes if one.resolution != "ended")
        for subject, (state, _) in batch.items()
    }


def found(batch: Batch, sides: Sides, knows: Mapping[str, frozenset[str]], at: datetime) -> list[Told]:
    """Whoever does not know it yet is told of each other unit; the first of a unit that claims it tells the others.

    Whoever claims later reads that claim, so that everybody else need tell nobody but itself.
    """
    told, kind = [], sides.pursuit.kind
    for subject, unit in sides.among(batch):
        if subject not in sides.told[unit]:
            continue
        for other in sides.others(unit):
            name = sides.name(unit, other)
            if name in knows[subject]:
                continue
            told.append(_message(at, FOUND, subject, clash=name, kind=kind, other_unit=other))
            if sides.told[unit][0] == subject:
                told += [_message(at, FOUND, one, clash=name, kind=kind, other_unit=unit) for one in sides.told[other]]
    return told


def decided(batch: Batch, sides: Sides, at: datetime) -> list[Told]:
    """What people of one side decided is told to the other, and to their own unit's other requests; not why."""
    told = []
    for subject, unit in sides.among(batch):
        for said in batch[subject][1]:
            if said.by == POLICY or sides.name(unit, said.other_unit) != said.clash:
                continue
            by_unit = said.other_unit if said.by == said.other_unit else unit
            data = {"clash": said.clash, "resolution": said.resolution, "by": said.by, "unit": by_unit}
            both = [*sides.told[unit], *sides.told.get(said.other_unit, ())]
            told += [_message(at, SETTLED, one, **data) for one in both if one != subject]
    return told


def left(batch: Batch, before: Sides, now: Mapping[str, str], at: datetime) -> list[Told]:
    """When the last of a unit has left a pursuit, of which `now` are the claims, the others are told that it is over."""
    gone = {unit for _, unit in before.among(batch)} - set(now.values())
    return [
        _message(at, OVER, one, clash=before.name(unit, other))
        for unit in sorted(gone)
        for other in before.others(unit)
        for one in before.told[other]
    ]


def over(batch: Batch, live: set[tuple[str, str]], at: datetime) -> list[Told]:
    """What is open and not among `live`, (request, clash) with somebody on the other side, is over."""
    return [
        _message(at, OVER, subject, clash=clash.clash)
        for subject, (state, _) in batch.items()
        for clash in state.clashes
        if clash.resolution is None and state.status not in OVER_STATUSES and (subject, clash.clash) not in live
    ]


def once(told: Sequence[Told]) -> list[Told]:
    """Each of `told` once, however many said it."""
    return list({(one.subject, one.name, one.data["clash"], one.data.get("resolution")): one for one in told}.values())


def _message(at: datetime, name: str, subject: str, **data: str) -> Told:
    """Its id says nothing: the fact names it as its cause."""
    return Told(id=uuid.uuid4().hex, subject=subject, name=name, data=data, at=at)
