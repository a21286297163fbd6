"""Every interleaving of two approvers, an amendment, a withdrawal and a transfer, through the real domain and a revision guard.

Each of the five loads the request, decides on what it loaded, and writes: the store takes the write only while the request is at the
revision that was loaded, else the process loads and decides again, as the ledger does. What people hold in their hands is the
version they read once, however often their command is tried. The negative controls take a guard away, and the search finds what
happens then.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest
from pydantic import BaseModel

from services.routing.domain import RoutingDomain, State
from shared.ledger.messages import Decision, Heard, Message, Told
from shared.schemas.envelope import Event, dataschema
from shared.schemas.intake import AmendmentRequested, WithdrawalRequested
from shared.schemas.registry import OWNER, TYPE_OF
from shared.schemas.requests import FieldChange
from shared.schemas.reviews import OpinionGiven, ReviewDecided
from shared.schemas.routing import AmendmentRefused, RequestAmended, RequestWithdrawn, WithdrawalRefused, WorkCompleted
from tests.unit.routing.reviews import SMALL, under_review
from tests.unit.routing.routing_build import ACCEPTED, NOW, POLICY, Journey

DOMAIN = RoutingDomain()
ACTORS = ("finance", "legal", "transfer", "amendment", "withdrawal")
INTAKE = ("amendment", "withdrawal")
"""Heard one after the other, in the order that intake says them; both orders are searched."""


@dataclass(frozen=True)
class Actor:
    """`read` is the version somebody has in hand; `loaded` the store's write that a process works on; `end` what it was answered."""

    read: int = 0
    loaded: int = -1
    end: str = ""


@dataclass(frozen=True)
class World:
    """The request as stored, the number of its last write, everything said, and where each actor is."""

    state: str
    write: int
    said: tuple[str, ...]
    actors: tuple[Actor, ...]
    past: tuple[str, ...] = ()


@cache
def start(rule: str) -> Journey:
    """Finance and legal are asked, and nobody else."""
    journey = under_review(SMALL)
    shipped = POLICY.reviews["business.price"]
    step = shipped.steps[0].model_copy(update={"rule": rule})
    chain = shipped.model_copy(update={"steps": (step,)})
    policy = POLICY.model_copy(update={"reviews": {"business.price": chain}})
    journey.state, journey.context = State(), replace(journey.context, policy=policy)
    journey.submitted()
    return journey


@cache
def stored(text: str) -> State:
    return State.model_validate_json(text)


def event(fact: BaseModel, sequence: int) -> Event:
    name = TYPE_OF[type(fact)]
    return Event.say(
        source=OWNER[name],
        type=name,
        subject="R1",
        sequence=sequence,
        time=NOW,
        data=fact.model_dump(mode="json"),
        dataschema=dataschema(name),
    )


def message(name: str, read: int, place: int, state: State) -> Message:
    """What an actor tells, or what intake said at its `place`."""
    if name == "amendment":
        assert state.request is not None
        lines = [{"item": "平台", "list_price": 10, "asked_price": 7, "quantity": 5}]
        request = state.request.model_copy(update={"details": {**state.request.details, "lines": lines}})
        change = (FieldChange(field="details.lines.0.asked_price"),)
        return Heard(event=event(AmendmentRequested(by="asker", request=request, changes=change, verdict=ACCEPTED), place))
    if name == "withdrawal":
        return Heard(event=event(WithdrawalRequested(by="asker", reason="客户取消"), place))
    if name == "transfer":
        return Told(id="t", subject="R1", name="transfer", data={"by": "finance", "person": "second", "reason": "出差"}, at=NOW)
    data = {"by": name, "opinion": "approve", "version": read}
    return Told(id=name, subject="R1", name="opine", data=data, at=NOW)


@cache
def decided(rule: str, text: str, name: str, read: int, place: int) -> tuple[str, Decision]:
    """The state after the message, and the decision on it."""
    state = stored(text)
    told = message(name, read, place, state)
    if isinstance(told, Heard):
        state = DOMAIN.evolve(state, told.event)
    decision = DOMAIN.decide(state, told, start(rule).context)
    for fact in decision.facts:
        state = DOMAIN.evolve(state, event(fact, 1))
    return state.model_dump_json(), decision


