"""What a template may show: plain values in the reader's language and time zone, people by name as the directory has them now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.notify.rendering.labels import Labels
from shared.ledger.messages import Item
from shared.schemas.model import Json
from shared.schemas.people import Directory

Words = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads: the name that greets them, their language and their time zone."""

    name: str
    locale: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where a reader gets on from a message. Patterns with {request}, {document} and {notification}."""

    request: str
    document: str

    def to_request(self, request: str, notification: str) -> "Address":
        """The address of one request."""
        return Address(self.request.format(request=quote(request, safe=""), notification=quote(notification, safe="")))

    def to_document(self, request: str, document: str) -> "Address":
        """The address of one document."""
        return Address(self.document.format(request=quote(request, safe=""), document=quote(document, safe="")))


class Address(str):
    """A link made here, safe to be put into any kind of message as it is."""

    __slots__ = ()


def number_of(request: str) -> str:
    """The short form of a request's id that people read out: BL- and its first eight hex digits."""
    return f"BL-{request.replace('-', '')[:8].upper()}"


def view_of(item: Item, *, reader: Reader, directory: Directory, labels: Labels, links: Links, words: Words) -> Json:
    """Every value the templates of `item` may name."""
    params = item.data["params"]
    request, seats = params["request"], params["seats"]
    locale = reader.locale
    facts = {
        "number": number_of(item.subject),
        "type": labels.type_name(request["type"], locale),
        "customer": request["customer"] or "",
        "opportunity": request["opportunity"] or "",
        "deadline": _when(request["deadline"], reader),
        "priority": words["priorities"].get(request["priority"], request["priority"]),
        "unit": _unit(directory, request["business_unit"], locale),
        "reference": f"{request['source']['system']} {request['source']['reference']}",
        "requester": _name(directory, request["requester"]),
        "coordinator": words["comma"].join(_name(directory, seat["person"]) for seat in seats if seat["step"] == "coordinator"),
        "supporters": words["comma"].join(_seat(directory, seat, labels, reader, words) for seat in seats if seat["step"] == "supporter"),
    }
    return {
        "words": words,
        "locale": locale,
        "reader": reader.name,
        "you": item.data["as"],
        "request": facts,
        "link": links.to_request(item.subject, item.id),
        "particulars": _particulars(item, params["particulars"], directory, labels, reader, links),
    }


def _particulars(item: Item, given: Json, directory: Directory, labels: Labels, reader: Reader, links: Links) -> Json:
    """What the event added, with ids as names and texts in the reader's language."""
    locale, type_key = reader.locale, item.data["params"]["request"]["type"]
    shown = {name: _localised(value, locale) for name, value in given.items()}
    if "by" in given:
        shown["by"] = _name(directory, given["by"])
    if "role" in given:
        shown["role"] = labels.role_name(given["role"], locale)
    if "roles" in given:
        shown["roles"] = [labels.role_name(role, locale) for role in given["roles"]]
    if "document" in given:
        shown["document_link"] = links.to_document(item.subject, given["document"])
    for entry in (*shown.get("problems", ()), *shown.get("changes", ())):
        entry["label"] = labels.field_name(type_key, entry["field"], locale)
    return shown


def _localised(value: object, locale: str) -> Any:
    """`value` with every {zh, en} in it replaced by the sentence in `locale`."""
    match value:
        case {"zh": str() as zh, "en": str() as en}:
            return en if locale == "en" else zh
        case dict():
            return {key: _localised(inner, locale) for key, inner in value.items()}
        case list():
            return [_localised(inner, locale) for inner in value]
        case _:
            return value


def _name(directory: Directory, person: str) -> str:
    known = directory.people.get(person)
    return known.name if known else person


def _unit(directory: Directory, code: str, locale: str) -> str:
    known = directory.units.get(code)
    return known.name.by_locale(locale) if known else code


def _seat(directory: Directory, seat: Json, labels: Labels, reader: Reader, words: Words) -> str:
    opening, closing = words["brackets"][:-1], words["brackets"][-1]
    return f"{_name(directory, seat['person'])}{opening}{labels.role_name(seat['role'], reader.locale)}{closing}"


def _when(moment: str | None, reader: Reader) -> str:
    """The moment in the reader's zone, with the zone named; empty when there is none."""
    if not moment:
        return ""
    try:
        zone, named = ZoneInfo(reader.time_zone), reader.time_zone
    except (ZoneInfoNotFoundError, ValueError):
        zone, named = ZoneInfo("UTC"), "UTC"
    local = datetime.fromisoformat(moment).astimezone(zone)
    if reader.locale == "en":
        return f"{local.day} {local:%b %Y, %H:%M} ({named})"
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}（{named}）"
