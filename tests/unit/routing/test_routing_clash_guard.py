"""What one customer of thousands of requests costs, and that a fault of one page keeps no other from its turn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from services.routing.clash_guard import AT_ONCE, ClashGuard
from services.routing.clash_keys import ClashKeys, Mark
from services.routing.clash_store import Pursuit
from services.routing.clash_tidings import MOST_TOLD
from services.routing.domain import State
from services.routing.domain.clashes import Clash
from shared.ledger.messages import Told
from shared.schemas.requests import Customer, Opportunity
from tests.unit.routing.routing_build import NOW, a_request
from tests.unit.routing.routing_fakes import FakeClock


class CountingKeys(ClashKeys):
    names = 0

    def name(self, digest: str, unit: str, other: str) -> str:
        self.names += 1
        return super().name(digest, unit, other)


class MemoryClaims:
    """As MongoClashes, in one dictionary: digest → (kind, request → unit)."""

    def __init__(self) -> None:
        self.documents: dict[str, Pursuit] = {}

    async def of(self, requests: Sequence[str], digests: Sequence[str] = ()) -> Sequence[Pursuit]:
        wanted = set(requests)
        return [one for one in self.documents.values() if one.digest in digests or wanted & one.claims.keys()]

    async def claim(self, wanted: Sequence[tuple[str, str, Mark]], at: datetime) -> None:
        for request, unit, mark in wanted:
            before = self.documents.get(mark.digest, Pursuit(digest=mark.digest, kind=mark.kind, claims={}))
            self._put(before, {**before.claims, request: unit})

    async def release(self, claims: Sequence[tuple[str, str]]) -> None:
        for request, digest in claims:
            before = self.documents[digest]
            self._put(before, {one: unit for one, unit in before.claims.items() if one != request})

    async def claimants(self, before: datetime, after: str) -> tuple[str, Sequence[str]] | None:
        digest = next((one for one in sorted(self.documents) if one > after), None)
        return (digest, list(self.documents[digest].claims)) if digest else None

    def _put(self, before: Pursuit, claims: Mapping[str, str]) -> None:
        self.documents[before.digest] = Pursuit(digest=before.digest, kind=before.kind, claims=claims)


class Requests:
    def __init__(self, states: dict[str, State]) -> None:
        self.by_id = states

    async def pursuing(self, after: str, limit: int) -> Sequence[tuple[str, State]]:
        some = sorted(one for one, state in self.by_id.items() if one > after and state.status == "new")
        return [(one, self.by_id[one]) for one in some[:limit]]

    async def states(self, requests: Sequence[str]) -> Mapping[str, State]:
        return {one: self.by_id[one] for one in requests if one in self.by_id}


class Site:
    def __init__(self, states: dict[str, State] | None = None) -> None:
        self.keys, self.claims, self.requests = CountingKeys(b"a pepper"), MemoryClaims(), Requests(states or {})
        self.guard = ClashGuard(keys=self.keys, store=self.claims, requests=self.requests, clock=FakeClock())
        self.guard.tell = self.tell
        self.told: list[Sequence[Told]] = []
        self.failing = 0

    async def tell(self, told: Sequence[Told]) -> None:
        if self.failing:
            self.failing -= 1
            raise OSError
        self.told.append(told)

    async def claimed_already(self) -> None:
        """Everybody's claims are there, as if nobody had been told."""
        wanted = [(one, state.request) for one, state in self.requests.by_id.items() if state.request]
        await self.claims.claim([(one, r.business_unit, mark) for one, r in wanted for mark in self.keys.marks(r)], NOW)

    def everything(self) -> list[Told]:
        return [one for some in self.told for one in some]


def pursuing(unit: str, customer: str = "示例水务", **more: object) -> State:
    request = a_request(unit=unit, opportunity=Opportunity(id="O", name="x", customer=Customer(name=customer)))
    return State(request=request).model_copy(update=more)


async def test_thousands_of_requests_for_one_customer_cost_one_name_and_twenty_messages_a_side():
    site = Site({f"{unit}{number:04}": pursuing(unit) for unit in ("east", "south") for number in range(2000)})
    await site.claimed_already()
    await site.guard.reconcile(timedelta(0))
    told = Counter(one.subject for one in site.everything())
    assert {one[:-4] for one in told} == {"east", "south"}
    assert set(told) == {f"{unit}{number:04}" for unit in ("east", "south") for number in range(MOST_TOLD)}
    pages = 4000 // AT_ONCE
    assert site.keys.names <= 2 * pages, "once a page for the pursuit before and after"


async def test_the_ledger_is_told_a_bounded_number_at_a_time():
    units = [f"u{number:03}" for number in range(30)]
    site = Site({f"{unit}-{number:02}": pursuing(unit) for unit in units for number in range(20)})
    await site.claimed_already()
    await site.guard.reconcile(timedelta(0))
    assert max(len(some) for some in site.told) == AT_ONCE
    assert {(one.subject, one.data["other_unit"]) for one in site.everything()} == {
        (subject, unit) for subject in site.requests.by_id for unit in units if not subject.startswith(unit)
    }


async def test_the_next_oldest_is_told_when_an_older_one_has_left():
    site = Site({f"E{number:02}": pursuing("east") for number in range(MOST_TOLD + 1)} | {"S": pursuing("south")})
    await site.guard.reconcile(timedelta(0))
    assert f"E{MOST_TOLD}" not in {one.subject for one in site.everything()}
    site.requests.by_id["E00"] = pursuing("east", status="withdrawn")
    await site.guard.reconcile(timedelta(0))
    site.told.clear()
    await site.guard.reconcile(timedelta(0))
    assert f"E{MOST_TOLD}" in {one.subject for one in site.everything()}


async def test_a_page_that_fails_keeps_no_other_from_its_turn():
    states = {f"E{number:03}": pursuing("east", f"客户{number}号") for number in range(AT_ONCE + 20)}
    site = Site(states | {f"S{number:03}": pursuing("south", f"客户{number}号") for number in range(AT_ONCE + 20)})
    await site.claimed_already()
    site.failing = 1
    await site.guard.reconcile(timedelta(0))
    told = {one.subject for one in site.everything()}
    assert {"E210", "S210", "S100"} <= told


@pytest.mark.parametrize(("by", "unit"), [("leader", "east"), ("south", "south")])
async def test_what_was_decided_is_told_with_the_side_that_decided(by: str, unit: str):
    site = Site({"E": pursuing("east"), "E2": pursuing("east"), "S": pursuing("south")})
    await site.claimed_already()
    (digest,) = site.claims.documents
    name = site.keys.name(digest, "east", "south")
    clash = Clash(clash=name, kind="customer", other_unit="south", call=(), found_at=NOW, resolution="merged", by=by)
    site.requests.by_id["E"] = pursuing("east", clashes=(clash,))
    await site.guard.reconcile(timedelta(0))
    settled = {one.subject: (one.data["by"], one.data["unit"]) for one in site.everything() if one.name == "clash_settled"}
    assert settled == dict.fromkeys(("E2", "S"), (by, unit))
