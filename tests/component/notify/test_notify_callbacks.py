"""Callbacks over real sockets, from the event in the ledger to the receiver: signed, repeated with one identity, given up, sent again."""

import json
from functools import partial
from typing import Any

import pytest

from services.notify.channels.callback import FAILING_AFTER, SCHEDULE
from services.notify.undelivered import Undelivered
from shared.callbacks.secrets import key_of, shown
from shared.schemas.callbacks import CallbackPayload
from shared.storage import Database
from tests.component.notify.callback_receiver import (
    Behaviour,
    Receiver,
    answering,
    babbling,
    dripping_body,
    dripping_headers,
    endless_headers,
    huge,
    resetting,
    resetting_in_the_body,
    signed_by,
    silent,
)
from tests.component.notify.callback_stage import MASTER, Stage, a_callback, a_dialler, until, working
from tests.unit.notify.notify_build import (
    NOW,
    coordinator_assigned,
    document_rendered,
    returned,
    submitted,
    supporters_assigned,
    work_accepted,
    work_completed,
)

pytestmark = pytest.mark.stack
STORY = (submitted(), coordinator_assigned(), supporters_assigned(), work_accepted(), document_rendered(), work_completed())
HAPPENED = ["accepted", "coordinated", "assigned", "working", "ready", "completed"]
SECRET = shown(key_of(MASTER, "east", "crm", 1))


def stage_of(database: Database, *receivers: Receiver, timeout: float = 2.0, slots: int = 64, **changes: Any) -> Stage:
    callbacks = [a_callback(receiver, id=f"crm{place or ''}", **changes) for place, receiver in enumerate(receivers)]
    return Stage(database["requests"], *callbacks, dialler=a_dialler(*receivers, timeout=timeout), slots=slots)


async def test_every_state_change_reaches_the_unit_once_signed_and_in_the_contracts_form(mongo_database: Database):
    async with Receiver(tls=True) as receiver:
        stage = stage_of(mongo_database, receiver)
        await stage.hear(*STORY)
        async with working(stage, pace=1):
            await until(lambda: len(receiver.received) == len(STORY))
        assert len(set(receiver.ids)) == len(STORY)
        for headers, body in receiver.received:
            assert signed_by(SECRET, headers, body)
            assert 0 <= int(headers["webhook-timestamp"]) - int(NOW.timestamp()) <= 10
            assert headers["request-line"] == "POST /hook?t=1 HTTP/1.1"
            assert headers["host"] == f"hooks.unit.example:{receiver.port}"
            assert CallbackPayload.model_validate_json(body).model_dump(mode="json", exclude_defaults=True) == json.loads(body)
            assert len(body) < 1000
        for text in ("水务", "示例", "anna", "asker", "调研", "@", "counterparts"):
            assert text not in b"".join(body for _, body in receiver.received).decode()


async def test_sequence_tells_the_order_even_when_what_came_first_comes_last(mongo_database: Database):
    async with Receiver(behaviours=[answering(500), answering(204)]) as receiver:
        stage = stage_of(mongo_database, receiver)
        await stage.hear(STORY[0])
        async with working(stage, pace=4):
            await until(lambda: len(receiver.received) == 1)
            await stage.hear(*STORY[1:])
            await until(lambda: len(receiver.received) == len(STORY) + 1)
    ordered = sorted((effect["data"]["sequence"], effect["type"].split(".")[1]) for effect in receiver.effects)
    assert ordered == list(enumerate(HAPPENED, 1))
    highest, status, naive = 0, "", ""
    for _, body in receiver.received:
        data = json.loads(body)["data"]
        naive = data.get("status", naive)
        if data["sequence"] > highest:
            highest, status = data["sequence"], data.get("status", status)
    assert status == "completed"
    assert naive == "submitted"  # the control: whoever goes by the order of arrival ends where the request began


