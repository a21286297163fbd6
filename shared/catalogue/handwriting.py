"""What people write for a value, in the shape that the validator takes; what has no such shape stays as it was written. Pure.

Invariant: nothing is guessed. A text that is not understood is handed on, and the validator says what is wrong with it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from shared.catalogue.pack import Field
from shared.catalogue.shapes import NO_ZONE, is_zone, zone_named
from shared.schemas.model import Json

NARROW = str.maketrans("０１２３４５６７８９：－～　\u00a0（）．", "0123456789:-~  ().")
"""One character for one, so that what was found in the narrow text can be cut out of the given one."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATE = (
    r"(?:(?P<y>\d{4}) ?[年/.\-] ?(?P<m>\d{1,2}) ?[月/.\-] ?(?P<d>\d{1,2}) ?[日号]?"
    r"|(?P<d2>\d{1,2})(?:st|nd|rd|th)? (?P<mon2>[A-Za-z]{3,9})\.?,? (?P<y2>\d{4})"
    r"|(?P<mon3>[A-Za-z]{3,9})\.? (?P<d3>\d{1,2})(?:st|nd|rd|th)?,? (?P<y3>\d{4}))"
)
CLOCK = (
    r"(?P<half>上午|早上|中午|下午|晚上)? ?(?P<H>\d{1,2}) ?(?::|点|时) ?(?P<M>\d{2})?(?::(?P<S>\d{2})(?:\.\d{1,6})?)?分? ?"
    r"(?P<ap>[AaPp]\.?[Mm]\.?(?![A-Za-z]))?"
)
OFFSET = r"Z|\+\d\d:?\d\d|(?<=:\d\d:\d\d)-\d\d:\d\d"
"""One to the west is told from “14:00-16:30” by the seconds before it."""
MOMENT = re.compile(rf"{DATE}(?:(?:T| ?(?:[(][^()]{{1,6}}[)])?,? ?(?:at )?){CLOCK})? ?(?P<off>{OFFSET})?")
LATER = re.compile(rf"{CLOCK} ?(?P<off>{OFFSET})?")
UNTIL = re.compile(r" ?(?:至|到|—{1,2}|–|~|-|to |until ) ?")
ZONE = re.compile(r" ?[(]([A-Za-z_]+/[A-Za-z_/+-]+)[)]")
NUMBER = re.compile(r"(?:约|共)? ?(-?\d[\d,]*(?:\.\d+)?) ?(?:[^\d\s.,]{1,6})?")
AMOUNT = re.compile(r"(?:约|共|人民币|RMB|CNY|[¥￥]| )*(-?\d[\d,]*(?:\.\d+)?) ?(万)? ?(?:元|圆|RMB|CNY)?整?", re.IGNORECASE)
BETWEEN_CHOICES = re.compile(r"[；;、,，/\n]")
BETWEEN_TEXTS = re.compile(r"[；;\n]")
BETWEEN_PARTS = re.compile(r"[；;，、\n]|,(?!\d{3})")
BULLET = re.compile(r"^\s*(?:[-*•·●▪◆]\s+|[（(]?\d{1,2}[)）、．]\s*|\d{1,2}\.\s+)")
ANSWER = re.compile(r"^(?:是的?|有|已[有具]?备?|yes)\s*(?:[，,。.；;：:]\s*|$)", re.IGNORECASE)
NO = re.compile(r"^(?:否|无|没有|未|不是|no|none|not yet)\s*(?:[，,。.；;：:]|$)", re.IGNORECASE)
CRM_NUMBER = re.compile(r"[A-Z][A-Z0-9]{1,20}(?:-[A-Z0-9]{1,20}){1,6}")
LONGEST_NUMBER = 40


def read_value(text: str, spec: Field) -> object:
    """`text` in the shape of `spec`, or the text itself."""
    given = text.strip()
    match spec.type:
        case "texts":
            return _several(given, BETWEEN_TEXTS)
        case "choices":
            return _choices(given, spec)
        case "integer" | "number":
            return _number(given)
        case "money":
            return _amount(given)
        case "time":
            return read_moment(given) or given
        case "window":
            return read_window(given) or given
        case "record":
            return _record(given, spec.fields) or given
        case _:
            return given


def read_moment(text: str) -> str | None:
    """A date, or a date and time, in ISO 8601; with an offset only where one, or a zone, is written. None when it is none."""
    narrow, zone = _without_zone(" ".join(text.translate(NARROW).split(" ")).strip())
    found = MOMENT.fullmatch(narrow.rstrip(" 前。.")) if len(narrow) < 80 else None
    written = _iso(found) if found else None
    if written is None or zone is None or "T" not in written:
        return written
    moment = datetime.fromisoformat(written)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone_named(zone, NO_ZONE))).isoformat()


