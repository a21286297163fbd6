"""On Apache Kafka with users and ACLs: each service writes its own topics alone, each unit its own; without ACLs they write others'."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from infra.acls import principal_of
from infra.demo import sample
from infra.embedded.programs import Program
from infra.stack import SERVICE_TOKEN, Stack
from shared.messaging.consumer import Consumer, Subscription
from shared.messaging.producer import Producer
from shared.messaging.security import Security
from shared.messaging.wire import Record
from shared.schemas.topics import REQUEST_TOPICS, inbound_of, verdicts_of
from tests.component.messaging.kafka_build import until
from tests.infra.secured_kafka import SecuredCluster, password_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(560)]
UNITS = ("east", "north")
PATIENCE_SECONDS = 180.0
ROUTING = REQUEST_TOPICS["routing"].name


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def secured(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecuredCluster]:
    cluster = SecuredCluster(tmp_path_factory.mktemp("secured"), jars, UNITS)
    await cluster.start()
    yield cluster
    await cluster.stop()


async def may_write(cluster: SecuredCluster, user: str, topic: str) -> bool:
    producer = Producer(cluster.address, user, cluster.security(user))
    try:
        return (await producer.send(topic, [(b"key", b"{}", [])])) == [True]
    finally:
        await producer.stop()


class Lent:
    """A broker that runs already and goes on after the stack."""

    remembers = True
    programs = ()

    def __init__(self, address: str) -> None:
        self.address = address

    async def start(self) -> None:
        """It runs."""

    async def stop(self) -> None:
        """It goes on."""

    def kill(self) -> None:
        """It is not ours."""


class SecuredStack(Stack):
    """The local stack on a broker that asks who everybody is; each service says so by its own settings."""

    def __init__(self, folder: Path, cluster: SecuredCluster) -> None:
        self._cluster = cluster
        super().__init__(folder, clock="2027-03-01T09:00:00+08:00", say=lambda _text: None)
        self.broker = Lent(cluster.address)

    def _environment(self, name: str) -> dict[str, str]:
        service = name.rsplit("-", 1)[0]
        password = self.folder / f"password-of-{service}"
        self.folder.mkdir(parents=True, exist_ok=True)
        password.write_text(f"{password_of(service)}\n")
        return super()._environment(name) | {
            "BACKLINE_BROKER": self._cluster.address,
            "BACKLINE_KAFKA_SECURITY": "SASL_SSL",
            "BACKLINE_KAFKA_PASSWORD_FILE": str(password),
            "BACKLINE_KAFKA_CA_FILE": str(self._cluster.ca_file),
            "BACKLINE_INBOUND_UNITS": ",".join(UNITS),
            "BACKLINE_INBOUND_SHARED": "false",
        }

    async def _until_ready(self, name: str, program: Program) -> None:
        await program.wait_until_answers(f"http://127.0.0.1:{self.ports[name]}/readyz", PATIENCE_SECONDS)


async def answered(cluster: SecuredCluster, unit: str, body: Any, key: bytes) -> Any:
    """The verdict on a record that `unit` writes to its own topic."""
    heard: list[Any] = []

    async def listen(records: Any) -> None:
        heard.extend(orjson.loads(record.value) for record in records if record.header("idempotency-key") == key.decode())

    user = principal_of(unit)
    producer = Producer(cluster.address, user, cluster.security(user))
    subscription = Subscription(topics=(verdicts_of(unit),), handle=listen, group=f"{user}.crm")
    consumer = Consumer(cluster.address, user, [subscription], security=cluster.security(user))
    try:
        await consumer.run()
        headers = [("action", b"submit"), ("idempotency-key", key)]
        assert await producer.send(inbound_of(unit).name, [(key, orjson.dumps(body), headers)]) == [True]
        await until(lambda: bool(heard), 60)
    finally:
        await consumer.stop()
        await producer.stop()
    return heard[0]


async def test_everything_works_with_the_generated_acls_and_each_unit_is_answered_alone(secured: SecuredCluster, tmp_path: Path):
    stack = SecuredStack(tmp_path / "stack", secured)
    messages = {message.unit: message for message in reversed(sample.wave("first-wave")) if message.expect == "accepted"}
    try:
        await stack.start()
        async with httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {SERVICE_TOKEN}"}) as client:
            await client.post(f"{stack.url('intake')}/v1/people:import", content=sample.directory())
            verdict = await answered(secured, "north", messages["north"].body, b"k1")
            assert verdict["outcome"] == "accepted", verdict
            pretended = await answered(secured, "east", messages["north"].body, b"k2")
            assert (pretended["outcome"], pretended["problem"]["code"], pretended["id"]) == ("refused", "not_your_unit", None)
            await _heard_by_all(stack, client, verdict["id"])
    finally:
        await stack.stop()
    logs = "".join(file.read_text(errors="replace") for file in (tmp_path / "stack" / "log").glob("*.log"))
    assert len(logs) > 1000
    assert "secret-of-" not in logs


async def _heard_by_all(stack: Stack, client: httpx.AsyncClient, request: str) -> None:
    """Routing, documents and notify hear of it, and intake hears them: all over Kafka."""
    for service, view in (("routing", "/assignment"), ("notify", "/notifications"), ("documents", "/documents")):
        address = f"{stack.url(service)}/v1/requests/{request}{view}"

        async def known(address: str = address) -> bool:
            return (await client.get(address)).status_code == 200

        await _until(known)

    async def told() -> bool:
        timeline = (await client.get(f"{stack.url('intake')}/v1/requests/{request}")).json()["timeline"]
        return {"intake", "routing", "notify"} <= {moment["source"] for moment in timeline}

    await _until(told)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(90):
        while not await condition():
            await asyncio.sleep(0.2)


async def test_nobody_writes_what_is_anothers_nor_reads_anothers_verdicts(secured: SecuredCluster):
    assert await may_write(secured, "routing", ROUTING)
    for user in ("intake", "notify", "documents", principal_of("east")):
        assert not await may_write(secured, user, ROUTING), user
    assert await may_write(secured, principal_of("north"), inbound_of("north").name)
    assert not await may_write(secured, principal_of("east"), inbound_of("north").name)
    heard: list[Record] = []

    async def listen(records: Any) -> None:
        heard.extend(records)

    user = principal_of("east")
    subscription = Subscription(topics=(verdicts_of("north"),), handle=listen, group=f"{user}.crm")
    assert await may_write(secured, "intake", verdicts_of("north").name)
    consumer = Consumer(secured.address, user, [subscription], security=secured.security(user))
    with pytest.raises(TimeoutError):
        await _started(consumer, lambda: bool(heard))
    assert heard == []


async def _started(consumer: Consumer, done: Any) -> None:
    running = asyncio.create_task(consumer.run())
    try:
        await until(done, 8)
    finally:
        running.cancel()
        await consumer.stop()


async def test_a_wrong_password_and_an_unknown_certificate_are_refused(secured: SecuredCluster, tmp_path: Path):
    right = secured.security("routing")
    for wrong in (
        Security(protocol="SASL_SSL", username="routing", password="guessed", ca_file=right.ca_file),
        Security(protocol="SASL_SSL", username="routing", password=right.password),
    ):
        producer = Producer(secured.address, "routing", wrong)
        assert await producer.send(ROUTING, [(b"key", b"{}", [])]) == [False]
        await producer.stop()


async def test_without_acls_a_service_writes_anothers_topic(jars: Path, tmp_path: Path):
    cluster = SecuredCluster(tmp_path / "open", jars, UNITS, authorized=False)
    await cluster.start()
    try:
        assert await may_write(cluster, "documents", ROUTING)
        assert await may_write(cluster, principal_of("east"), inbound_of("north").name)
    finally:
        await cluster.stop()
