"""Faults of what comes in and of what goes out: records that nobody can read, mail and chat servers that misbehave."""

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.messaging.producer import Producer
from shared.schemas.envelope import Event, dataschema
from shared.schemas.topics import REQUEST_TOPICS
from tests.component.messaging.test_poison_set import PARKED, UNADDRESSED, bad
from tests.faults.sinks import Mischief
from tests.faults.stand import Stand
from tests.faults.witness import keeps

LOOK_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The mail server and the chat vendor misbehave."""

    mails: tuple[tuple[str, str, int, float], ...] = ()
    chats: tuple[tuple[str, int, float], ...] = ()

    async def strike(self, stand: Stand) -> None:
        made = [Mischief(step=step, kind=kind, times=times, seconds=seconds) for step, kind, times, seconds in self.mails]
        stand.mails.misbehave(made)
        said = [Mischief(step="answer", kind=kind, times=times, seconds=seconds) for kind, times, seconds in self.chats]
        stand.chats.misbehave(said)


@dataclass(frozen=True, kw_only=True)
class PoisonSet:
    """Records that nobody can read, among those of the run; each must be kept by everybody who hears intake."""

    seconds: float = 60.0

    async def strike(self, stand: Stand) -> None:
        producer = Producer(stand.stack.broker.address, "nemesis")
        topic = REQUEST_TOPICS["intake"].name
        made = {name: (str(uuid.uuid4()), name in UNADDRESSED) for name in (*PARKED, *UNADDRESSED)}
        records = {name: bad(name, _event(subject)) for name, (subject, _) in made.items()}
        for record in records.values():
            await producer.send(topic, [record])
        await producer.stop()
        stand.harmed()
        sent = time.monotonic()
        while missing := [
            f"{service} keeps neither the request nor the record of the poison: {name}"
            for service in ("routing", "notify", "documents")
            for name, (subject, unaddressed) in made.items()
            if not await keeps(stand, service, subject, records[name] if unaddressed else None)
        ]:
            if time.monotonic() > sent + self.seconds:
                break
            await asyncio.sleep(LOOK_SECONDS)
        stand.notes["kept_after"] = round(time.monotonic() - sent, 2)
        stand.damage += missing


def _event(subject: str) -> Event:
    kind = "backline.request.submitted"
    said = {"source": "intake", "type": kind, "subject": subject, "sequence": 1, "time": datetime.now(UTC), "data": {"by": "p"}}
    return Event.say(**said, dataschema=dataschema(kind))
