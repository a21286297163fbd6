"""Keys of units' systems as tokens: found by id, proved by secret and pepper, over when they expire or are revoked."""

import timeit
from datetime import timedelta
from typing import Any

import pytest

from shared.http.access import Access
from shared.http.access_keys import Minted, Peppers, holder
from shared.http.auth import Authenticator, Principal
from shared.http.problems import Refused
from shared.schemas.access import AccessKey, KeyRing, SystemAccess
from shared.schemas.people import Directory
from tests.builders import NOW
from tests.unit.http.test_auth import asked

PEPPERS = Peppers("a pepper of at least so many characters")


def a_key(minted: Minted, **values: Any) -> AccessKey:
    usual: dict[str, Any] = {"scopes": ("requests:read",), "issued_by": "service:ops", "expires_at": NOW + timedelta(days=1)}
    return AccessKey(id=minted.id, mac=minted.mac, issued_at=NOW, **{**usual, **values})


def a_ring(*keys: AccessKey, system: str = "crm") -> KeyRing:
    return KeyRing().with_entries([SystemAccess(business_unit="east", system=system, keys=keys)])


MINTED = PEPPERS.mint()
RING = a_ring(a_key(MINTED))


def authenticating(ring: KeyRing, environment: str = "production") -> Authenticator:
    access = Access(keys=lambda: ring, peppers=PEPPERS, now=lambda: NOW)
    return Authenticator(service_token="s" * 20, environment=environment, keys_file=None, directory=Directory, access=access)


def test_a_token_is_its_keys():
    held = holder(MINTED.token, RING, PEPPERS, NOW)
    assert held is not None
    assert (held.business_unit, held.system, held.key.id) == ("east", "crm", MINTED.id)


def test_what_is_kept_holds_nothing_of_the_secret():
    secret = MINTED.token.rsplit("_", 1)[1] if MINTED.token.count("_") == 2 else MINTED.token[16:]
    assert secret not in RING.model_dump_json()
    assert MINTED.token not in repr(MINTED)


FORGED = {
    "last letter": MINTED.token[:-1] + ("A" if MINTED.token[-1] != "A" else "B"),
    "shorter": MINTED.token[:-1],
    "longer": MINTED.token + "A",
    "another id": f"bl_{'0' * 12}_{MINTED.token[16:]}",
    "no secret": f"bl_{MINTED.id}_",
    "what is kept": f"bl_{MINTED.id}_{MINTED.mac}",
    "the HMAC": MINTED.mac,
    "capitals": MINTED.token.upper(),
    "nothing": "",
    "huge": "bl_" + "x" * 100_000,
}


@pytest.mark.parametrize("forged", FORGED)
def test_nothing_else_is(forged: str):
    assert holder(FORGED[forged], RING, PEPPERS, NOW) is None


def test_a_key_is_over_when_it_expires_and_when_it_is_revoked():
    assert holder(MINTED.token, RING, PEPPERS, NOW + timedelta(hours=23, minutes=59))
    assert holder(MINTED.token, RING, PEPPERS, NOW + timedelta(days=1)) is None
    assert holder(MINTED.token, a_ring(a_key(MINTED, revoked_at=NOW)), PEPPERS, NOW) is None


def test_another_pepper_proves_nothing_and_the_one_before_still_does():
    assert holder(MINTED.token, RING, Peppers("another pepper"), NOW) is None
    assert holder(MINTED.token, RING, Peppers(None), NOW) is None
    assert holder(MINTED.token, RING, Peppers("another pepper", "a pepper of at least so many characters"), NOW)


def test_an_id_that_two_systems_claim_is_neithers():
    ring = RING.with_entries([SystemAccess(business_unit="west", system="oa", keys=(a_key(MINTED),))])
    assert holder(MINTED.token, ring, PEPPERS, NOW) is None


async def test_who_asks_with_a_key_is_the_units_system_with_its_scopes():
    assert await authenticating(RING).principal(asked(MINTED.token)) == Principal(
        kind="unit",
        id="east/crm",
        business_unit="east",
        scopes=frozenset({"requests:read"}),
        files_for="unit",
        system="crm",
    )


async def test_a_scope_that_the_key_lacks_is_named():
    auth = authenticating(RING)
    assert (await auth.needs("requests:read")(asked(MINTED.token))).id == "east/crm"
    with pytest.raises(Refused) as refused:
        await auth.needs("requests:write")(asked(MINTED.token))
    assert (refused.value.refusal.status, refused.value.refusal.code) == (403, "scope_missing")
    assert refused.value.extra == {"needs": "requests:write"}
    assert "requests:write" in refused.value.refusal.message.en
    assert "requests:write" in refused.value.refusal.message.zh


async def test_a_key_opens_no_internal_address():
    with pytest.raises(Refused) as refused:
        await authenticating(RING).service(asked(MINTED.token))
    assert refused.value.refusal.status == 403


def test_finding_one_of_a_thousand_keys_costs_microseconds():
    ring = KeyRing().with_entries(
        SystemAccess(business_unit="east", system=f"s{n}", keys=(a_key(PEPPERS.mint()),)) for n in range(1000)
    )
    ring = ring.with_entries([SystemAccess(business_unit="east", system="crm", keys=(a_key(MINTED),))])
    assert holder(MINTED.token, ring, PEPPERS, NOW)
    rounds = 1000
    seconds = min(timeit.repeat(lambda: holder(MINTED.token, ring, PEPPERS, NOW), number=rounds, repeat=5)) / rounds
    assert seconds < 100e-6