def read_window(text: str) -> Json | None:
    """{start, end, place, time_zone}, as much of it as is written; None when it begins with no date."""
    narrow, zone = _without_zone(text.translate(NARROW).strip())
    first = MOMENT.match(narrow)
    start = _iso(first) if first else None
    if first is None or start is None:
        return None
    window: Json = {"start": start}
    rest = narrow[first.end() :]
    if (until := UNTIL.match(rest)) is not None:
        rest = rest[until.end() :]
        last = MOMENT.match(rest) or LATER.match(rest)
        end = _iso(last, start[:10]) if last else None
        if last is not None and end is not None:
            window["end"], rest = end, rest[last.end() :]
    place = rest.strip(" ,，;；。@")
    return window | ({"place": place} if place else {}) | ({"time_zone": zone} if zone else {})


def read_evidence(precondition: str, text: str, files: Iterable[str]) -> Json | None:
    """What is offered for a precondition by “是，…”: a file that is attached, a record's number, or the writer's word. None for a no."""
    given = ANSWER.sub("", text.strip()).strip() or text.strip()
    if NO.match(text.strip()):
        return None
    if (file := next((name for name in files if name and name in given), None)) is not None:
        return {"precondition": precondition, "kind": "attachment", "value": file}
    kind = "crm_reference" if CRM_NUMBER.fullmatch(given) else "attestation"
    return {"precondition": precondition, "kind": kind, "value": given}


def _without_zone(narrow: str) -> tuple[str, str | None]:
    """A zone's name in brackets, taken out of the text."""
    found = ZONE.search(narrow) if len(narrow) < 2000 else None
    if found is None or not is_zone(found[1]):
        return narrow, None
    return narrow[: found.start()] + narrow[found.end() :], found[1]


def _iso(found: re.Match[str], day: str | None = None) -> str | None:
    """What MOMENT or LATER (of `day`) found, or None when there is no such day or hour."""
    part = found.groupdict()
    date = _day(part) or day
    clock = _clock(part)
    if date is None or (clock is None and part.get("H")):
        return None
    offset = (part.get("off") or "").replace("Z", "+00:00") if clock else ""
    written = f"{date}T{clock}{offset}" if clock else date
    try:
        datetime.fromisoformat(written)
    except ValueError:
        return None
    return written


def _day(part: Mapping[str, str | None]) -> str | None:
    year = part.get("y") or part.get("y2") or part.get("y3")
    day = part.get("d") or part.get("d2") or part.get("d3")
    name = (part.get("mon2") or part.get("mon3") or "").lower()
    month = part.get("m") or (str(MONTHS.index(name[:3]) + 1) if name[:3] in MONTHS else None)
    return f"{int(year):04d}-{int(month):02d}-{int(day):02d}" if year and month and day else None


def _clock(part: Mapping[str, str | None]) -> str | None:
    if not part.get("H"):
        return None
    hour = int(part["H"] or 0)
    afternoon = part.get("half") in {"下午", "晚上"} or (part.get("ap") or "").lower().startswith("p")
    if afternoon and hour < 12:
        hour += 12
    if (part.get("ap") or "").lower().startswith("a") and hour == 12:
        hour = 0
    return f"{hour:02d}:{int(part.get('M') or 0):02d}:{int(part.get('S') or 0):02d}"


def _several(text: str, between: re.Pattern[str]) -> list[str]:
    return [entry for part in between.split(text) if (entry := BULLET.sub("", part).strip(" 。"))]


def _choices(text: str, spec: Field) -> object:
    whole = "".join(text.casefold().split())
    names = [text] if whole in spec.key_of else _several(text, BETWEEN_CHOICES)
    return names[0] if spec.single and len(names) == 1 else names


def _number(text: str) -> object:
    narrow = text.translate(NARROW).strip(" 。")
    found = NUMBER.fullmatch(narrow) if len(narrow) <= LONGEST_NUMBER else None
    return _as_number(found[1], text) if found else text


def _amount(text: str) -> object:
    """Yuan. Another currency is not converted: the text is handed on."""
    narrow = text.translate(NARROW).strip(" 。")
    found = AMOUNT.fullmatch(narrow) if len(narrow) <= LONGEST_NUMBER else None
    return _as_number(found[1], text, 10_000 if found[2] else 1) if found else text


def _as_number(digits: str, text: str, times: int = 1) -> object:
    try:
        number = Decimal(digits.replace(",", "")) * times
    except InvalidOperation:
        return text
    return int(number) if number == number.to_integral_value() else float(number)


def _record(text: str, fields: Mapping[str, Field]) -> Json | None:
    """“name value, name value”; what names no field is kept as `note`. None when nothing does."""
    names = sorted(
        ((name.casefold(), key) for key, spec in fields.items() for name in (key, spec.zh, spec.en, *spec.aliases)),
        key=lambda pair: -len(pair[0]),
    )
    record: Json = {}
    left = []
    for part in _several(text, BETWEEN_PARTS):
        named = next(((name, key) for name, key in names if part.casefold().startswith(name)), None)
        value = part[len(named[0]) :].lstrip(" :：=费") if named else ""
        if named is None or not value or named[1] in record:
            left.append(part)
        else:
            record[named[1]] = read_value(value, fields[named[1]])
    return record | ({"note": "；".join(left)} if left else {}) if record else None