@dataclass
class Search:
    """`guarded`: writes name what they loaded. `versioned`: an opinion counts for the version that was read alone."""

    rule: str
    order: tuple[str, ...]
    guarded: bool = True
    versioned: bool = True

    def run(self) -> tuple[int, Counter[str], list[str]]:
        """How many states there are, how many ends by status, and what is wrong in any of them."""
        first = World(
            state=start(self.rule).state.model_dump_json(), write=0, said=(), actors=tuple(Actor() for _ in ACTORS), past=()
        )
        seen, todo, ends, faults = {first}, [first], Counter[str](), list[str]()
        while todo:
            world = todo.pop()
            after = [one for step in self.steps(world) if (one := step()) is not None]
            if not after:
                ends[stored(world.state).status] += 1
                faults += self.faults(world)
            for one in after:
                if one not in seen:
                    seen.add(one)
                    todo.append(one)
        return len(seen), ends, faults

    def steps(self, world: World) -> Iterator[Callable[[], World]]:
        for number, (name, actor) in enumerate(zip(ACTORS, world.actors, strict=True)):
            if actor.end or (name in INTAKE and not self.has_turn(name, world)):
                continue
            if not actor.read and name not in {*INTAKE, "transfer"}:
                yield lambda number=number, actor=actor: self.moved(
                    world, number, replace(actor, read=stored(world.state).version)
                )
            elif actor.loaded < 0:
                yield lambda number=number, actor=actor: self.moved(world, number, replace(actor, loaded=world.write))
            else:
                yield lambda number=number, name=name, actor=actor: self.written(world, number, name, actor)

    def has_turn(self, name: str, world: World) -> bool:
        before = self.order[: self.order.index(name)]
        return all(world.actors[ACTORS.index(one)].end for one in before)

    def moved(self, world: World, number: int, actor: Actor) -> World:
        actors = (*world.actors[:number], actor, *world.actors[number + 1 :])
        return replace(world, actors=actors)

    def written(self, world: World, number: int, name: str, actor: Actor) -> World:
        """The write of what was decided on the loaded state; whoever was overtaken loads again."""
        if self.guarded and actor.loaded != world.write:
            return self.moved(world, number, replace(actor, loaded=-1))
        history = (*world.past, world.state)
        loaded = history[actor.loaded]
        read = actor.read if self.versioned else stored(loaded).version
        text, decision = decided(self.rule, loaded, name, read, self.order.index(name) + 2 if name in INTAKE else 0)
        end = decision.refusal.code if decision.refusal else "done"
        after = self.moved(world, number, replace(actor, end=end))
        if decision.refusal is not None:
            return after
        said = (*world.said, *(mark(fact, actor) for fact in decision.facts))
        return replace(after, state=text, write=world.write + 1, said=said, past=history)

    def faults(self, world: World) -> list[str]:
        """What must never be: a lost or a double decision, an opinion that nobody has, or on words that its author did not read."""
        state, said = stored(world.state), world.said
        counts = {name: sum(one.startswith(name) for one in said) for name in MARKS}
        found = [f"{name} twice" for name in ("ReviewDecided", "WorkCompleted") if counts[name] > 1]
        found += ["decided and withdrawn"] * (counts["ReviewDecided"] > 0 and counts["RequestWithdrawn"] > 0)
        found += ["amendment not answered once"] * (counts["RequestAmended"] + counts["AmendmentRefused"] != 1)
        found += ["withdrawal not answered once"] * (counts["RequestWithdrawn"] + counts["WithdrawalRefused"] != 1)
        found += ["said but not so"] * (counts["RequestWithdrawn"] > 0 and state.status != "withdrawn")
        found += ["said but not so"] * (counts["ReviewDecided"] > 0 and state.status != "completed")
        review = state.review
        assert review is not None
        kept = len((*review.opinions, *review.past))
        found += ["opinion lost"] * (kept != counts["OpinionGiven"])
        found += ["opinion on words not read"] * any("unread" in one for one in said)
        return found


MARKS = {
    model.__name__: model
    for model in (
        OpinionGiven,
        ReviewDecided,
        WorkCompleted,
        RequestAmended,
        AmendmentRefused,
        RequestWithdrawn,
        WithdrawalRefused,
    )
}


def mark(fact: BaseModel, actor: Actor) -> str:
    unread = isinstance(fact, OpinionGiven) and fact.version != actor.read
    return f"{type(fact).__name__}{' unread' if unread else ''}"


ORDERS = (("amendment", "withdrawal"), ("withdrawal", "amendment"))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("rule", ["all", "any_of", "in_turn"])
def test_no_interleaving_loses_or_doubles_a_decision(rule: str, order: tuple[str, ...]):
    states, ends, faults = Search(rule, order).run()
    print(f"{rule}, {' before '.join(order)}: {states} states, ends {dict(ends)}")
    assert faults == []
    assert states > 1000
    assert {"completed", "withdrawn"} <= set(ends)


def test_without_the_revision_guard_the_search_finds_what_is_lost():
    _, _, faults = Search("all", ORDERS[0], guarded=False).run()
    assert {"opinion lost"} <= set(faults)
    assert {"said but not so", "decided and withdrawn"} & set(faults)


def test_without_the_version_in_hand_the_search_finds_an_opinion_on_other_words():
    _, _, faults = Search("all", ORDERS[0], versioned=False).run()
    assert set(faults) == {"opinion on words not read"}
