"""What is asked of Backline in one run: drawn from a seed, and the same for the same seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from shared.schemas.people import Directory
from shared.schemas.requests import request_id
from tests.builders import a_body, a_directory, a_person

KINDS = ("tools.company", "tools.product", "tools.solution", "tech.survey", "tech.test", "market.visit", "business.price")
UNIT = "harbour"
SYSTEM = "crm"
CROWD = 12
"""So many more of each role, lest a run measure how long people wait for one another."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One request a unit sends `at` seconds into the run, and what it asks for later."""

    reference: str
    kind: str
    at: float
    amends: bool
    withdraws: bool

    @property
    def request(self) -> str:
        """Its id."""
        return request_id(UNIT, SYSTEM, self.reference)

    def body(self) -> dict[str, Any]:
        """What is sent."""
        return a_body(self.kind, source={"system": SYSTEM, "reference": self.reference})


def wishes(name: str, seed: int, *, size: int, seconds: float, kinds: Sequence[str] = KINDS) -> Sequence[Wish]:
    """`size` requests of `kinds` within `seconds`; `name` keeps the runs of one stand apart."""
    chance = random.Random(f"{name}-{seed}")
    return [
        Wish(
            reference=f"{name}-{seed}-{number}",
            kind=chance.choice(kinds),
            at=chance.uniform(0, seconds),
            amends=(fate := chance.random()) < 0.12,
            withdraws=fate > 0.88,
        )
        for number in range(size)
    ]


def directory(crowd: int = CROWD) -> Directory:
    """The company, with a crowd in every role that works on requests."""
    skills = {"analysis": 2, "writing": 2, "bidding": 2, "product": 2, "network": 2}
    roles = (
        "presales_manager",
        "presales_engineer",
        "test_manager",
        "test_engineer",
        "bu_marketing",
        "product_manager",
        "bu_leader",
    )
    more = [
        a_person(f"{role}-{number}", UNIT, role, name=f"某{number}", skills=skills) for role in roles for number in range(crowd)
    ]
    return a_directory(*more)


def directory_file(people: Directory) -> bytes:
    """As intake imports it."""
    units = [unit.model_dump(mode="json") for unit in people.units.values()]
    persons = [person.model_dump(mode="json", exclude={"leave"}) for person in people.people.values()]
    return yaml.safe_dump({"business_units": units, "people": persons}, allow_unicode=True).encode()
