"""What is wrong with who stands in for whom: nobody known, an end before the start, a circle on some day. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta

from shared.schemas.people import Person

Fault = tuple[str, str, str]
"""(field below the person, in Chinese, in English)"""


def faults(person: Person, by_id: Mapping[str, Person], days: tuple[date, ...]) -> list[Fault]:
    """All that is wrong with the person's delegations; `days` are those on which somebody's may change."""
    found: list[Fault] = []
    for place, one in enumerate(person.delegations):
        where = f"delegations.{place}"
        if one.delegate not in by_id:
            found.append(
                (
                    f"{where}.delegate",
                    f"没有代理人 {one.delegate}；请填写目录中的工号。",
                    f"there is no delegate {one.delegate}; name an id of the directory.",
                )
            )
        if one.last < one.first:
            zh, en = "结束日期（last）早于开始日期（first）；请更正。", "ends (last) before it starts (first); correct the dates."
            found.append((where, zh, en))
    circle = next((day for day in days if _in_a_circle(person, by_id, day)), None)
    if circle is not None:
        zh = f"{circle} 的代理关系成环；请改由环外的人代理。"
        found.append(("delegations", zh, f"run in a circle on {circle}; name somebody outside it."))
    return found


def days_of_change(by_id: Mapping[str, Person]) -> tuple[date, ...]:
    """The days on which a delegation begins, or has just ended: on all others everything is as the day before."""
    edges = {
        day
        for person in by_id.values()
        for one in person.delegations
        for day in (one.first, min(one.last, date.max - timedelta(days=1)) + timedelta(days=1))
    }
    return tuple(sorted(edges))


def _in_a_circle(person: Person, by_id: Mapping[str, Person], day: date) -> bool:
    seen: set[str] = set()
    current: Person | None = person
    while current is not None and current.id not in seen:
        seen.add(current.id)
        delegate = current.delegate_on(day)
        current = by_id.get(delegate) if delegate is not None else None
    return current is not None and current.id == person.id
