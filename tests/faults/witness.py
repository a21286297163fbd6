"""What the services and the sinks say at the end of a run, or at a moment of it."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from services.routing.domain.life import OPEN
from shared.messaging.wire import Record
from shared.schemas.envelope import SOURCES
from shared.storage.ledger_form import WHOLE
from tests.component.messaging.kafka_build import Sendable
from tests.faults.ages import Progress
from tests.faults.checker import unplanned
from tests.faults.clients import SERVICE
from tests.faults.history import History, Ledger
from tests.faults.stand import Stand, parts_of


async def collect(stand: Stand, history: History) -> None:
    """Put into `history` what the sinks have taken and what every service's ledger says of its requests."""
    history.taken = [*stand.mails.taken, *stand.chats.taken]
    requests = history.requests()
    for service in SOURCES:
        collection = stand.database[f"backline_{service}"]["requests"]
        found = [one async for one in collection.find({"_id": {"$in": requests}})]
        history.ledgers[service] = {one["_id"]: _ledger(one) for one in found}


async def progress(stand: Stand, requests: Sequence[str]) -> dict[str, dict[str, Progress]]:
    """How far every service is with each of `requests`."""
    found: dict[str, dict[str, Progress]] = {}
    for service in SOURCES:
        stored = stand.database[f"backline_{service}"]["requests"].find({"_id": {"$in": requests}}, {"head": 1, "heard": 1})
        found[service] = {one["_id"]: Progress(head=one.get("head", 0), heard=one.get("heard", {})) async for one in stored}
    return found


async def check_files(stand: Stand, history: History) -> None:
    """Note in `history` every document that is said to exist and cannot be downloaded whole."""
    for request, ledger in history.ledgers.get("documents", {}).items():
        for made in ledger.state.get("made", ()):
            answer = await stand.client.get(f"{stand.stack.url('documents')}/v1/documents/{made['document']}", headers=SERVICE)
            if hashlib.sha256(answer.content).hexdigest() != made["sha256"]:
                history.damaged.append(f"document {made['document']} of {request} is not what it is said to be")


async def check_sinks(stand: Stand, history: History) -> None:
    """Note in `history` what the sinks have taken since it began and nobody planned, in whatever request or season."""
    planned: list[str] = []
    for ledger in ("requests", "seasons"):
        stored = stand.database["backline_notify"][ledger].find({}, {"state.deliveries": 1})
        planned += [name async for one in stored for name in (one.get("state") or {}).get("deliveries", {})]
    history.unplanned = unplanned([one for one in history.taken if one.at >= history.began], planned)


async def keeps(stand: Stand, service: str, subject: str, record: Sendable | None) -> bool:
    """Whether `service` has parked the request `subject`, or, given a record that names none, has that among its dead letters."""
    database = stand.database[f"backline_{service}"]
    if record is None:
        return await database["requests"].count_documents({"_id": subject, "parked": {"$type": "string"}}) == 1
    key, value, headers = record
    wanted = Record(topic="", partition=0, offset=0, key=key, headers=tuple(headers), value=value).as_json()
    same = {f"record.{part}": wanted[part] for part in ("key", "headers", "value")}
    return await database["dead_letters"].count_documents(same) == 1


async def overfull(stand: Stand) -> list[str]:
    """Whoever has a part in more open requests at this moment than they have seats."""
    collection = stand.database["backline_routing"]["requests"]
    parts = {"state.coordinator.person": 1, "state.supporters.person": 1}
    busy: Counter[str] = Counter()
    async for one in collection.find({"state.status": {"$in": sorted(OPEN)}}, parts):
        seats = [one["state"].get("coordinator"), *one["state"].get("supporters", ())]
        busy.update({seat["person"] for seat in seats if seat})
    return [
        f"{person} has {count} of {stand.seats[person]} seats" for person, count in busy.items() if count > stand.seats[person]
    ]


async def metric(stand: Stand, name: str) -> float:
    """A measure summed over all processes that answer."""
    total = 0.0
    for process in stand.processes:
        with suppress(httpx.HTTPError):
            lines = (await stand.client.get(f"{stand.stack.url(*parts_of(process))}/metrics")).text.splitlines()
            total += sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))
    return total


def _ledger(stored: Mapping[str, Any]) -> Ledger:
    """What a ledger says of one request; of one that was rolled back under a process which remembered it, only that it is set aside."""
    if not stored.keys() >= WHOLE:
        return Ledger(head=0, published=0, heard={}, early=0, parked="history lost", events=[], items=[], state={})
    return Ledger(
        head=stored["head"],
        published=stored.get("published", 0),
        heard=stored["heard"],
        early=len(stored["early"]),
        parked=stored["parked"],
        events=stored["events"],
        items=stored["items"],
        state=stored["state"] or {},
    )
