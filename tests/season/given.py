"""What a season brings: requests at their times, and the people there are. Generated, or of a folder of realistic data."""

import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml

from shared.catalogue import load_pack, read_directory
from shared.schemas.model import Json
from shared.schemas.people import Directory, Leave, Person
from shared.schemas.requests import Request
from tests.bench.company import company
from tests.bench.mix import requests

START = datetime.fromisoformat("2027-03-01T00:00:00+00:00")
WEEKS = timedelta(days=21)
PACK = load_pack()
Batch = list[tuple[str, Request]]
"""What comes at once: requests by their numbers."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """The people, and what comes when."""

    directory: Directory
    batches: list[tuple[datetime, Batch]]


def generated(count: int, people: int, seed: int, clump: int = 1) -> Given:
    """`count` requests over three weeks for `people`; they come one by one, or in clumps of up to `clump`. Seeded."""
    chance = random.Random(seed)
    directory = _directory(people, chance)
    return Given(directory=directory, batches=_clumps(_requests(count, directory, chance), clump, chance))


def of_folder(folder: Path, seed: int, clump: int = 1) -> Given:
    """What the folder's messages leave to be assigned, for its people: each accepted submission in its last accepted wording.

    Messages of HTTP and of the topic come at their own times; rows and mails, which have none, are spread evenly over as long.
    """
    units, persons, problems = read_directory(yaml.safe_load((folder / "directory.yaml").read_text(encoding="utf-8")), PACK)
    assert problems == [], problems
    found = _accepted(folder)
    return Given(directory=Directory().with_entries([*units, *persons]), batches=_clumps(found, clump, random.Random(seed)))


def _accepted(folder: Path) -> list[tuple[datetime, Request]]:
    bodies, times = _messages(folder)
    first: dict[tuple[str, ...], datetime] = {}
    last: dict[tuple[str, ...], Json] = {}
    for row in _lines(folder / "expected.jsonl"):
        place, key = (row["file"], row["line"]), (row["business_unit"], row["system"], row["reference"])
        if row["outcome"] == "withdrawn":
            last.pop(key, None)
        if row["outcome"] == "accepted" and place in bodies:
            first.setdefault(key, times[place])
            last[key] = bodies[place]
    return sorted(((first[key], Request.model_validate(body)) for key, body in last.items()), key=lambda one: one[0])


def _messages(folder: Path) -> tuple[dict[tuple[str, int], Json], dict[tuple[str, int], datetime]]:
    bodies: dict[tuple[str, int], Json] = {}
    times: dict[tuple[str, int], datetime] = {}
    shapes: dict[str, tuple[str, Callable[[Json], datetime]]] = {
        "requests/crm-east.jsonl": ("body", lambda line: datetime.fromisoformat(line["at"])),
        "requests/erp-north.jsonl": ("value", lambda line: datetime.fromtimestamp(line["timestamp"] / 1000, START.tzinfo)),
    }
    for file, (key, at) in shapes.items():
        for number, line in enumerate(_lines(folder / file), start=1):
            bodies[file, number], times[file, number] = line[key], at(line)
    begin, end = min(times.values()), max(times.values())
    rows = _lines(folder / "requests" / "canonical.jsonl")
    for place, row in enumerate(rows):
        bodies[row["file"], row["line"]] = row["request"]
        times[row["file"], row["line"]] = begin + (end - begin) * place / len(rows)
    return bodies, times


def _lines(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _directory(people: int, chance: random.Random) -> Directory:
    """The benchmark's company with the policy's caps; one in seven is away for some days."""
    units, persons, problems = read_directory(company(people), PACK)
    assert problems == [], problems
    return Directory().with_entries([*units, *(_capped(person, chance) for person in persons)])


def _capped(person: Person, chance: random.Random) -> Person:
    seats = max(PACK.seats.by_role.get(role, PACK.seats.default) for role in person.roles)
    first = date(2027, 3, 1) + timedelta(days=chance.randrange(21))
    leave = (Leave(first=first, last=first + timedelta(days=chance.randrange(1, 6))),) if chance.random() < 1 / 7 else ()
    return person.model_copy(update={"seats": seats, "leave": leave})


def _requests(count: int, directory: Directory, chance: random.Random) -> list[tuple[datetime, Request]]:
    """Each at its time, in bursts: half of all come within the first hour of a day."""
    senders: dict[str, list[str]] = defaultdict(list)
    for person in directory.holders("account_manager"):
        senders[person.business_unit].append(person.id)
    found = [(_moment(chance), Request.model_validate(filed.body)) for filed in requests(count, senders)]
    return sorted(found, key=lambda one: one[0])


def _clumps(found: list[tuple[datetime, Request]], most: int, chance: random.Random) -> list[tuple[datetime, Batch]]:
    """The requests in clumps of up to `most`, as when tenders fall due: all of one at the time of its last."""
    clumps: list[tuple[datetime, Batch]] = []
    first = 0
    while first < len(found):
        clump = found[first : first + chance.randint(1, most)]
        clumps.append((clump[-1][0], [(f"R{number}", one) for number, (_, one) in enumerate(clump, start=first)]))
        first += len(clump)
    return clumps


def _moment(chance: random.Random) -> datetime:
    day = START + timedelta(days=chance.randrange(WEEKS.days))
    return day + timedelta(seconds=chance.randrange(3600 if chance.random() < 0.5 else 36_000))
