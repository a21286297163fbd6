"""Brings each field's value into its one shape, or says in both languages what is wrong with it and what to do."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.catalogue.pack import Field
from shared.catalogue.storable import storable
from shared.schemas.model import Json, Text
from shared.schemas.requests import Problem

MAX_TEXT = 20_000
MAX_INTEGER = 2**53 - 1
"""Beyond it a number could become another one unsaid."""
MAX_ITEMS = 2_000
CENTS = 2
"""Decimal places of an amount."""
NOISE = 8
"""By so many of its last binary digits a number that a program has added up may lie beside the amount that is meant."""
UNANNOUNCED = frozenset({"未公布", "not published", "not announced"})
END_OF_DAY = time(23, 59, 59)
"""What a date alone means where something ends or is due: the whole day is given."""
NO_ZONE = timezone(timedelta())
EARLIEST = 2000
LATEST = 2100
"""The years, both included, in which work can lie: others are slips of the pen, and cannot be reckoned with everywhere."""


@dataclass
class Shaping:
    """Collects problems while values are shaped. `now` and `zone` are the sender's; a time without offset is read in `zone`."""

    now: datetime
    zone: tzinfo
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, code: str, zh: str, en: str) -> None:
        """Record a problem at `path`."""
        self.problems.append(Problem(field=path, code=code, message=Text(zh=zh, en=en)))

    def shape(self, value: object, spec: Field, path: str) -> object:
        """`value` in the shape of `spec`; as it was, with a problem recorded, when it cannot be."""
        if empty(value):
            return value
        return SHAPES[spec.type](self, value, spec, path)

    def details(
        self, given: Mapping[str, object], specs: Mapping[str, Field], path: str, optional: frozenset[str] = frozenset()
    ) -> Json:
        """All fields of a record. Missing required ones are problems; fields the pack does not know are kept as they are."""
        shaped: Json = {}
        for key, spec in specs.items():
            here = f"{path}.{key}"
            if key in given and not empty(given[key]):
                shaped[key] = self.shape(given[key], spec, here)
            elif spec.required and key not in optional:
                self.wrong(here, "missing", f"缺少“{spec.zh}”，请补充。", f"“{spec.en}” is missing; add it.")
        return shaped | {key: value for key, value in given.items() if key not in specs}


def empty(value: object) -> bool:
    """Whether nothing is given: null, blank text, an empty list or record."""
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def moment(value: object, zone: tzinfo, *, of_day: time = time.min) -> datetime | None:
    """An ISO 8601 date and time, read in `zone` when it has no offset; a date alone is `of_day`. None when it is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    given = value.strip()
    try:
        return datetime.combine(date.fromisoformat(given), of_day, zone)
    except ValueError:
        pass  # it says more than a date
    try:
        parsed = datetime.fromisoformat(given)
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
    except ValueError:
        return None


def likely(at: datetime) -> bool:
    """Whether `at` lies in the years in which work can lie, on its own wall clock."""
    return EARLIEST <= at.year <= LATEST


def zone_named(name: object, fallback: tzinfo) -> tzinfo:
    """The time zone called `name`, or `fallback` when there is none of that name."""
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else fallback
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return fallback


def is_zone(name: object) -> bool:
    """Whether `name` is a time zone's name, such as Asia/Shanghai."""
    return isinstance(name, str) and zone_named(name, NO_ZONE) is not NO_ZONE


