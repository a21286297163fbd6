"""Intake as a real process: durable without a broker, and one request however many senders say it at once."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import yaml

from infra.brokers import BrokerKind
from infra.embedded import free_port
from shared.storage import connect
from tests.builders import a_body, a_directory
from tests.integration.processes import SERVICE, service
from tests.on_kafka import a_broker

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]
NOBODY = f"127.0.0.1:{free_port()}"
UNIT = {"Authorization": "Bearer dev-unit-harbour"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(tmp_path_factory: pytest.TempPathFactory, mongo_uri: str) -> AsyncIterator[str]:
    """The address of an intake whose broker never was; it answers nevertheless."""
    database, folder = f"test_{uuid.uuid4().hex}", tmp_path_factory.mktemp("alone")
    async with service("intake", folder, mongo_uri=mongo_uri, broker=NOBODY, database=database, ready=False) as address:
        yield address
    await connect(mongo_uri).drop_database(database)


@pytest_asyncio.fixture(loop_scope="session")
async def fresh_broker(broker_kind: BrokerKind, tmp_path: Path) -> AsyncIterator[str]:
    """A broker of its own: the embedded one lets nobody join a group that two members have left (see docs/decisions/0007)."""
    broker = a_broker(broker_kind, tmp_path / "fresh")
    await broker.start()
    yield broker.address
    await broker.stop()


def _directory_file() -> bytes:
    directory = a_directory()
    units = [unit.model_dump(mode="json") for unit in directory.units.values()]
    people = [person.model_dump(mode="json", exclude={"leave"}) for person in directory.people.values()]
    return yaml.safe_dump({"business_units": units, "people": people}, allow_unicode=True).encode()


async def _import_people(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.post(f"{address}/v1/people:import", content=_directory_file(), headers=SERVICE)
    assert answer.status_code == 200, answer.text


async def _published(client: httpx.AsyncClient, address: str) -> float:
    lines = (await client.get(f"{address}/metrics")).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("backline_events_published_total{"))


async def test_intake_answers_while_the_broker_is_away_and_says_it_later(
    tmp_path: Path, mongo_uri: str, broker_kind: BrokerKind
) -> None:
    broker = a_broker(broker_kind, tmp_path / "late")
    database = f"test_{uuid.uuid4().hex}"
    async with (
        service("intake", tmp_path, mongo_uri=mongo_uri, broker=broker.address, database=database, ready=False) as address,
        httpx.AsyncClient(timeout=60) as client,
    ):
        await _import_people(client, address)
        answer = await client.post(f"{address}/v1/requests", json=a_body("tech.survey"), headers=UNIT)
        assert answer.status_code == 202
        assert answer.json()["outcome"] == "accepted"
        assert (await client.get(f"{address}/readyz")).status_code == 503
        assert await _published(client, address) == 0
        await broker.start()
        try:
            async with asyncio.timeout(60):
                while await _published(client, address) < 1:
                    await asyncio.sleep(0.2)
        finally:
            await broker.stop()
    await connect(mongo_uri).drop_database(database)


async def test_one_request_sent_by_many_at_once_is_one_request(tmp_path: Path, mongo_uri: str, fresh_broker: str) -> None:
    database = f"test_{uuid.uuid4().hex}"
    settings = {"mongo_uri": mongo_uri, "broker": fresh_broker, "database": database}
    async with (
        service("intake", tmp_path, **settings) as one,
        service("intake", tmp_path, **settings) as other,
        httpx.AsyncClient(timeout=60) as client,
    ):
        await _import_people(client, one)
        async with asyncio.timeout(60):
            while (await client.get(f"{other}/v1/people", headers=SERVICE)).json()["people"] == []:
                await asyncio.sleep(0.1)
        body = a_body("tech.survey")
        posts = [client.post(f"{(one, other)[turn % 2]}/v1/requests", json=body, headers=UNIT) for turn in range(40)]
        answers = [answer.json() for answer in await asyncio.gather(*posts)]
        assert {answer["outcome"] for answer in answers} == {"accepted"}
        assert len({answer["id"] for answer in answers}) == 1
        assert sum(1 for answer in answers if not answer["duplicate"]) == 1
        said = (await client.get(f"{one}/internal/events/{answers[0]['id']}", headers=SERVICE)).json()
        assert [event["type"] for event in said] == ["backline.request.submitted"]
    await connect(mongo_uri).drop_database(database)


async def test_broken_lines_among_good_ones_are_named_and_stop_nothing(alone: str) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        await _import_people(client, alone)
        good = httpx.Request("POST", alone, json=a_body("tools.company")).content
        lines = [good, b"{broken", b"[1, 2]", b'{"type": "tech.survey"}', b'{"a": 1, "a": 2}', b'{"n": "\\u0000"}', b'"\\ud800"']
        answer = await client.post(f"{alone}/v1/requests:batch", content=b"\n".join(lines), headers=UNIT)
        outcomes = [json.loads(line)["outcome"] for line in answer.text.splitlines()]
        assert outcomes == ["accepted", *["refused"] * 6]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, None),
        (b"[]", 422, "not_an_object"),
        (b'{"type": "tech.survey"}', 422, "no_identity"),
        (b"[" * 500 + b"]" * 500, 400, None),
        (b'{"x": "' + b"y" * 300_000 + b'"}', 413, None),
    ],
)
async def test_what_cannot_be_a_request_gets_a_clear_problem(alone: str, content: bytes, status: int, code: str | None) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(f"{alone}/v1/requests", content=content, headers=UNIT)
    problem = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["message"]["zh"]
    assert problem["message"]["en"]
    assert code is None or problem["code"] == code