async def test_only_what_was_subscribed_to_is_sent_and_nothing_while_it_is_paused(mongo_database: Database):
    async with Receiver() as receiver:
        stage = stage_of(mongo_database, receiver, events=("request.completed", "request.returned"))
        await stage.hear(*STORY)
        await stage.hear(returned(), request="7f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c11")
        stage.directory = stage.directory.with_entries([a_callback(receiver, active=False, ended="paused")])
        await stage.hear(*STORY, request="8f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c11")
        stage.directory = stage.directory.with_entries([a_callback(receiver)])
        async with working(stage):
            await until(lambda: len(receiver.received) == 2)
    assert sorted(effect["type"] for effect in receiver.effects) == ["request.completed", "request.returned"]
    (lacking,) = [effect["data"]["lacking"] for effect in receiver.effects if "lacking" in effect["data"]]
    assert {"field": "details.purpose", "code": "missing"} in lacking


FAULTS: dict[str, Behaviour] = {
    "silence": silent,
    "a reset before the status": resetting,
    "headers that drip": dripping_headers,
    "no HTTP": babbling,
    "headers without end": endless_headers,
    "500": answering(500),
    "404": answering(404),
    "408": answering(408),
    "a redirect inside": answering(307, "Location: http://127.0.0.1:1/"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_after_a_fault_the_same_comes_again_with_the_same_identity(mongo_database: Database, fault: str):
    async with Receiver(behaviours=[FAULTS[fault], FAULTS[fault], answering(204)]) as receiver:
        stage = stage_of(mongo_database, receiver, timeout=0.3)
        await stage.hear(submitted())
        async with working(stage):
            for attempt, seconds in enumerate(SCHEDULE[:2], 1):
                await until(lambda attempt=attempt: len(receiver.received) == attempt)
                await until(partial(due_after, stage, seconds * 0.9 - 1))
                stage.clock.forward(seconds * 1.1)
            await until(lambda: done(stage))
    assert len(set(receiver.ids)) == 1
    assert len(receiver.effects) == 1
    assert len({body for _, body in receiver.received}) == 1
    times = [int(headers["webhook-timestamp"]) for headers, _ in receiver.received]
    assert times == sorted(set(times))
    assert all(signed_by(SECRET, headers, body) for headers, body in receiver.received)


async def due_after(stage: Stage, seconds: float) -> bool:
    (item,) = await stage.items()
    return item.status == "planned" and (item.due - stage.clock.now()).total_seconds() > seconds


async def done(stage: Stage) -> bool:
    return all(item.status == "done" for item in await stage.items())


@pytest.mark.parametrize("name", ["drip", "huge", "reset"])
async def test_a_status_is_enough_whatever_becomes_of_the_body(mongo_database: Database, name: str):
    taken: list[int] = []
    behaviour = {"drip": dripping_body, "huge": huge(taken), "reset": resetting_in_the_body}[name]
    async with Receiver(behaviours=[behaviour]) as receiver:
        stage = stage_of(mongo_database, receiver, timeout=1.0)
        await stage.hear(submitted())
        async with working(stage):
            await until(lambda: done(stage), seconds=5)
    assert len(receiver.received) == 1
    assert sum(taken) < 16 << 20


@pytest.mark.parametrize("status", [429, 503])
async def test_the_receiver_is_not_asked_again_before_it_wanted(mongo_database: Database, status: int):
    async with Receiver(behaviours=[answering(status, "Retry-After: 4000"), answering(204)]) as receiver:
        stage = stage_of(mongo_database, receiver)
        await stage.hear(submitted())
        async with working(stage):
            await until(lambda: due_after(stage, 3999))
            stage.clock.forward(4001)
            await until(lambda: done(stage))


async def test_what_is_given_up_is_listed_and_sent_again_under_the_same_identity(mongo_database: Database):
    async with Receiver(behaviours=[*[answering(500)] * (len(SCHEDULE) + 1), answering(204)]) as receiver:
        stage = stage_of(mongo_database, receiver)
        undelivered = Undelivered(mongo_database["requests"])
        await undelivered.prepare()
        await stage.hear(submitted())
        async with working(stage):
            for attempt, seconds in enumerate(SCHEDULE, 1):
                await until(lambda attempt=attempt: len(receiver.received) == attempt)
                await until(lambda: due_after(stage, 1))
                assert await undelivered.of("east") == []
                stage.clock.forward(seconds * 1.1)
            await until(lambda: undelivered.count("east"))
            (given,) = await undelivered.of("east")
            assert (given.callback, given.type, given.attempts) == ("crm", "request.accepted", len(SCHEDULE) + 1)
            assert "500" in given.problem
            assert "127.0.0.1" not in given.problem
            assert await undelivered.of("west") == await undelivered.of("east", callback="erp") == []
            assert (await stage.resolve(given.delivery)).refusal is None
            await until(lambda: done(stage))
        assert await undelivered.count("east") == 0
    assert set(receiver.ids) == {given.delivery}
    assert len(receiver.received) == len(SCHEDULE) + 2
    found = [told for told in stage.tells.told if told[0] == "failing"]
    assert found == [("failing", given.delivery)] * (len(SCHEDULE) + 2 - FAILING_AFTER)


async def test_410_ends_the_callback_once_that_is_on_record(mongo_database: Database):
    async with Receiver(behaviours=[answering(410)]) as receiver:
        stage = stage_of(mongo_database, receiver)
        stage.tells.able = False
        await stage.hear(submitted())
        async with working(stage):
            await until(lambda: due_after(stage, 4))
            stage.tells.able = True
            stage.clock.forward(6)
            await until(lambda: failed(stage))
        stage.directory = stage.directory.with_entries([a_callback(receiver, active=False, ended="gone")])
        await stage.hear(coordinator_assigned())
    assert [told for told, _ in stage.tells.told] == ["gone", "gone"]
    assert len(await stage.items()) == 1


async def failed(stage: Stage) -> bool:
    return [item.status for item in await stage.items()] == ["failed"]


async def test_what_was_planned_for_a_callback_that_has_ended_since_is_not_sent(mongo_database: Database):
    async with Receiver() as receiver:
        stage = stage_of(mongo_database, receiver)
        await stage.hear(submitted())
        stage.directory = stage.directory.with_entries([a_callback(receiver, active=False, ended="removed")])
        async with working(stage):
            await until(lambda: failed(stage))
    assert receiver.received == []


async def test_a_secret_that_was_turned_signs_beside_the_old_one_for_a_day(mongo_database: Database):
    async with Receiver() as receiver:
        stage = stage_of(mongo_database, receiver, version=2, turned_at=NOW)
        await stage.hear(submitted())
        async with working(stage):
            await until(lambda: done(stage))
            stage.clock.forward(86400)
            await stage.hear(coordinator_assigned())
            await until(lambda: len(receiver.received) == 2)
    old, new = SECRET, shown(key_of(MASTER, "east", "crm", 2))
    during, later = receiver.received
    assert signed_by(old, *during)
    assert signed_by(new, *during)
    assert signed_by(new, *later)
    assert not signed_by(old, *later)


async def test_an_address_that_is_silent_holds_up_neither_mails_nor_other_callbacks(mongo_database: Database):
    requests = [f"{number:08x}-3f0e-5d7b-9a64-0b5b8a1f2c11" for number in range(40)]
    async with Receiver(behaviours=[silent]) as dead, Receiver() as live:
        stage = stage_of(mongo_database, dead, live, timeout=5.0)
        for request in requests:
            await stage.hear(submitted(), request=request)
        async with working(stage, pace=10):
            await until(lambda: len(live.received) == len(requests) == len(stage.mailed), seconds=5)
            assert dead.most_at_once <= 4
            assert len(dead.received) <= 8
        for request in requests:  # whoever found no place has not tried
            assert all(item.attempt - item.spent <= 1 for item in await stage.items(request))


async def test_without_the_bound_the_silent_address_takes_every_place(mongo_database: Database, monkeypatch: pytest.MonkeyPatch):
    """The control of the test above."""
    monkeypatch.setattr("services.notify.channels.endpoints.MOST_EACH", 1000)
    requests = [f"{number:08x}-3f0e-5d7b-9a64-0b5b8a1f2c11" for number in range(80)]
    async with Receiver(behaviours=[silent]) as dead:
        stage = stage_of(mongo_database, dead, timeout=3.0, slots=16)
        stage.callbacks._endpoints._most = stage.callbacks._endpoints._most_of_unit = 1000
        for request in requests:
            await stage.hear(submitted(), request=request)
        async with working(stage):
            await until(lambda: dead.most_at_once >= 12)
            assert len(stage.mailed) < len(requests)


async def test_without_a_subscription_nothing_is_planned_and_nothing_is_looked_up(mongo_database: Database):
    stage = Stage(mongo_database["requests"], dialler=a_dialler())
    await stage.hear(*STORY)
    assert await stage.items() == []
