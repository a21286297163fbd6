"""What a template may show: plain values in the reader's language and time zone, people by name as the directory has them now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from services.notify.facts import MAIL_SYSTEM
from services.notify.rendering.answering import Answering
from services.notify.rendering.labels import Labels
from services.notify.rendering.ours import Ours
from shared.calendar.spoken import spoken, spoken_day
from shared.ledger.messages import Item
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.requests import number_of

Words = Mapping[str, Any]
FACTS = ("type", "customer", "opportunity", "deadline", "priority", "requester", "coordinator", "supporters", "unit", "reference")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads: the name that greets them, their language and their time zone."""

    name: str
    locale: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class Console:
    """Where people get on from a message in their browser. Without an `address` a message has no link and speaks of none."""

    address: str | None = None

    def to_request(self, request: str) -> Ours:
        """The page of one request; empty without a console."""
        return Ours(f"{self.address}/requests/{quote(request, safe='')}" if self.address else "")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a view is made from, besides the item: the reader, the people of this moment, the pack's words and ours."""

    reader: Reader
    directory: Directory
    labels: Labels
    console: Console
    answering: Answering
    words: Words

    def person(self, identity: str) -> str:
        """A person's name, or the id of somebody the directory does not know."""
        known = self.directory.people.get(identity)
        return known.name if known else identity

    def reached(self, identity: str) -> str:
        """A person's name and how to reach them."""
        known = self.directory.people.get(identity)
        return self.aside(known.name, known.email) if known else identity

    def unit(self, code: str) -> str:
        """A business unit's name in the reader's language."""
        known = self.directory.units.get(code)
        return known.name.by_locale(self.reader.locale) if known else code

    def role(self, key: str) -> str:
        """A role's name in the reader's language."""
        return self.labels.role_name(key, self.reader.locale)

    def field(self, type_key: str, path: str) -> str:
        """A field's name: the catalogue's, or ours for a part of the frame that the catalogue does not name."""
        known = self.labels.field_name(type_key, path, self.reader.locale)
        return str(self.words["frame"].get(path.split(".", maxsplit=1)[0], known)) if known == path else known

    def value(self, type_key: str, path: str, value: str) -> str:
        """A field's value as it is read: choices by name, times in the reader's zone."""
        if _TIME.match(value):
            return written(value, self.reader)
        return self.labels.value_name(type_key, path, value, self.reader.locale)

    def failure(self, cause: str) -> str:
        """What people are told of why a document was not made; of a cause that we do not know, that it lies with us."""
        known = self.words["failures"]
        return str(known.get(cause, known["other"]))

    def aside(self, main: str, addition: str) -> str:
        """`main` with `addition` in brackets."""
        opening, closing = self.words["aside"]
        return f"{main}{opening}{addition}{closing}"

    def listed(self, names: list[str]) -> str:
        """Names in one line, each once."""
        return str(self.words["comma"]).join(dict.fromkeys(names))


def view_of(item: Item, scene: Scene) -> Json:
    """Every value the templates of `item` may name."""
    params = item.data["params"]
    particulars = _particulars(params["particulars"], scene)
    request = _request(item.subject, params["request"], params["seats"], scene)
    link, answer = scene.console.to_request(item.subject), _answer(item, scene)
    where = scene.words["where"]["console" if link else "system"]
    answerable = request["by_mail"] and item.data["as"] == "requester"
    return {
        "words": scene.words,
        "locale": scene.reader.locale,
        "reader": scene.reader.name,
        "you": item.data.get("part", item.data["as"]),
        "because": scene.words["because"][item.data["as"]],
        "standing_in": _standing_in(item.data.get("for", ()), scene),
        "request": request,
        "facts": _facts(params["request"], request, scene),
        "particulars": particulars,
        "points": _points(particulars, params["request"]["type"], scene),
        "link": link,
        "answer": answer,
        "footer": scene.words["footer_by_mail" if answerable else "footer"],
        "where": where,
        "how": scene.words["where"]["link"] if answer else where,
        "notification": reference_of(item.id),
    }


def _standing_in(holders: Sequence[str], scene: Scene) -> str:
    """The line that says for whom the reader stands in; empty when for nobody."""
    before, after = scene.words["standing_in"]
    return f"{before}{scene.listed([scene.person(holder) for holder in holders])}{after}" if holders else ""


def _answer(item: Item, scene: Scene) -> Json | None:
    """The link to answer by, what it is called, and what is to be known of it."""
    answer = scene.answering.of(item)
    if answer is None:
        return None
    said = scene.words["answer"]
    before, after = said["note"]
    return {"link": answer.link, "label": said[answer.purpose], "note": f"{before}{written(answer.until, scene.reader)}{after}"}


def reference_of(notification: str) -> str:
    """What a chat message shows of its notification's id, so that a person can tell whether it arrived: eight hex digits."""
    return notification.replace("-", "")[:8]


