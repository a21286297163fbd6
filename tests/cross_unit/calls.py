"""Random calls: any operation of any service's OpenAPI document, by any unit or person, with the ids and bodies of anybody."""

import json
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from shared.schemas.requests import number_of, request_id
from tests.cross_unit.scene import ASKERS, UNITS, Json, Room

METHODS = ("get", "post", "put", "patch", "delete", "head")


@dataclass(frozen=True)
class Operation:
    """One operation of one service."""

    service: str
    method: str
    path: str
    parameters: tuple[Json, ...]
    media: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """One call: by whom, what, and `sent`: every text in it, which its answer may repeat."""

    unit: str
    token: str
    operation: Operation
    path: str
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    named: tuple[str, ...] = ()

    @property
    def sent(self) -> str:
        """With the id and number that follow from a named reference: they are computed, not looked up."""
        texts = [self.path, *self.params.values(), *self.headers.values(), (self.content or b"").decode(errors="replace")]
        return " ".join([*texts, *(text for identity in self.named for text in (identity, number_of(identity)))])


def operations(service: str, document: Json) -> list[Operation]:
    """Every operation that `document` names."""
    return [
        Operation(
            service,
            method.upper(),
            path,
            tuple(described.get("parameters", ())),
            tuple(described.get("requestBody", {}).get("content", ())),
        )
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method in METHODS
    ]


class Caller:
    """Makes calls of the units east and south, about everybody's; what is sent to change something is about others' alone."""

    def __init__(self, rooms: dict[str, Room], known: list[Operation], seed: int) -> None:
        self._rooms = rooms
        self._known = known
        self._dice = random.Random(seed)

    def next(self) -> Call:
        """The next call."""
        dice = self._dice
        unit = dice.choice(UNITS)
        operation = dice.choice(self._known)
        others = [room for name, room in self._rooms.items() if name != unit]
        room = dice.choice(others if operation.method not in {"GET", "HEAD"} or dice.random() < 0.8 else [*self._rooms.values()])
        path, params, headers = operation.path, {}, {"Accept-Language": dice.choice(("zh", "en"))}
        for parameter in operation.parameters:
            name, place = parameter["name"], parameter["in"]
            if place == "path":
                path = path.replace(f"{{{name}}}", quote(self._id(name, room), safe=""))
            elif place == "query" and dice.random() < 0.4:
                params[name] = self._value(name, parameter, room)
            elif place == "header" and dice.random() < 0.3:
                headers[name] = dice.choice([f"key-{dice.randrange(5)}", f'"{self._id("sha256", room)}"', "*"])
        body = dice.choice(room.bodies)
        content, kind = self._content(operation, room, unit, body)
        source = body["source"]
        named = (request_id(body["business_unit"], source["system"], source["reference"]),) if content else ()
        headers |= {"Content-Type": kind} if kind else {}
        token = f"dev-unit-{unit}" if dice.random() < 0.5 else f"dev-person-{ASKERS[unit]}"
        return Call(unit, token, operation, path, params, headers, content, named)

    def _id(self, name: str, room: Room) -> str:
        known = {
            "request_id": room.requests,
            "document": room.documents,
            "delivery": room.deliveries,
            "sha256": room.attachments,
            "person": room.people,
        }
        return self._dice.choice(known.get(name) or ["tech.survey"])

    def _value(self, name: str, parameter: Json, room: Room) -> str:
        body = self._dice.choice(room.bodies)
        values: dict[str, Any] = {
            "business_unit": room.unit,
            "type": body["type"],
            "status": self._dice.choice(["completed", "returned", "working"]),
            "opportunity": body["opportunity"]["id"],
            "requester": body["requester"]["id"],
            "system": body["source"]["system"],
            "reference": body["source"]["reference"],
            "number": self._dice.choice(room.numbers),
            "after": f"2099-01-01T00:00:00.000Z~{self._dice.choice(room.requests)}",
            "limit": str(self._dice.choice([1, 50, 200])),
            "name": "x",
        }
        return str(values.get(name, self._dice.choice(room.requests)))

    def _content(self, operation: Operation, room: Room, unit: str, body: Json) -> tuple[bytes | None, str]:
        if operation.method in {"GET", "HEAD"}:
            return None, ""
        if operation.path.endswith(":batch"):
            lines = [{"action": action, "body": self._wish(action, body)} for action in ("submit", "amend", "withdraw")]
            return b"\n".join(json.dumps(line).encode() for line in lines), "application/jsonl"
        if "attachments" in operation.path:
            return f"{unit} guesses".encode(), "application/octet-stream"
        if operation.path.endswith(":import"):
            return json.dumps({"business_units": [], "people": []}).encode(), "application/yaml"
        last = operation.path.rsplit("/", 1)[-1]
        bodies: dict[str, Any] = {
            "requests": self._wish("submit", body),
            "withdraw": {"reason": "theirs"},
            "decline": {"reason": "theirs"},
            "complete": {"note": "theirs", "result": {}},
            "choose": {"people": room.people[:1]},
            "send-back": {"reason": "theirs"},
            "pause": {"reason": "theirs"},
            "hand-over": {"reason": "theirs", "person": self._dice.choice(room.people)},
            "add": {"reason": "theirs", "person": self._dice.choice(room.people)},
            "release": {"reason": "theirs", "person": self._dice.choice(room.people)},
            "confirm": {"rating": 1},
            "reopen": {"reason": "theirs"},
            "escalate": {"reason": "theirs"},
            "confirm-item": {"item": 1, "remark": "theirs"},
            **_of_effort(),
            "settle-clash": {"clash": "0123456789abcdef", "resolution": "keep_both", "reason": "theirs"},
            "bids:assess": body,
            "opine": {"opinion": "approve", "version": 1},
            "return-to-step": {"step": "unit", "reason": "theirs"},
            "ask-also": {"person": room.people[0] if room.people else "x", "beside": "bu_leader", "reason": "theirs"},
            "transfer": {"person": room.people[0] if room.people else "x", "reason": "theirs"},
            **_of_no_request(room.unit),
        }
        content = bodies.get(last, {"details": {"purpose": "theirs"}})
        return json.dumps(content, ensure_ascii=False).encode(), "application/json"

    def _wish(self, action: str, body: Json) -> Json:
        """What is wished of the request of `body`: itself, or the same under its very name with other contents."""
        named = {"business_unit": body["business_unit"], "source": body["source"]}
        if action == "withdraw":
            return {**named, "reason": "theirs"}
        if action == "amend":
            return {**named, "details": {"purpose": "theirs"}}
        return body if self._dice.random() < 0.5 else {**body, "priority": "urgent"}


def _of_effort() -> dict[str, Json]:
    hours = {"hours": 1, "day": "2027-03-01", "note": "theirs"}
    money = {"line": "venue", "amount": "1.00", "note": "theirs"}
    corrected = {"correct-effort": {**hours, "number": 1}, "correct-spend": {**money, "number": 1}}
    return {"log-effort": hours, "log-spend": money, **corrected, "record-outcome": {"outcome": "won", "reason": "theirs"}}


def _of_no_request(unit: str) -> dict[str, Json]:
    season = {"name": "theirs", "business_unit": unit, "from": "2027-03-02", "to": "2027-03-09"}
    return {"resolve": {"arrived": True}, "seasons": season, "change": {"name": "theirs"}, "end": {"reason": "theirs"}}
