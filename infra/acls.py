"""Who may read and write what on Kafka, made from the declaration of the topics: for each service, and for each unit's own system.

A service writes its own topics alone, and reads what it hears and, for a restore, what it said. A unit writes its requests and reads
its verdicts. Nobody else is named, so that with the authorizer on nobody else may do anything.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from shared.schemas.envelope import SOURCES, Source
from shared.schemas.topics import (
    DEAD_LETTER,
    GROUPS,
    HEARS,
    INBOUND,
    INBOUND_GROUP,
    PEOPLE,
    REQUEST_TOPICS,
    SEASON_NOTIFICATIONS,
    SEASONS,
    SEASONS_GROUP,
    VERDICTS,
    inbound_of,
    verdicts_of,
)

Operation = Literal["Read", "Write", "Describe"]
Resource = Literal["topic", "group"]


@dataclass(frozen=True, order=True)
class Acl:
    """`principal` may do `operation` with the resource of that name, or with all whose names begin so."""

    principal: str
    resource: Resource
    name: str
    operation: Operation
    prefixed: bool = False


def principal_of(unit: str) -> str:
    """Who a unit's own system is to Kafka."""
    return f"unit-{unit}"


def acls(units: Sequence[str] = (), *, shared: bool = False) -> list[Acl]:
    """Everything that is allowed, in order; `shared` adds the inbound topic on which nobody shows who they are, for all of `units`."""
    found = {acl for source in SOURCES for acl in _of_service(source, units, shared=shared)}
    found |= {acl for unit in units for acl in _of_unit(unit, shared=shared)}
    return sorted(found)


def _of_service(source: Source, units: Sequence[str], *, shared: bool) -> Iterable[Acl]:
    written = [REQUEST_TOPICS[source], DEAD_LETTER[source]]
    read = [REQUEST_TOPICS[source], PEOPLE, *(REQUEST_TOPICS[heard] for heard in HEARS[source])]
    groups = GROUPS[source]
    if source == "intake":
        written += [PEOPLE, *(verdicts_of(unit) for unit in units), *([VERDICTS] if shared else [])]
        read += [*(inbound_of(unit) for unit in units), *([INBOUND] if shared else [])]
        groups = (*groups, INBOUND_GROUP)
    if source == "routing":
        written, read = [*written, SEASONS], [*read, SEASONS]
    if source == "notify":
        written, read = [*written, SEASON_NOTIFICATIONS], [*read, SEASONS, SEASON_NOTIFICATIONS]
        groups = (*groups, SEASONS_GROUP)
    return _allowed(source, [topic.name for topic in written], [topic.name for topic in read], groups)


def _of_unit(unit: str, *, shared: bool) -> Iterable[Acl]:
    written, read = [inbound_of(unit).name], [verdicts_of(unit).name]
    principal = principal_of(unit)
    yield from _allowed(principal, written + ([INBOUND.name] if shared else []), read + ([VERDICTS.name] if shared else []), ())
    yield Acl(principal, "group", f"{principal}.", "Read", prefixed=True)


def _allowed(principal: str, written: Sequence[str], read: Sequence[str], groups: Sequence[str]) -> Iterable[Acl]:
    for name in dict.fromkeys([*written, *read]):
        yield Acl(principal, "topic", name, "Describe")
    for name in written:
        yield Acl(principal, "topic", name, "Write")
    for name in read:
        yield Acl(principal, "topic", name, "Read")
    for name in groups:
        yield Acl(principal, "group", name, "Read")


def commands(given: Iterable[Acl], bootstrap: str, config: str) -> list[str]:
    """The kafka-acls commands that add `given`; one for each principal, resource and set of operations."""
    operations: dict[tuple[str, Resource, bool, str], list[str]] = {}
    for acl in given:
        operations.setdefault((acl.principal, acl.resource, acl.prefixed, acl.name), []).append(acl.operation)

    def alike(entry: tuple[tuple[str, Resource, bool, str], list[str]]) -> tuple[str, str, bool, tuple[str, ...]]:
        (principal, resource, prefixed, _), allowed = entry
        return principal, resource, prefixed, tuple(sorted(allowed))

    lines: list[str] = []
    for (principal, resource, prefixed, allowed), entries in groupby(sorted(operations.items(), key=alike), key=alike):
        line = ["kafka-acls.sh", "--bootstrap-server", bootstrap, "--command-config", config, "--add"]
        line += ["--allow-principal", f"User:{principal}"]
        line += [word for operation in allowed for word in ("--operation", operation)]
        line += ["--resource-pattern-type", "prefixed"] if prefixed else []
        line += [word for (_, _, _, name), _ in entries for word in (f"--{resource}", name)]
        lines.append(shlex.join(line))
    return lines