def _text(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER:
        value = str(value)
    if not isinstance(value, str):
        shaping.wrong(path, "not_text", f"“{spec.zh}”应为文字。", f"“{spec.en}” must be a text.")
        return value
    if len(value) > MAX_TEXT:
        shaping.wrong(
            path,
            "too_long",
            f"“{spec.zh}”超过 {MAX_TEXT} 字；请缩短，或改为附件。",
            f"“{spec.en}” is longer than {MAX_TEXT} characters; shorten it, or attach it.",
        )
    elif not storable(value):
        shaping.wrong(
            path,
            "unstorable",
            f"“{spec.zh}”含有无法保存的字符；请删除。",
            f"“{spec.en}” holds characters that cannot be stored; remove them.",
        )
    return value


def _texts(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        shaping.wrong(path, "not_a_list", f"“{spec.zh}”应为文字列表。", f"“{spec.en}” must be a list of texts.")
        return value
    return [_text(shaping, item, spec, f"{path}.{place}") for place, item in enumerate(value)]


def _integer(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    number = _as_number(value)
    if number is None or number != int(number) or abs(number) > MAX_INTEGER:
        shaping.wrong(path, "not_an_integer", f"“{spec.zh}”应为整数。", f"“{spec.en}” must be a whole number.")
        return value
    return _at_least(shaping, int(number), spec, path)


def _number(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    number = _as_number(value)
    if number is None or abs(number) > MAX_INTEGER:
        shaping.wrong(path, "not_a_number", f"“{spec.zh}”应为数字。", f"“{spec.en}” must be a number.")
        return value
    return _at_least(shaping, number, spec, path)


def _money(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    number = _as_number(value)
    if number is None or number < 0 or abs(number) > MAX_INTEGER:
        shaping.wrong(
            path, "not_an_amount", f"“{spec.zh}”应为不小于 0 的金额（元）。", f"“{spec.en}” must be an amount of at least 0."
        )
        return value
    cents = round(number, CENTS)
    if abs(number - cents) > NOISE * math.ulp(number):
        shaping.wrong(
            path,
            "too_many_places",
            f"“{spec.zh}”最多两位小数（精确到分）；请四舍五入到分后重报。",
            f"“{spec.en}” has more than two decimal places; round it to the cent and send it again.",
        )
        return value
    return cents


def _as_number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value.strip().replace(",", ""))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _at_least(shaping: Shaping, number: float, spec: Field, path: str) -> float:
    if spec.minimum is not None and number < spec.minimum:
        shaping.wrong(path, "too_small", f"“{spec.zh}”至少为 {spec.minimum}。", f"“{spec.en}” must be at least {spec.minimum}.")
    return number


def _time(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    parsed = moment(value, shaping.zone, of_day=END_OF_DAY if spec.deadline else time.min)
    if parsed is None:
        zh, en = (
            f"“{spec.zh}”应为日期时间，例如 2027-03-05T14:00:00+08:00。",
            f"“{spec.en}” must be a time such as 2027-03-05T14:00:00+08:00.",
        )
        shaping.wrong(path, "not_a_time", zh, en)
        return value
    if spec.deadline and parsed < shaping.now:
        shaping.wrong(
            path, "in_the_past", f"“{spec.zh}”已经过去，请改为将来的时间。", f"“{spec.en}” lies in the past; give a later time."
        )
    elif not likely(parsed):
        _unlikely(shaping, spec, path)
    return parsed.isoformat()


def _window(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    """{start, end, place, time_zone}; a start or end without offset is read in the window's own zone, an end of a date alone
    is the end of that day.
    """
    if not isinstance(value, dict):
        shaping.wrong(
            path, "not_a_window", f"“{spec.zh}”应含 start、end、place。", f"“{spec.en}” must hold start, end and place."
        )
        return value
    named = value.get("time_zone")
    if not empty(named) and not is_zone(named):
        zh, en = f"“{spec.zh}”的时区应如 Asia/Shanghai。", f"The time zone of “{spec.en}” must be a name such as Asia/Shanghai."
        shaping.wrong(f"{path}.time_zone", "not_a_time_zone", zh, en)
    zone = zone_named(named, shaping.zone)
    start, end = moment(value.get("start"), zone), moment(value.get("end"), zone, of_day=END_OF_DAY)
    place = value.get("place")
    if start is None or end is None or not isinstance(place, str) or not place.strip() or not storable(place):
        zh, en = f"“{spec.zh}”的开始时间、结束时间或地点缺失或有误。", f"“{spec.en}” lacks a valid start, end or place."
        shaping.wrong(path, "not_a_window", zh, en)
        return value
    if end <= start:
        shaping.wrong(
            path, "ends_before_start", f"“{spec.zh}”的结束时间应晚于开始时间。", f"“{spec.en}” must end after it starts."
        )
    elif start < shaping.now and not spec.record:
        shaping.wrong(
            path, "in_the_past", f"“{spec.zh}”已经过去，请改期。", f"“{spec.en}” lies in the past; choose another time."
        )
    elif not (likely(start) and likely(end)):
        _unlikely(shaping, spec, path)
    return {**value, "start": start.isoformat(), "end": end.isoformat(), "place": place}


def _unlikely(shaping: Shaping, spec: Field, path: str) -> None:
    shaping.wrong(
        path,
        "unlikely_time",
        f"“{spec.zh}”应在 {EARLIEST} 年至 {LATEST} 年之间；请核对年份。",
        f"“{spec.en}” must lie in the years {EARLIEST} to {LATEST}; check the year.",
    )


def _choice(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    key = spec.key_of.get("".join(value.casefold().split())) if isinstance(value, str) else None
    if key is None:
        zh, en = ("、".join(choice.zh for choice in spec.choices.values()), ", ".join(spec.choices))
        shaping.wrong(path, "not_a_choice", f"“{spec.zh}”应为其中之一：{zh}。", f"“{spec.en}” must be one of {en}.")
        return value
    return key


def _choices(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    if isinstance(value, str):
        return _choice(shaping, value, spec, path) if spec.single else [_choice(shaping, value, spec, path)]
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        shaping.wrong(path, "not_a_list", f"“{spec.zh}”应为列表。", f"“{spec.en}” must be a list.")
        return value
    return [_choice(shaping, item, spec, f"{path}.{place}") for place, item in enumerate(value)]


def _record(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    if not isinstance(value, dict):
        shaping.wrong(path, "not_a_record", f"“{spec.zh}”应为一组字段。", f"“{spec.en}” must be a record of fields.")
        return value
    return shaping.details(value, spec.fields, path)


def _lines(shaping: Shaping, value: object, spec: Field, path: str) -> object:
    if not isinstance(value, list) or len(value) > MAX_ITEMS or not all(isinstance(line, dict) for line in value):
        columns = ", ".join(spec.fields)
        shaping.wrong(path, "not_lines", f"“{spec.zh}”应为明细行的列表。", f"“{spec.en}” must be a list of lines with {columns}.")
        return value
    return [shaping.details(line, spec.fields, f"{path}.{place}") for place, line in enumerate(value)]


SHAPES: dict[str, Callable[[Shaping, object, Field, str], object]] = {
    "text": _text,
    "texts": _texts,
    "integer": _integer,
    "number": _number,
    "money": _money,
    "time": _time,
    "window": _window,
    "choice": _choice,
    "choices": _choices,
    "file": _text,
    "record": _record,
    "lines": _lines,
}
