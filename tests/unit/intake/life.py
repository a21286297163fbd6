"""One request and every channel that may speak of it: the real reception, domain and ledger, only database and broker in memory."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import orjson

from services.intake.api import batch_routes, submitting_routes, waiving_routes
from services.intake.inbound import Inbound
from services.intake.mail.taking import Door, MailRoom
from services.intake.mail.threads import Threads
from services.intake.reception import Reception, Submission
from shared.catalogue import Pack
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.ledger.messages import Woken
from shared.messaging.dead_letters import Dead
from shared.messaging.wire import Record
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.requests import Answer, number_of
from shared.schemas.topics import inbound_of
from shared.telemetry.health import Health
from tests.builders import a_directory, events_of, id_of, the_pack
from tests.builders.keys import MemoryKeys
from tests.unit.intake.letters import a_mail
from tests.unit.intake.mail_build import Room
from tests.unit.ledger.small_domain import held

CHANNELS = ("http", "batch", "topic", "mail")
TOKEN = "a-service-token-of-tests"
VOUCHING = "mx.firm.example"
PASSED = f"Authentication-Results: {VOUCHING}; dmarc=pass header.from=firm.example"
PATHS = {"amend": ("PATCH", ""), "withdraw": ("POST", "/withdraw"), "waive": ("POST", "/waive")}


class Answering(Reception):
    """Keeps what it answers."""

    answers: list[Answer]

    async def take_for(self, subject: str, submission: Submission) -> Answer:
        answer = await super().take_for(subject, submission)
        self.answers.append(answer)
        return answer


class Letters:
    """Dead letters, counted."""

    def __init__(self) -> None:
        self.dead: list[Dead] = []

    async def bury(self, dead: Sequence[Dead]) -> None:
        self.dead += dead


class Broker:
    """The verdicts that were said."""

    def __init__(self) -> None:
        self.said: list[Json] = []

    async def send(self, _topic: str, records: Sequence[tuple[bytes, bytes, Any]]) -> list[bool]:
        self.said += [orjson.loads(value) for _, value, _ in records]
        return [True] * len(records)


class Life:
    """`send` speaks of the request with `body`'s identity over a channel; the answer is the reception's, whatever the channel."""

    def __init__(self, body: Json, directory: Directory | None = None, pack: Pack | None = None) -> None:
        self.body, self.id = body, id_of(body)
        self.room = Room(directory or a_directory(), pack=pack)
        unit = body["business_unit"]
        self.reception = Answering(self.room, self.room.clock, MemoryKeys(), waiving={unit})
        self.reception.answers = []
        self.letters, self.broker = Letters(), Broker()
        self.inbound = Inbound(self.reception, self.letters, self.broker, [unit])  # type: ignore[arg-type]
        auth = Authenticator(
            service_token=TOKEN, environment="development", keys_file=None, directory=lambda: self.room.directory
        )
        used = pack or the_pack()
        routers = (
            submitting_routes(self.reception, auth.principal),
            batch_routes(self.reception, auth.principal, used, self),  # type: ignore[arg-type]
            waiving_routes(self.reception, auth.principal),
        )
        app = create_app(service="intake", health=Health(), routers=routers)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake")
        self.mails = MailRoom(
            reception=self.reception,
            threads=Threads(self.room.requests, self.room.book),
            book=self.room.book,
            blobs=self.room.book,
            files=self.room.book,
            directory=lambda: self.room.directory,
            pack=used,
            clock=self.room.clock,
            door=Door(ours=frozenset({"support@backline.example"}), vouching=VOUCHING),
        )
        self._offset = 0
        self._say = events_of(self.id)

    @property
    def directory(self) -> Directory:
        """As the copy of the people has it."""
        return self.room.directory

    async def send(
        self, channel: str, action: str, body: Json, *, key: str | None = None, by: str = "dev-unit-harbour"
    ) -> Answer:
        """One message; `body` is the whole of a submission, else the patch or the reason. Who waives is `by`'s person on every channel:
        on the topic the unit's system says so.
        """
        self.room.clock.forward(1)
        before = len(self.reception.answers)
        await getattr(self, f"_{channel}")(action, body, key, by)
        assert len(self.reception.answers) == before + 1, f"{channel} {action} was answered without the reception"
        return self.reception.answers[-1]

    async def hear(self, *facts: Any) -> None:
        """Another service says `facts`, having heard all that intake said."""
        for fact in facts:
            known = self.room.requests.states[self.id].head
            await self.apply(held(self._say(fact, after={"intake": known} if known else {}), self.room.clock.now()))

    async def wake(self, seconds: float) -> None:
        """So much later, what is due is seen to."""
        self.room.clock.forward(seconds)
        await self.apply(Woken(subject=self.id))

    async def apply(self, message: Any) -> None:
        """One message to the ledger; its state is what is read from then on."""
        (outcome,) = await self.room.ledger.apply([message])
        assert not outcome.problem, outcome.problem
        self.room.requests.states[self.id] = outcome.state

    async def _http(self, action: str, body: Json, key: str | None, by: str) -> None:
        method, path = PATHS.get(action, ("POST", ""))
        address = "/v1/requests" if action == "submit" else f"/v1/requests/{self.id}{path}"
        headers = {"Authorization": f"Bearer {by}"} | ({"Idempotency-Key": key} if key else {})
        answer = await self.client.request(method, address, json=body, headers=headers)
        assert answer.status_code < 500, answer.text

    async def _batch(self, action: str, body: Json, _key: str | None, by: str) -> None:
        self._offset += 1  # so that no line is the same command as one before
        line = {"action": action, "body": self._named(action, body)}
        headers = {"Authorization": f"Bearer {by}", "Content-Type": "application/jsonl"}
        answer = await self.client.post(
            "/v1/requests:batch", content=json.dumps(line).encode() + b" " * self._offset, headers=headers
        )
        assert answer.status_code == 200, answer.text

    async def _topic(self, action: str, body: Json, key: str | None, by: str) -> None:
        self._offset += 1
        topic = "backline.inbound.v1"
        if action == "waive":
            topic, body = inbound_of(self.body["business_unit"]).name, {"by": by.removeprefix("dev-person-")} | body
        headers = [("action", action.encode()), *([("idempotency-key", key.encode())] if key else [])]
        value = orjson.dumps(self._named(action, body))
        record = Record(topic=topic, partition=0, offset=self._offset, key=b"k", headers=tuple(headers), value=value)
        await self.inbound.handle([record])

    async def _mail(self, action: str, body: Json, _key: str | None, by: str) -> None:
        self._offset += 1
        request = self.room.requests.states[self.id].request
        assert request is not None, "only what has a requester is answered by mail"
        person = by.removeprefix("dev-person-") if action == "waive" else request.requester.id
        sender = f"{person.lower()}@firm.example"
        lines = {
            "withdraw": f"撤回：{body.get('reason')}",
            "waive": f"豁免：{body.get('precondition')} 原因：{body.get('reason')}",
        }.get(action) or _lines(body)
        named = {"Subject": f"Re: {number_of(self.id)}", "Message_ID": f"<again{self._offset}@firm.example>", "From": sender}
        await self.mails.take(
            a_mail(lines, more=PASSED, **named), envelope_sender=sender, recipients=["support@backline.example"]
        )

    def _named(self, action: str, body: Json) -> Json:
        """Where the address does not say which request it is, the body does."""
        identity = {key: self.body[key] for key in ("business_unit", "source")}
        return body if action == "submit" else identity | body


def _lines(body: Json) -> str:
    """A patch as people write it."""
    words = {"priority": {"high": "高", "urgent": "紧急"}}
    said = [f"紧急程度：{words['priority'][body['priority']]}"] if "priority" in body else []
    return "\n".join([*said, *(f"期望目的：{purpose}" for purpose in [body.get("details", {}).get("purpose")] if purpose)])
