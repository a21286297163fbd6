"""An invented company of any size: six units, every role of the policy in each, made from a seed. Pure."""

import random
from itertools import cycle, islice

from shared.schemas.model import Json

SENDING = ("east", "south", "north", "west", "overseas")
POOL = "headquarters"
SEATS = 100_000
"""So many that nobody is ever full: the comparison is about work, and a request that waits for a seat does none."""

IN_A_UNIT = (
    "account_manager",
    "presales_manager",
    "presales_engineer",
    "bu_marketing",
    "product_manager",
    "test_manager",
    "test_engineer",
    "bu_leader",
    "presales_engineer",
    "account_manager",
    "sales_manager",
    "presales_engineer",
    "account_manager",
    "sales_assistant",
    "presales_engineer",
    "test_engineer",
)
AT_HEADQUARTERS = (
    "department_reviewer:finance",
    "department_reviewer:legal",
    "department_reviewer:technical",
    "department_reviewer:delivery",
    "company_leader",
    "admin_office",
    "corporate_marketing",
    "presales_engineer",
    "product_manager",
    "test_engineer",
)
SKILLS = ("analysis", "writing", "bidding", "product")
INDUSTRIES = ("ports", "healthcare", "government", "manufacturing")
ON_LEAVE = 0.03


def company(people: int, seed: int = 1) -> Json:
    """A directory file of `people` (at least 50) in the five sending units and headquarters."""
    chance = random.Random(seed)
    share = people * 5 // 29 if people > len(AT_HEADQUARTERS) * 5 else (people - len(AT_HEADQUARTERS)) // len(SENDING)
    persons = [_person(chance, unit, role) for unit in SENDING for role in islice(cycle(IN_A_UNIT), share)]
    persons += [_person(chance, POOL, role) for role in islice(cycle(AT_HEADQUARTERS), people - len(persons))]
    for number, person in enumerate(persons):
        person |= {"id": f"P{number:05}", "email": f"p{number:05}@firm.example", "name": _name(chance)}
    names = {"zh": "单位", "en": "Unit"}
    units = [
        {"code": code, "name": {key: f"{name} {code}" for key, name in names.items()}, "region": code}
        for code in (*SENDING, POOL)
    ]
    return {"business_units": units, "people": persons}


def requesters(directory: Json) -> dict[str, list[str]]:
    """Per sending unit, who may ask."""
    return {
        unit: [p["id"] for p in directory["people"] if p["business_unit"] == unit and "account_manager" in p["roles"]]
        for unit in SENDING
    }


def _person(chance: random.Random, unit: str, role: str) -> Json:
    name, _, department = role.partition(":")
    person: Json = {
        "business_unit": unit,
        "roles": [name],
        "skills": {skill: chance.randint(1, 3) for skill in SKILLS},
        "industries": [chance.choice(INDUSTRIES)],
        "locale": chance.choice(("zh", "zh", "zh", "en")),
        "seats": SEATS,
    }
    if department:
        person["department"] = department
    if chance.random() < ON_LEAVE and name in {"presales_engineer", "test_engineer"}:
        person["leave"] = [{"from": "2027-02-20", "to": "2027-03-20"}]
    return person


def _name(chance: random.Random) -> str:
    return chance.choice("赵钱孙李周吴郑王冯陈") + "".join(chance.choice("安宁远达文博清和若水知行") for _ in range(2))
