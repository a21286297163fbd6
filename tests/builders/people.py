"""A small company: three units and the headquarters."""

from datetime import date
from functools import cache
from typing import Any

from shared.catalogue import Pack, load_pack
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Directory, Leave, Person

ASKER = "A1"


@cache
def the_pack() -> Pack:
    """The shipped policy."""
    return load_pack()


def a_person(identity: str, unit: str, *roles: str, **more: Any) -> Person:
    """Somebody with as many seats as the policy gives the roles."""
    seats = the_pack().seats
    most = max((seats.by_role.get(role, seats.default) for role in roles), default=seats.default)
    plain = {"name": f"某{identity}", "email": f"{identity.lower()}@firm.example", "seats": most, **more}
    return Person(id=identity, business_unit=unit, roles=roles, **plain)


def on_leave(first: str = "2027-02-20", last: str = "2027-03-20") -> tuple[Leave, ...]:
    """Away around NOW, unless other days are named."""
    return (Leave(first=date.fromisoformat(first), last=date.fromisoformat(last)),)


UNITS = (
    BusinessUnit(code="harbour", name=Text(zh="港湾事业部", en="Harbour Unit"), region="coast"),
    BusinessUnit(code="mountain", name=Text(zh="山岳事业部", en="Mountain Unit"), region="inland"),
    BusinessUnit(
        code="islands",
        name=Text(zh="群岛事业部", en="Islands Unit"),
        time_zone="Asia/Singapore",
        locale="en",
        region="islands",
    ),
    BusinessUnit(code="headquarters", name=Text(zh="公司总部", en="Headquarters")),
)
WRITER = {"analysis": 2, "writing": 3, "bidding": 1, "product": 2}


def _staff() -> tuple[Person, ...]:
    return (
        a_person(ASKER, "harbour", "account_manager", name="纪春生"),
        a_person("A2", "harbour", "sales_assistant", name="蒲小满"),
        a_person("A3", "islands", "account_manager", name="Ines Calder", time_zone="Asia/Singapore", locale="en"),
        a_person("A4", "headquarters", "corporate_marketing", name="庄敬之"),
        a_person("GONE", "harbour", "account_manager", name="卜离", active=False),
        a_person("PM1", "harbour", "presales_manager", name="阮定国"),
        a_person("PE1", "harbour", "presales_engineer", name="苗乐", skills=WRITER, industries=("ports",)),
        a_person("PE2", "harbour", "presales_engineer", name="仇望", skills={**WRITER, "writing": 1, "bidding": 3}),
        a_person("PE3", "harbour", "presales_engineer", name="咸若水", skills={"network": 3}),
        a_person("TM1", "harbour", "test_manager", name="车间明"),
        a_person("TE1", "harbour", "test_engineer", name="别样红"),
        a_person("MK1", "harbour", "bu_marketing", name="戚芳菲"),
        a_person("PR1", "harbour", "product_manager", name="乐正平", skills={"product": 3}),
        a_person("BL1", "harbour", "bu_leader", name="左丘明远"),
        a_person("MK2", "mountain", "bu_marketing", name="谷雨晴"),
        a_person("BL2", "mountain", "bu_leader", name="岳巍"),
        a_person("PM9", "headquarters", "presales_manager", name="总前"),
        a_person("PE9", "headquarters", "presales_engineer", name="总工", skills=WRITER, regions=("inland",)),
        a_person("TM9", "headquarters", "test_manager", name="总测"),
        a_person("PR9", "headquarters", "product_manager", name="总品", skills={"product": 2}),
        a_person("CL1", "headquarters", "company_leader", name="公孙长策"),
        a_person("AO1", "headquarters", "admin_office", name="管事宜"),
        a_person("FI1", "headquarters", "department_reviewer", name="钱清算", department="finance"),
        a_person("LE1", "headquarters", "department_reviewer", name="方正言", department="legal"),
        a_person("TC1", "headquarters", "department_reviewer", name="艺术精", department="technical"),
        a_person("DL1", "headquarters", "department_reviewer", name="付如期", department="delivery"),
    )


def a_directory(*others: Person | BusinessUnit) -> Directory:
    """Three units and headquarters, about twenty people; `others` are added or replace those of the same id."""
    return Directory().with_entries([*UNITS, *_staff(), *others])
