"""What the systems of a unit may do, and by which keys: said by intake, read by every process. No secret, only its HMAC.

Invariant: an entry holds all keys of one system, so that whoever has the newest entry has every revocation before it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args

from pydantic import Field

from shared.schemas.model import Frozen

UnitScope = Literal["requests:read", "requests:write", "attachments:write", "documents:read", "people:read", "callbacks:manage"]
Scope = Literal[UnitScope, "access:manage"]
FilesFor = Literal["any", "unit", "system"]
UNIT_SCOPES: frozenset[str] = frozenset(get_args(UnitScope))
SCOPES: frozenset[str] = UNIT_SCOPES | {"access:manage"}
"""All there are. None gives personal values: those are for our own services alone."""
ALIVE_AT_ONCE = 2
"""The key in use, and the one that replaces it."""


class AccessKey(Frozen):
    """One key. `mac` is the hex HMAC-SHA-256 of its id and secret under the pepper of the deployment.

    `files_for` says for whom it may file requests: any unit, its own unit, or its own unit and source system alone. `scopes` are
    texts: a reader that does not know one must still read the entry, or it would miss a revocation beside it.
    """

    id: str = Field(pattern="^[0-9a-f]{12}$")
    mac: str = Field(pattern="^[0-9a-f]{64}$")
    scopes: tuple[str, ...]
    files_for: FilesFor = "unit"
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    reason: str | None = None

    def alive(self, at: datetime) -> bool:
        """Whether it opens anything at `at`."""
        return self.revoked_at is None and at < self.expires_at


class SystemAccess(Frozen):
    """All keys of one system of a business unit, oldest first; of those that are over only the latest."""

    business_unit: str
    system: str
    keys: tuple[AccessKey, ...] = ()

    @property
    def subject(self) -> str:
        """Its name in the people ledger and on the people topic."""
        return subject_of(self.business_unit, self.system)


class HeldKey(Frozen):
    """A key and whose it is."""

    key: AccessKey
    business_unit: str
    system: str


class KeyRing(Frozen):
    """Every key of every system, at one moment; a key is found by its id."""

    systems: Mapping[str, SystemAccess] = Field(default_factory=dict)

    @cached_property
    def by_id(self) -> Mapping[str, HeldKey]:
        """Every key under its id. One that stands in two entries belongs to neither: no key is issued twice."""
        found: dict[str, HeldKey] = {}
        twice: set[str] = set()
        for access in self.systems.values():
            for key in access.keys:
                twice |= {key.id} & found.keys()
                found[key.id] = HeldKey(key=key, business_unit=access.business_unit, system=access.system)
        return {identity: held for identity, held in found.items() if identity not in twice}

    def with_entries(self, entries: Iterable[SystemAccess]) -> "KeyRing":
        """A new ring in which `entries` replace those of the same system."""
        return KeyRing(systems={**self.systems, **{entry.subject: entry for entry in entries}})


def subject_of(business_unit: str, system: str) -> str:
    """The name of a system's entry. A digest, since systems are called whatever their unit calls them."""
    named = json.dumps([business_unit, system], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return f"access:{hashlib.sha256(named).hexdigest()[:24]}"
