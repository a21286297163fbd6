"""The keys of one system: at most two alive, revoked once, and whatever is over is forgotten in time, never what is alive."""

from datetime import timedelta
from typing import Any

from services.intake.domain import PeopleContext, PeopleDomain, PersonState
from shared.ledger.messages import NOTHING, Decision, Told
from shared.schemas.access import AccessKey
from tests.builders import NOW, events_of

DOMAIN = PeopleDomain()


class System:
    """The ledger of one system's keys, in memory."""

    def __init__(self) -> None:
        self.state = PersonState()
        self.now = NOW
        self._say = events_of("access:x")

    def tell(self, name: str, **data: Any) -> Decision:
        told = Told(id="c", subject="access:x", name=name, data=data, at=self.now)
        decision = DOMAIN.decide(self.state, told, PeopleContext(now=self.now))
        for fact in decision.facts:
            self.state = DOMAIN.evolve(self.state, self._say(fact))
        return decision

    def issue(self, number: int, days: int = 1) -> Decision:
        key = AccessKey(
            id=f"{number:012x}",
            mac="a" * 64,
            scopes=("requests:read",),
            issued_at=self.now,
            issued_by="service:ops",
            expires_at=self.now + timedelta(days=days),
        )
        return self.tell("issue_key", business_unit="east", system="crm", key=key.model_dump(mode="json"))

    def revoke(self, number: int) -> Decision:
        return self.tell("revoke_key", key=f"{number:012x}", by="service:ops", reason="over")

    @property
    def keys(self) -> tuple[AccessKey, ...]:
        return self.state.access.keys if self.state.access else ()


def test_a_third_key_is_refused_while_two_are_alive():
    system = System()
    assert all(system.issue(number).facts for number in (1, 2))
    refusal = system.issue(3).refusal
    assert refusal is not None
    assert refusal.code == "two_keys_alive"
    assert [int(key.id, 16) for key in system.keys] == [1, 2]


def test_an_expired_or_revoked_key_makes_room():
    system = System()
    system.issue(1)
    system.issue(2, days=9)
    system.now += timedelta(days=1)
    assert system.issue(3, days=9).facts
    assert system.issue(4).refusal
    assert system.revoke(3).facts
    assert system.issue(4).facts


def test_a_revocation_is_said_once_with_who_and_why():
    system = System()
    system.issue(1)
    (fact,) = system.revoke(1).facts
    (key,) = fact.access.keys  # type: ignore[attr-defined]
    assert (key.revoked_at, key.revoked_by, key.reason) == (NOW, "service:ops", "over")
    assert system.revoke(1) == NOTHING
    assert not key.alive(NOW)


def test_a_key_that_is_not_there_is_named_as_such():
    for system in (System(), System()):
        assert (refusal := system.revoke(7).refusal) is not None
        assert refusal.code == "no_such_key"
        system.issue(1)


def test_of_keys_that_are_over_only_the_latest_stay_and_those_alive_always():
    system = System()
    system.issue(1, days=700)
    for number in range(2, 40):
        assert system.issue(number).facts
        assert system.revoke(number).facts
    kept = [int(key.id, 16) for key in system.keys]
    assert kept[0] == 1
    assert kept[-1] == 39
    assert len(kept) == 12
