"""On a mongod that asks everybody who they are: a user per service, with its own database and no other; services run as them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure
from typer.testing import CliRunner

from infra.cli import app
from infra.database_users import created, database_of, uri_of, user_of
from infra.demo import sample
from infra.embedded import Mongod
from infra.embedded.programs import Program
from infra.stack import SERVICE_TOKEN, Stack
from shared.schemas.envelope import SOURCES
from shared.storage import BlobStore, connect, ensure_safe

pytestmark = [pytest.mark.stack, pytest.mark.timeout(560)]
UNAUTHORIZED = 13
PATIENCE_SECONDS = 180.0
PASSWORDS = {service: f"p@ss/{service}:{secrets.token_urlsafe(8)}" for service in SOURCES}
ROOT = {"createUser": "root", "pwd": "root-of-this-test", "roles": ["root"]}


class AskingMongod(Mongod):
    """Started with --auth and a key file, as its members know each other by."""

    def _member(self, place: int, folder: Path) -> Program:
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / "key"
        key.write_text(secrets.token_hex(64))
        key.chmod(0o600)
        plain = super()._member(place, folder)
        return Program("mongod", [*plain._command, "--auth", "--keyFile", str(key)], log=folder / "log" / "mongod.log")

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    def uri_of(self, service: str) -> str:
        return uri_of(service, PASSWORDS[service], self.host)

    async def make_users(self) -> None:
        """The first user by the localhost exception, the services' by what `backline database-users` prints."""
        first: Any = AsyncIOMotorClient(f"mongodb://{self.host}/?directConnection=true")
        await first.admin.command(ROOT)
        first.close()
        root: Any = AsyncIOMotorClient(f"mongodb://root:{ROOT['pwd']}@{self.host}/?directConnection=true")
        for service, password in PASSWORDS.items():
            await root.admin.command(user_of(service, password))
        root.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AskingMongod]:
    mongod = AskingMongod(tmp_path_factory.mktemp("asking"))
    await mongod.start()
    await mongod.make_users()
    yield mongod
    await mongod.stop()


@pytest.mark.parametrize("service", SOURCES)
async def test_a_service_uses_its_own_database_and_no_other(asking: AskingMongod, service: str):
    client = connect(asking.uri_of(service))
    try:
        await ensure_safe(client)
        own = client[database_of(service)]
        await own["requests"].insert_one({"n": 1})
        await own["requests"].create_index("n")
        await BlobStore(own).put(b"content", name="f", media_type="text/plain")
        for other in {*map(database_of, SOURCES), "admin", "local"} - {database_of(service)}:
            for attempt in (client[other]["requests"].find_one({}), client[other]["requests"].insert_one({"n": 2})):
                with pytest.raises(OperationFailure) as refused:
                    await attempt
                assert refused.value.code == UNAUTHORIZED
        assert set(await client.list_database_names()) <= {database_of(service)}
    finally:
        client.close()


async def test_without_a_user_nothing_is_read_and_with_a_wrong_password_neither(asking: AskingMongod):
    for uri in (asking.uri, uri_of("intake", "guessed", asking.host)):
        client = connect(uri)
        with pytest.raises(OperationFailure):
            await client[database_of("intake")]["requests"].find_one({})
        client.close()


async def test_where_nobody_is_asked_any_database_is_read(mongo_uri: str):
    client = connect(mongo_uri)
    assert await client["backline_of_somebody_else"]["requests"].find_one({}) is None
    client.close()


class Lent:
    """A database that runs already and goes on after the stack."""

    programs = ()

    def __init__(self, uri: str) -> None:
        self.uri = uri

    async def start(self) -> None:
        """It runs."""

    async def stop(self) -> None:
        """It goes on."""


class AskedStack(Stack):
    """The local stack, each service with its own user."""

    def __init__(self, folder: Path, mongod: AskingMongod) -> None:
        self._users = mongod
        super().__init__(folder, clock="2027-03-01T09:00:00+08:00", say=lambda _text: None, mongod=Lent(mongod.uri))  # type: ignore[arg-type]

    def _environment(self, name: str) -> dict[str, str]:
        return super()._environment(name) | {"BACKLINE_MONGO_URI": self._users.uri_of(name.rsplit("-", 1)[0])}

    async def _until_ready(self, name: str, program: Program) -> None:
        await program.wait_until_answers(f"http://127.0.0.1:{self.ports[name]}/readyz", PATIENCE_SECONDS)


async def test_the_services_run_as_their_users(asking: AskingMongod, tmp_path: Path):
    stack = AskedStack(tmp_path / "stack", asking)
    body = next(message.body for message in sample.wave("first-wave") if message.expect == "accepted")
    try:
        await stack.start()
        async with httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {SERVICE_TOKEN}"}) as client:
            await client.post(f"{stack.url('intake')}/v1/people:import", content=sample.directory())
            answer = await client.post(f"{stack.url('intake')}/v1/requests", json=body)
            assert answer.status_code == 202, answer.text
            address = f"{stack.url('notify')}/v1/requests/{answer.json()['id']}/notifications"
            async with asyncio.timeout(120):
                while "sent" not in (await client.get(address)).text:
                    await asyncio.sleep(0.2)
    finally:
        await stack.stop()
    logs = "".join(file.read_text(errors="replace") for file in (tmp_path / "stack" / "log").glob("*.log"))
    assert not [password for password in PASSWORDS.values() if password in logs]


def test_the_command_prints_what_makes_the_users_and_keeps_each_uri_for_its_owner(tmp_path: Path):
    run = CliRunner().invoke(
        app, ["database-users", "--folder", str(tmp_path / "secrets"), "--replica-set", "db1:27017,db2:27017"]
    )
    assert run.exit_code == 0, run.output
    assert run.output.count("createUser") == len(SOURCES)
    for service in SOURCES:
        file = tmp_path / "secrets" / f"mongo-{service}.uri"
        assert file.stat().st_mode & 0o077 == 0
        connect(file.read_text().strip()).close()
        assert f'"db": "backline_{service}"' in run.output
    again = CliRunner().invoke(app, ["database-users", "--folder", str(tmp_path / "secrets")])
    assert again.exit_code == 1
    assert "exist" in again.output.lower()
    assert created({"intake": "x"}).startswith("db.getSiblingDB('admin')")
