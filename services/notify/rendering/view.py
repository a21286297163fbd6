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
from shared.schemas.requests import number_of

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


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a view is made from, besides the item: the reader, the people of this moment, the pack's words and ours."""

    reader: Reader
    directory: Directory
    labels: Labels
    links: Links
    words: Words

    def person(self, identity: str) -> str:
        """A person's name, or the id of somebody the directory does not know."""
        known = self.directory.people.get(identity)
        return known.name if known else identity

    def unit(self, code: str) -> str:
        """A business unit's name in the reader's language."""
        known = self.directory.units.get(code)
        return known.name.by_locale(self.reader.locale) if known else code

    def role(self, key: str) -> str:
        """A role's name in the reader's language."""
        return self.labels.role_name(key, self.reader.locale)

    def listed(self, names: list[str]) -> str:
        """Names in one line, each once."""
        return str(self.words["comma"]).join(dict.fromkeys(names))


def view_of(item: Item, scene: Scene) -> Json:
    """Every value the templates of `item` may name."""
    params = item.data["params"]
    return {
        "words": scene.words,
        "locale": scene.reader.locale,
        "reader": scene.reader.name,
        "you": item.data["as"],
        "request": _facts(item.subject, params["request"], params["seats"], scene),
        "link": scene.links.to_request(item.subject, item.id),
        "particulars": _particulars(item, scene),
    }


def _facts(identity: str, request: Json, seats: list[Json], scene: Scene) -> Json:
    opening, closing = scene.words["brackets"][:-1], scene.words["brackets"][-1]
    coordinators = [scene.person(seat["person"]) for seat in seats if seat["step"] == "coordinator"]
    working = [seat for seat in seats if seat["step"] == "supporter"]
    supporters = [f"{scene.person(seat['person'])}{opening}{scene.role(seat['role'])}{closing}" for seat in working]
    return {
        "number": number_of(identity),
        "type": (name := scene.labels.type_name(request["type"], scene.reader.locale)),
        "called": name if name.endswith("申请") else f"{name}申请",
        "customer": request["customer"] or "",
        "opportunity": request["opportunity"] or "",
        "deadline": _when(request["deadline"], scene.reader),
        "priority": scene.words["priorities"].get(request["priority"], request["priority"]),
        "unit": scene.unit(request["business_unit"]),
        "reference": f"{request['source']['system']} {request['source']['reference']}",
        "requester": scene.person(request["requester"]),
        "coordinator": scene.listed(coordinators),
        "supporters": scene.listed(supporters),
    }


def _particulars(item: Item, scene: Scene) -> Json:
    """What the event added, with ids as names and texts in the reader's language."""
    given, type_key = item.data["params"]["particulars"], item.data["params"]["request"]["type"]
    shown = {name: _localised(value, scene.reader.locale) for name, value in given.items()}
    if "by" in given:
        shown["by"] = scene.person(given["by"])
    if "role" in given:
        shown["role"] = scene.role(given["role"])
    if "roles" in given:
        shown["roles"] = [scene.role(role) for role in given["roles"]]
    if "document" in given:
        shown["document_link"] = scene.links.to_document(item.subject, given["document"])
    for entry in (*shown.get("problems", ()), *shown.get("changes", ())):
        entry["label"] = scene.labels.field_name(type_key, entry["field"], scene.reader.locale)
    for change in shown.get("changes", ()):
        for side in ("before", "after"):
            change[side] = scene.labels.value_name(type_key, change["field"], change[side], scene.reader.locale)
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
