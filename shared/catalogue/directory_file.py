"""Reads a directory file (people and units) and names every fault of it, so that all can be mended at once. Pure."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml
from pydantic import ValidationError

from shared.calendar.windows import WindowsError
from shared.catalogue.delegations import days_of_change, faults, impossible
from shared.catalogue.directory_hours import read_hours
from shared.catalogue.load import load_pack
from shared.catalogue.pack import Pack
from shared.catalogue.shapes import is_zone
from shared.catalogue.strict_yaml import parse_yaml
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Leave, Person, WeekHours
from shared.schemas.requests import Problem

Result = tuple[list[BusinessUnit], list[Person], list[Problem]]


def read_directory(content: object, pack: Pack | None = None) -> Result:
    """Units, people and problems from a directory file, parsed or as YAML text. A file with problems should not be imported."""
    pack = pack or load_pack()
    if isinstance(content, str):
        try:
            content = parse_yaml(content)
        except yaml.YAMLError as error:
            return [], [], [_problem("people", f"不是有效的 YAML：{error}。", f"is not valid YAML: {error}.")]
    if not isinstance(content, dict) or not isinstance(content.get("people"), list) or not content["people"]:
        return (
            [],
            [],
            [_problem("people", "目录中没有人员；请提供 people 列表。", "The directory names nobody; give a list `people`.")],
        )
    problems: list[Problem] = []
    units = [unit for place, raw in enumerate(_list(content, "business_units")) if (unit := _unit(raw, place, problems))]
    zones = {unit.code: unit.time_zone for unit in units}
    people = [person for place, raw in enumerate(content["people"]) if (person := _person(raw, place, pack, zones, problems))]
    if any(person.business_unit == pack.pool for person in people) and all(unit.code != pack.pool for unit in units):
        units.append(BusinessUnit(code=pack.pool, name=Text(zh="公司总部", en="Headquarters")))
    vocabulary = content.get("vocabulary")
    skills = {*pack.skills, *(_list(vocabulary, "skills") if isinstance(vocabulary, dict) else ())}
    problems += _across(units, people, pack)
    problems += [problem for person in people for problem in _skills(person, skills if pack.skills else None)]
    return units, people, problems


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    return value if isinstance(value, list) else []


def _unit(raw: object, place: int, problems: list[Problem]) -> BusinessUnit | None:
    hours = _hours(f"business_units.{place}", raw, problems)
    try:
        return BusinessUnit.model_validate({**raw, **hours} if isinstance(raw, dict) else raw)
    except ValidationError as error:
        problems.append(_invalid(f"business_units.{place}", error))
        return None


def _person(raw: Any, place: int, pack: Pack, zones: Mapping[str, str], problems: list[Problem]) -> Person | None:
    """Who names no time zone is in the unit's."""
    if not isinstance(raw, dict):
        problems.append(_problem(f"people.{place}", "应为一组字段。", "must be a record."))
        return None
    notifications = raw.get("notifications")
    channels = notifications.get("channels") if isinstance(notifications, dict) else None
    roles, hours = _list(raw, "roles"), _hours(f"people.{place}", raw, problems)
    seats = max((pack.seats.by_role.get(str(role), pack.seats.default) for role in roles), default=pack.seats.default)
    try:
        leave = [_leave(period) for period in raw.get("leave") or ()]
        unit = raw.get("business_unit")
        implied = {"seats": seats, **({"time_zone": zones[unit]} if isinstance(unit, str) and unit in zones else {})}
        return Person.model_validate({**implied, **raw, **hours, "leave": leave, **({"channels": channels} if channels else {})})
    except ValidationError as error:
        problems.append(_invalid(f"people.{place}", error))
    except (KeyError, TypeError, ValueError):
        problems.append(
            _problem(f"people.{place}.leave", "休假应含 from 和 to 日期。", "each leave needs the dates from and to.")
        )
    return None