def _request(identity: str, request: Json, seats: list[Json], scene: Scene) -> Json:
    locale = scene.reader.locale
    working = [seat for seat in seats if seat["step"] == "supporter"]
    name = scene.labels.type_name(request["type"], locale)
    by_mail = request["source"]["system"] == MAIL_SYSTEM
    return {
        "number": number_of(identity),
        "type": name,
        "called": name if name.endswith("申请") else f"{name}申请",
        "reviewed": scene.labels.reviewed(request["type"]),
        "output": scene.labels.output_name(request["type"], locale),
        "customer": request["customer"] or "",
        "opportunity": request["opportunity"] or "",
        "deadline": written(request["deadline"], scene.reader),
        "priority": scene.value(request["type"], "priority", request["priority"]),
        "unit": scene.unit(request["business_unit"]),
        "by_mail": by_mail,
        "reference": "" if by_mail else f"{request['source']['system']} {request['source']['reference']}",
        "requester": scene.person(request["requester"]),
        "coordinator": scene.listed([scene.person(seat["person"]) for seat in seats if seat["step"] == "coordinator"]),
        "supporters": scene.listed([scene.aside(scene.person(seat["person"]), scene.role(seat["role"])) for seat in working]),
    }


def _facts(plain: Json, request: Json, scene: Scene) -> list[tuple[str, str, str]]:
    """The rows below a message, (name, label, text): what the request has of FACTS."""
    labels = {
        "deadline": _deadline(plain["type"], plain.get("deadline_field") or "needed_by", scene),
        "priority": scene.field(plain["type"], "priority"),
    }
    return [(name, labels.get(name) or scene.words[name], request[name]) for name in FACTS if request[name]]


def _deadline(type_key: str, path: str, scene: Scene) -> str:
    """What the field is called that says until when it is wanted; a window's beginning is called so."""
    return str(scene.words["starts"]) if path.endswith(".start") else scene.field(type_key, path)


def _particulars(given: Json, scene: Scene) -> Json:
    """What the event added, with ids as names and texts in the reader's language."""
    shown = {name: _localised(value, scene.reader.locale) for name, value in given.items()}
    shown |= {name: scene.person(given[name]) for name in ("by", "holder", "person") if name in given}
    if "other_unit" in given:
        shown["other_unit"] = scene.unit(given["other_unit"])
        if given.get("by") == given["other_unit"]:  # of who decided there only the unit is said
            shown["by"] = shown["other_unit"]
    if "call" in given:
        shown["call"] = scene.listed([scene.reached(person) for person in given["call"]])
    if "role" in given:
        shown["role"] = scene.role(given["role"])
    if "roles" in given:
        shown["roles"] = [scene.role(role) for role in given["roles"]]
    shown |= {name: written(given[name], scene.reader) for name in ("since", "until", "due") if given.get(name)}
    if "document" in given:  # planned when each document was announced by itself
        shown |= {
            "files": [given["name"]] if "name" in given else [],
            "failures": [given.get("cause", "")] if "problem" in given else [],
        }
    return shown


def _points(said: Json, type_key: str, scene: Scene) -> list[tuple[str, str]]:
    """What is listed one below the other, (label, text): what is missing, what changed, which files there are and which not."""
    missing = [(scene.field(type_key, problem["field"]), problem["message"]) for problem in said.get("problems", ())]
    missing += [(verdict["label"], verdict["message"] or "") for verdict in said.get("preconditions", ())]
    changed = [(scene.field(type_key, change["field"]), _change(change, type_key, scene)) for change in said.get("changes", ())]
    unread = [(str(scene.words["unread"]), line) for line in said.get("unread", ())]
    wanted = [(scene.field(type_key, field), "") for field in said.get("missing", ())]
    due = [(part["label"], written(part["due"], scene.reader)) for part in said.get("parts", ())]
    files = [(name, "") for name in said.get("files", ())]
    failed = [(str(scene.words["problem"]), text) for text in dict.fromkeys(map(scene.failure, said.get("failures", ())))]
    return [*missing, *wanted, *changed, *unread, *due, *files, *failed]


def _change(change: Json, type_key: str, scene: Scene) -> str:
    """Before and after, where both are shown; a personal value is not."""
    if not (change["before"] or change["after"]):
        return ""
    before, after = (scene.value(type_key, change["field"], change[side]) or "–" for side in ("before", "after"))
    return f"{before} → {after}"


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


def written(moment: str | None, reader: Reader) -> str:
    """The moment in the reader's zone, with the zone named, or the day as it is; empty when there is none."""
    return _written(moment, reader.locale, reader.time_zone) if moment else ""


@lru_cache(maxsize=4096)  # a request's deadline is in each of its mails; what a zone's clock shows at a moment stays so
def _written(moment: str, locale: str, time_zone: str) -> str:
    if len(moment) == len("2027-03-01"):
        return spoken_day(date.fromisoformat(moment), locale)
    return spoken(datetime.fromisoformat(moment), locale=locale, time_zone=time_zone)
