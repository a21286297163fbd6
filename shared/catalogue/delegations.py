"""What is wrong with who is away and who stands in: nobody known, an end before the start, a circle on some day. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta

from shared.schemas.people import Person

Fault = tuple[str, str, str]
"""(field below the person, in Chinese, in English)"""


def impossible(person: Person) -> list[Fault]:
    """Leaves that end before they begin, and fewer places than none."""
    found: list[Fault] = [
        (
            f"leave.{place}",
            f"休假的结束日期 {leave.last}（to）早于开始日期 {leave.first}（from）；请更正。",
            f"ends on {leave.last} (to), before it starts on {leave.first} (from); correct the dates.",
        )
        for place, leave in enumerate(person.leave)
        if leave.last < leave.first
    ]
    if person.seats < 0:
        found.append(
            ("seats", f"在办上限不能是 {person.seats}；请填写 0 或更大的数。", f"cannot be {person.seats}; give 0 or more.")
        )
    return found


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
        elif not by_id[one.delegate].active:
            found.append((f"{where}.delegate", *_gone(one.delegate)))
        if one.last < one.first:
            zh, en = "结束日期（last）早于开始日期（first）；请更正。", "ends (last) before it starts (first); correct the dates."
            found.append((where, zh, en))
    lasting = by_id.get(person.delegate or "")
    if lasting is not None and person.active and not lasting.active:
        found.append(("delegate", *_gone(lasting.id)))
    circle = next((day for day in days if _in_a_circle(person, by_id, day)), None)
    if circle is not None:
        zh = f"{circle} 的代理关系成环；请改由环外的人代理。"
        found.append(("delegations", zh, f"run in a circle on {circle}; name somebody outside it."))
    return found


def _gone(delegate: str) -> tuple[str, str]:
    zh = f"代理人 {delegate} 已离职（active: false）；请改由在职人员代理。"
    return zh, f"has left (active: false): {delegate}; name somebody who works here."


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