def _hours(where: str, raw: object, problems: list[Problem]) -> dict[str, WeekHours | None]:
    """The entry's `working_hours` in their one form; a fault in them is a problem, and the entry is read without them."""
    given = raw.get("working_hours") if isinstance(raw, dict) else None
    try:
        return {"working_hours": read_hours(given)}
    except WindowsError as error:
        zh = f"工作时间有误（{error}）请按 {{days: [mon, fri], start: '09:00', end: '18:00'}} 填写，时段不可重叠。"
        problems.append(_problem(f"{where}.working_hours", zh, f"is wrong: {error}"))
        return {"working_hours": None}


def _leave(period: Mapping[str, Any]) -> Leave:
    first, last = (day if isinstance(day, date) else date.fromisoformat(day) for day in (period["from"], period["to"]))
    return Leave(first=first, last=last)


def _across(units: list[BusinessUnit], people: list[Person], pack: Pack) -> list[Problem]:
    problems: list[Problem] = []
    codes, ids = Counter(unit.code for unit in units), Counter(person.id for person in people)
    for unit in units:
        where = f"business_units.{unit.code}"
        if codes[unit.code] > 1:
            problems.append(_problem(f"{where}.code", "单位代码重复。", "the code is used twice."))
        problems += _time_zone(where, unit.time_zone)
    by_id = {person.id: person for person in people}
    days = days_of_change(by_id)
    for person in people:
        where = f"people.{person.id}"
        problems += _time_zone(where, person.time_zone)
        if ids[person.id] > 1:
            problems.append(_problem(f"{where}.id", "工号重复。", "the id is used twice."))
        if person.business_unit not in codes:
            problems.append(
                _problem(
                    f"{where}.business_unit",
                    f"没有经营单位 {person.business_unit}。",
                    f"there is no unit {person.business_unit}.",
                )
            )
        if unknown := [role for role in person.roles if role not in pack.roles]:
            problems.append(
                _problem(f"{where}.roles", f"未知岗位 {', '.join(unknown)}。", f"unknown roles {', '.join(unknown)}.")
            )
        if person.delegate is not None and person.delegate not in by_id:
            problems.append(
                _problem(f"{where}.delegate", f"没有代理人 {person.delegate}。", f"there is no delegate {person.delegate}.")
            )
        problems += [
            _problem(f"{where}.{field}", zh, en) for field, zh, en in (*impossible(person), *faults(person, by_id, days))
        ]
        if _in_a_cycle(person, by_id):
            problems.append(_problem(f"{where}.delegate", "代理关系成环；请改正。", "the delegation runs in a circle; break it."))
    return problems


def _skills(person: Person, known: set[str] | None) -> list[Problem]:
    where = f"people.{person.id}.skills"
    problems: list[Problem] = []
    if known is not None and (unknown := ", ".join(sorted(person.skills.keys() - known))):
        zh, en = (
            f"未知技能 {unknown}；可用 {'、'.join(sorted(known))}。",
            f"unknown skills {unknown}; use {', '.join(sorted(known))}.",
        )
        problems.append(_problem(where, zh, en))
    if wrong := ", ".join(sorted(skill for skill, level in person.skills.items() if level not in range(1, 4))):
        problems.append(_problem(where, f"技能 {wrong} 的级别应为 1 至 3。", f"the levels of {wrong} must be 1 to 3."))
    return problems


def _time_zone(where: str, name: str) -> list[Problem]:
    if is_zone(name):
        return []
    zh, en = f"没有时区 {name}；请用 Asia/Shanghai 这样的名称。", f"there is no zone {name}; use a name such as Asia/Shanghai."
    return [_problem(f"{where}.time_zone", zh, en)]


def _in_a_cycle(person: Person, by_id: Mapping[str, Person]) -> bool:
    seen: set[str] = set()
    current: Person | None = person
    while current is not None and current.delegate is not None and current.id not in seen:
        seen.add(current.id)
        current = by_id.get(current.delegate)
    return current is not None and current.id == person.id and bool(seen)


def _invalid(field: str, error: ValidationError) -> Problem:
    fault = error.errors()[0]
    where = ".".join(str(part) for part in (field, *fault["loc"]))
    return _problem(where, f"内容有误（{fault['type']}）。", f"is wrong: {fault['msg']}.")


def _problem(field: str, zh: str, en: str) -> Problem:
    return Problem(field=field, code="bad_directory", message=Text(zh=f"{field}：{zh}", en=f"{field} {en}"))
