"""What an assignment reads from outside its request: people, their open work, who knows the opportunity, the policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.catalogue import Pack
from shared.schemas.people import Directory
from shared.schemas.requests import PolicyPin


@dataclass(frozen=True, kw_only=True)
class OpenLoad:
    """One person's open work: how many requests, and their effort added up."""

    count: int = 0
    weight: float = 0.0


NO_LOAD = OpenLoad()


class PolicyMissingError(Exception):
    """The pack a request is pinned to is not installed here; the request waits, another version is never used instead."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything by value; `familiar` maps an opportunity to those who have worked on it."""

    now: datetime
    directory: Directory
    loads: Mapping[str, OpenLoad]
    familiar: Mapping[str, frozenset[str]]
    packs: Mapping[tuple[str, str], Pack]

    def pack(self, pin: PolicyPin) -> Pack:
        """The pinned pack; raises PolicyMissingError."""
        found = self.packs.get((pin.name, pin.version))
        if found is None or found.hash != pin.hash:
            raise PolicyMissingError(f"policy {pin.name} {pin.version} ({pin.hash}) is not installed")
        return found
