"""What must hold once everything hostile was sent: kept what was taken and nothing else, everybody well, nothing evaluated."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

from shared.schemas.bidding import SOURCE_SYSTEM
from shared.schemas.envelope import Event
from tests.hostile.case import Case, Seen
from tests.hostile.ground import DATABASES, Ground
from tests.hostile.strings import PROOF

HEADERS_OF_OURS = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
)
"""Of every mail that is sent, in this order, each once; an answer is addressed nowhere else."""
SINKS_OWN = ("X-MailFrom", "X-RcptTo")
LINE = re.compile(rb"[\x20-\x7e]*")
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
TRACEBACK = re.compile(r"Traceback|http\.unexpected|\"level\": ?\"(?:error|critical)\"|Exception in")
LEAKED = ("root:x:0:0", "local-service-token", "uid=0(")
"""The beginning of /etc/passwd, the services' token, what `id` says."""
PATIENCE = 600


async def settled(ground: Ground, services: Iterable[str] = DATABASES) -> None:
    """Wait until nothing is due any more: everything published, heard and done. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if not any(_busy(ground, service) for service in services):
                await asyncio.sleep(1)
                if not any(_busy(ground, service) for service in services):
                    return
            await asyncio.sleep(0.5)


def _busy(ground: Ground, service: str) -> bool:
    # A chat robot takes twenty messages a minute: what still waits for it is not waited for.
    undone = {"status": {"$in": ["planned", "leased", "data", "ended"]}, "kind": {"$ne": "chat"}}
    open_items = {"items": {"$elemMatch": undone}}
    unsaid = {"$expr": {"$lt": ["$published", "$head"]}}
    behind = {"early.0": {"$exists": True}}
    requests = ground.collection(service, "requests")
    return requests.find_one({"parked": None, "$or": [open_items, unsaid, behind]}, {"_id": 1}) is not None


async def faults(ground: Ground, results: list[tuple[Case, Seen]], *, known: set[str]) -> list[str]:
    """Everything that does not hold. `known` are the requests that were there before."""
    found = [*kept(ground, results, known), *chains(ground), *mails(ground.mails()), *evaluated(ground), *logs(ground.logs())]
    found += [fault async for fault in ill(ground)]
    return found


def kept(ground: Ground, results: list[tuple[Case, Seen]], known: set[str]) -> Iterator[str]:
    """What was answered as kept is in intake's ledger, nothing else but parts of bids; and no service has parked a request."""
    answered = {request for _, seen in results for request in seen.requests} | known
    stored = {document["_id"] for document in ground.collection("intake", "requests").find({}, {"_id": 1})}
    if lost := answered - stored:
        yield f"{len(lost)} requests that were answered as kept are not in the ledger: {sorted(lost)[:5]}"
    parts = {"state.request.source.system": SOURCE_SYSTEM}
    opened = {document["_id"] for document in ground.collection("intake", "requests").find(parts, {"_id": 1})}
    if more := stored - answered - opened:
        yield f"{len(more)} requests are in the ledger that nobody was told of: {sorted(more)[:5]}"
    for service in DATABASES:
        for document in ground.collection(service, "requests").find({"parked": {"$ne": None}}, {"parked": 1}):
            yield f"{service} has parked {document['_id']}: {document['parked']}"
        strange = {row["_id"] for row in ground.collection(service, "requests").find({}, {"_id": 1})} - stored
        if strange:
            yield f"{service} knows requests that intake does not: {sorted(strange)[:5]}"


def chains(ground: Ground) -> Iterator[str]:
    """Every own event of every document in all four databases has the id of its content, and names the one before it."""
    for service in DATABASES:
        for name in ("requests", "people_ledger"):
            collection = ground.collection(service, name)
            history = ground.collection(service, f"{name}_history")
            for document in collection.find({}, {"events": 1, "head": 1}):
                events = {row["sequence"]: row for row in history.find({"subject": document["_id"]}, {"_id": 0})}
                events |= {event["sequence"]: event for event in document["events"]}
                yield from chain(document["_id"], [event for _, event in sorted(events.items())], document["head"])


def chain(subject: str, events: list[Mapping[str, Any]], head: int) -> Iterator[str]:
    """What is wrong with the chain of one document."""
    before = None
    numbers = [event["sequence"] for event in events]
    if numbers != list(range(1, head + 1)):
        yield f"{subject} has the events {numbers[:20]}, its head is {head}"
    for raw in events:
        event = Event.model_validate(dict(raw))
        if event.digest() != event.id:
            yield f"event {event.sequence} of {event.source} about {subject} does not have the id of its content"
        if event.previous != before:
            yield f"event {event.sequence} of {event.source} about {subject} does not name the one before it"
        before = event.id


def mails(raws: Iterable[bytes]) -> Iterator[str]:
    """Every mail is byte for byte of our own shape, whatever was in it."""
    for raw in raws:
        yield from mail(raw)


def mail(raw: bytes) -> Iterator[str]:
    """What is wrong with one mail."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
        yield f"a bare line break in {raw[:200]!r}"
    if not all(LINE.fullmatch(line) and len(line) <= 998 for line in head.split(b"\r\n")):
        yield f"a header line that is too long or not plain ASCII in {head[:300]!r}"
    message = message_from_bytes(raw)
    if (names := tuple(name for name in message if name not in SINKS_OWN)) != HEADERS_OF_OURS:
        yield f"other headers than ours: {names}"
    for name in ("Subject", "From", "To"):
        told = str(make_header(decode_header(message[name])))
        if CONTROLS.search(told) or "=?" in told:
            yield f"{name} hides something once it is decoded: {told!r}"
    if [part.get_content_type() for part in message.walk()] != ["multipart/alternative", "text/plain", "text/html"]:
        yield f"other parts than ours: {[part.get_content_type() for part in message.walk()]}"
    if body.count(b"\r\n--") != 2 or str(message["X-RcptTo"]).count("@") != 1:
        yield "more boundaries or more recipients than one mail has"


def evaluated(ground: Ground) -> Iterator[str]:
    """Places where a template was evaluated, or a secret was read."""
    texts = {"chats": ground.chats(), **{f"the log of {name}": text for name, text in ground.logs().items()}}
    for number, raw in enumerate(ground.mails()):
        texts[f"mail {number}"] = "\n".join(part for part in decoded(raw))
    for name, text in texts.items():
        yield from (f"{marker!r} stands in {name}" for marker in (PROOF, *LEAKED) if marker in text)


def decoded(raw: bytes) -> Iterator[str]:
    """The headers and the texts of one mail as a reader's program shows them."""
    message = message_from_bytes(raw)
    yield str(make_header(decode_header(message["Subject"])))
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload.decode("utf-8", "replace")


def logs(texts: Mapping[str, str]) -> Iterator[str]:
    """Lines of logs that tell of something nobody expected."""
    for name, text in texts.items():
        for line in text.splitlines():
            if TRACEBACK.search(line):
                yield f"the log of {name} says {line[:600]}"


async def ill(ground: Ground) -> Any:
    """Services that are not ready."""
    for service in DATABASES:
        answer = await ground.client.get(f"{ground.stack.url(service)}/readyz")
        if answer.status_code != 200:
            yield f"{service} is not ready: {answer.text[:200]}"
