"""Whom a directory lacks: units in which requests of some type would wait without end, in both languages."""

from shared.catalogue import load_pack
from shared.catalogue.directory_gaps import LEADER, gaps
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Directory, Person

PACK = load_pack()
COORDINATORS = sorted({kind.coordinator for kind in PACK.types.values()})


def a_person(identity: str, unit: str, *roles: str, active: bool = True) -> Person:
    return Person(id=identity, name=identity, email=f"{identity}@x.example", business_unit=unit, roles=roles, active=active)


def lacking(*people: Person, units: tuple[str, ...] = ("east",)) -> list[Text]:
    known = [BusinessUnit(code=code, name=Text(zh=code, en=code)) for code in units]
    return list(gaps(Directory().with_entries([*known, *people]), PACK))


def test_a_unit_with_everybody_lacks_nobody():
    assert lacking(a_person("p", "east", LEADER, *COORDINATORS)) == []


def test_each_role_that_nobody_holds_is_named_with_the_types_that_would_wait():
    (said,) = lacking(a_person("p", "east", LEADER, *COORDINATORS[1:]))
    kinds = [kind for kind in PACK.types.values() if kind.coordinator == COORDINATORS[0]]
    assert all(kind.label.zh in said.zh and kind.label.en in said.en for kind in kinds)
    assert "east" in said.zh
    assert "nobody coordinates" in said.en


def test_the_shared_pool_serves_every_unit_and_who_has_left_none():
    assert lacking(a_person("l", "east", LEADER), a_person("p", PACK.pool, *COORDINATORS)) == []
    assert len(lacking(a_person("p", "east", LEADER, *COORDINATORS, active=False))) == len(COORDINATORS) + 1


def test_a_unit_that_nobody_leads_is_named():
    (said,) = lacking(a_person("p", "east", *COORDINATORS))
    assert "无人接收" in said.zh
    assert "escalates" in said.en
