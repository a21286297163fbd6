"""A batch agrees once, before any of it is decided; a subject alone, one set aside and a second round have nothing to agree on."""

from collections.abc import Mapping, Sequence

import pytest

from shared.ledger.messages import Decision, Message, Reservation, Woken
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import Diary, Quiet, Setting, SmallDomain, history, told


class Agreeing(Quiet):
    """Notes who agreed; refuses the reservation of `late` once."""

    def __init__(self, late: str = "") -> None:
        super().__init__()
        self.agreed: list[tuple[str, ...]] = []
        self.late = late

    def together(self, context: Setting, states: Mapping[str, object], messages: Sequence[Message]) -> Setting:
        self.agreed.append(tuple(sorted(states)))
        return context

    async def reserve(self, wanted: Sequence[tuple[str, Decision]]) -> frozenset[str]:
        refused, self.late = self.late, ""
        return frozenset({refused} if refused else ())


class Reserving(SmallDomain):
    def decide(self, state: Diary, message: Message, context: Setting) -> Decision:
        decision = super().decide(state, message, context)
        return Decision(facts=decision.facts, reservations=(Reservation(holder="anna", capacity=9),))


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_several_subjects_agree_once_and_one_alone_never(rig: Rig) -> None:
    rig.surroundings = Agreeing()
    ledger = rig.process()
    await ledger.apply([told("c1")])
    assert rig.surroundings.agreed == []
    await ledger.apply([told("c2"), told("c3", "r2")])
    assert rig.surroundings.agreed == [("r1", "r2")]


async def test_who_is_refused_a_place_decides_again_without_an_agreement(rig: Rig) -> None:
    rig.surroundings = Agreeing(late="r2")
    ledger = rig.process(domain=Reserving())
    first, second = await ledger.apply([told("c1"), told("c2", "r2")])
    assert (first.problem, second.problem) == ("", "")
    assert rig.surroundings.agreed == [("r1", "r2")]


async def test_a_request_that_is_set_aside_has_no_say(rig: Rig) -> None:
    rig.failing.add("intake:1")
    await rig.hear(*history("r1", 1))
    assert (await rig.document()).parked
    rig.surroundings = Agreeing()
    await rig.process().apply([Woken(subject="r1"), told("c2", "r2"), told("c3", "r3")])
    assert rig.surroundings.agreed == [("r2", "r3")]
