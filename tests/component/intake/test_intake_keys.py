"""An Idempotency-Key names one command: one request, one answer, whoever asks how often, over HTTP, as a file and on the topic."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from services.intake.inbound import Inbound
from services.intake.reception import Submission, command_id, identity
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.wire import Record
from shared.schemas.model import Json
from shared.service.once import Wish
from shared.storage import MongoDeadLetters, MongoKeys
from tests.builders import a_body
from tests.component.intake.intake_site import Site
from tests.unit.intake.desk import ASSIGNED, COMPLETED, COORDINATED, NOT_AMENDED, WORKING

pytestmark = pytest.mark.stack
AT_ONCE = 50
REASON = {"reason": "客户推迟"}


def a_request(reference: str, **changes: Any) -> Json:
    return a_body("tech.survey", source={"system": "crm", "reference": reference}, **changes)


def a_submission(body: Json, key: str) -> Submission:
    """As POST /v1/requests tells it."""
    name = command_id("unit", "harbour", key)
    return Submission(action="submit", body=body, by="unit:harbour", filed_by="harbour", channel="http", id=name, named=True)


async def posted(site: Site, body: Json, key: str | None = "k-1", **options: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await site.ask("POST", "/v1/requests", json=body, headers=headers, **options)


async def patched(site: Site, request: str, body: Json, key: str) -> httpx.Response:
    return await site.ask("PATCH", f"/v1/requests/{request}", json=body, headers={"Idempotency-Key": key})


async def sequence(site: Site, request: str) -> int:
    """How many events intake has said of it."""
    found = await site.database["requests"].find_one({"_id": request})
    assert found is not None
    return int(found["head"])


class Watched:
    """A store of keys that counts, and whose next answer is lost with its process when `fails` is set."""

    def __init__(self, keys: MongoKeys) -> None:
        self._keys, self.asked, self.fails = keys, 0, False

    async def claim(self, name: str, wish: Json) -> Json | None:
        self.asked += 1
        return await self._keys.claim(name, wish)

    async def settle(self, name: str, answer: str, *, instead_of: str | None = None) -> str:
        self.asked += 1
        if self.fails:
            self.fails = False
            raise ConnectionError("killed before the answer was kept")
        return await self._keys.settle(name, answer, instead_of=instead_of)


# -- the race


async def test_one_key_posted_by_many_at_once_gives_one_request_and_the_same_bytes(site: Site):
    answers = await asyncio.gather(*(posted(site, a_request("R-1")) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await sequence(site, answers[0].json()["id"]) == 1
    assert (await posted(site, a_request("R-1"))).content == answers[0].content


async def test_without_a_key_the_same_race_gives_one_request_and_answers_that_differ(site: Site):
    """The control: nothing but the key makes the answers alike."""
    answers = await asyncio.gather(*(posted(site, a_request("R-1"), key=None) for _ in range(AT_ONCE)))
    assert {answer.json()["duplicate"] for answer in answers} == {True, False}
    assert await sequence(site, answers[0].json()["id"]) == 1


async def test_of_two_bodies_raced_under_one_key_one_is_taken_and_the_other_is_always_refused(site: Site):
    bodies = [a_request("R-1"), a_request("R-2")]
    answers = await asyncio.gather(*(posted(site, bodies[turn % 2]) for turn in range(AT_ONCE)))
    taken = {turn % 2 for turn, answer in enumerate(answers) if answer.status_code == 202}
    assert len(taken) == 1
    assert {answer.status_code for turn, answer in enumerate(answers) if turn % 2 not in taken} == {422}
    assert await site.database["requests"].count_documents({"state": {"$ne": None}}) == 1


# -- one name, one command


async def test_a_key_stands_for_one_body_one_operation_and_one_request(site: Site):
    first = await posted(site, a_request("R-1"))
    other = (await posted(site, a_request("R-2"), key="k-2")).json()["id"]
    request = first.json()["id"]
    again = [
        await posted(site, a_request("R-1", priority="low")),
        await posted(site, a_request("R-3")),
        await patched(site, request, a_request("R-1"), "k-1"),
        await patched(site, other, {"priority": "low"}, "k-1"),
        await site.ask("POST", f"/v1/requests/{request}/withdraw", json=REASON, headers={"Idempotency-Key": "k-1"}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in again} == {(422, "idempotency_key_reused")}
    assert [await sequence(site, one) for one in (request, other)] == [1, 1]


async def test_the_same_body_written_otherwise_is_the_same_and_the_repeat_says_that_it_is_one(site: Site):
    body = a_request("R-1")
    first = await posted(site, body)
    content = json.dumps(dict(reversed(body.items())), indent=2).encode()
    again = await site.ask("POST", "/v1/requests", content=content, headers={"Idempotency-Key": '"k-1"'})
    assert again.content == first.content
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")


async def test_one_units_key_is_not_anothers(site: Site):
    islands = a_request("R-1", business_unit="islands", requester={"id": "A3", "role": "account_manager"})
    mine, theirs = await posted(site, a_request("R-1")), await posted(site, islands, by="dev-unit-islands")
    assert (mine.status_code, theirs.status_code) == (202, 202)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_what_was_refused_may_be_tried_again_under_its_key(site: Site):
    request = (await site.submitted("R-1"))["id"]
    missing = await patched(site, "00000000-0000-0000-0000-000000000000", {"priority": "low"}, "k-1")
    assert missing.status_code == 404
    assert (await patched(site, request, {"priority": "low"}, "k-1")).status_code == 422
    assert (await patched(site, request, {"priority": "low"}, "k-2")).status_code == 202


@pytest.mark.parametrize("key", ["", " ", '""', '"open', 'in"side', "k" * 201, "\x7f", '"\\x"'])
async def test_a_key_that_is_none_is_refused(site: Site, key: str):
    answer = await site.ask("POST", "/v1/requests", json=a_request("R-1"), headers={"Idempotency-Key": key})
    assert answer.json()["code"] in {"bad_idempotency_key", "invalid_parameters"}
    assert answer.status_code in {400, 422}


async def test_two_keys_are_refused(site: Site):
    headers = [("Authorization", "Bearer dev-unit-harbour"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await site.client.post("/v1/requests", json=a_request("R-1"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


async def test_without_a_key_the_store_of_keys_is_never_asked(site: Site):
    watched = site.reception._once._keys = Watched(site.keys)
    request = (await posted(site, a_request("R-1"), key=None)).json()["id"]
    await site.ask("PATCH", f"/v1/requests/{request}", json={"priority": "low"})
    await site.ask("POST", "/v1/requests:batch", content=json.dumps(a_request("R-2")).encode())
    assert watched.asked == 0
    await posted(site, a_request("R-3"))
    assert watched.asked == 2


# -- killed on the way


async def test_a_process_killed_after_it_took_the_key_hinders_nobody(site: Site):
    body = a_request("R-1")
    name = command_id("unit", "harbour", "k-1")
    await site.keys.claim(name, Wish(name=name, operation="submit", subject=str(identity(body)), body=body).kept)
    answer = await posted(site, body)
    assert (answer.status_code, answer.json()["duplicate"]) == (202, False)


async def test_a_process_killed_before_it_kept_the_answer_is_asked_again_and_answers_as_it_would_have(site: Site):
    plain = (await posted(site, a_request("R-0"), key="k-0")).json()
    watched = site.reception._once._keys = Watched(site.keys)
    watched.fails = True
    with pytest.raises(ConnectionError):
        await site.reception.take(a_submission(a_request("R-1"), "k-1"))
    again = (await posted(site, a_request("R-1"))).json()
    differing = {name for name in plain if plain[name] != again[name]}
    assert differing <= {"id", "number"}
    assert await sequence(site, again["id"]) == 1


# -- what is decided later


async def test_an_amendment_is_answered_alike_until_routing_decides_and_then_with_what_it_decided(site: Site):
    request = (await site.submitted("R-1"))["id"]
    first = await patched(site, request, {"priority": "low"}, "k-1")
    assert first.json()["pending"] == ["amendment"]
    assert (await patched(site, request, {"priority": "low"}, "k-1")).content == first.content
    await site.hear(request, COORDINATED, ASSIGNED, WORKING, COMPLETED, NOT_AMENDED)
    for _ in range(2):
        refused = await patched(site, request, {"priority": "low"}, "k-1")
        assert (refused.status_code, refused.json()["code"]) == (409, "amendment_refused")


async def test_a_request_completed_by_sending_it_again_is_amended_in_every_answer(site: Site):
    await posted(site, a_request("R-1", details={}), key="k-1")
    first = await posted(site, a_request("R-1"), key="k-2")
    assert (first.json()["outcome"], first.json()["amended"]) == ("accepted", True)
    await site.database["idempotency_keys"].delete_many({})
    again = await posted(site, a_request("R-1"), key="k-2")
    assert again.json() == first.json(), "what the ledger knows of it gives the same answer"


# -- files and the topic


async def test_a_batch_under_a_key_is_answered_alike_and_takes_no_other_content(site: Site):
    content = b"\n".join(json.dumps(a_request(f"R-{turn}")).encode() for turn in range(3)) + b"\n{"
    sent = {"content": content, "headers": {"Idempotency-Key": "file-1"}}
    first, again = [await site.ask("POST", "/v1/requests:batch", **sent) for _ in range(2)]
    assert [json.loads(line)["outcome"] for line in first.text.splitlines()] == ["accepted"] * 3 + ["refused"]
    assert again.content == first.content
    other = await site.ask("POST", "/v1/requests:batch", **{**sent, "content": content[:-1]})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


class Broker:
    """Keeps what is said to it."""

    def __init__(self) -> None:
        self.said: list[tuple[bytes, bytes, Any]] = []

    async def send(self, _topic: str, messages: Any) -> list[bool]:
        self.said += messages
        return [True] * len(messages)


async def no_copy(_dead: Any) -> list[bool]:
    return []


def a_record(body: Json, key: str, offset: int) -> Record:
    headers = (("idempotency-key", key.encode()),)
    return Record(
        topic="backline.inbound.v1", partition=0, offset=offset, key=b"k", value=json.dumps(body).encode(), headers=headers
    )


async def test_on_the_topic_a_key_means_the_same_as_over_http(site: Site):
    broker = Broker()
    letters = DeadLetters("intake", MongoDeadLetters(site.database["dead_letters"]), no_copy, site.clock.now)
    inbound = Inbound(site.reception, letters, broker)  # type: ignore[arg-type]
    over_http = await posted(site, a_request("R-1"))
    sent = [(a_request("R-1"), "k-1"), (a_request("R-1", priority="low"), "k-1"), (a_request("R-2"), "k" * 201)]
    await inbound.handle([a_record(body, key, place) for place, (body, key) in enumerate(sent)])
    same, reused, bad = [json.loads(value) for _, value, _ in broker.said]
    assert same == over_http.json()
    assert (reused["problem"]["code"], bad["problem"]["code"]) == ("idempotency_key_reused", "bad_idempotency_key")
