"""A key issued by the command opens every service's addresses, and a revoked one none, within seconds, over the people topic."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from click.testing import Result
from typer.testing import CliRunner

from infra.brokers import BrokerKind
from infra.cli import app
from shared.storage import connect
from tests.builders import a_body
from tests.integration.processes import SERVICE, TOKEN, service
from tests.integration.test_intake_process import _import_people
from tests.on_kafka import a_broker

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
SECONDS = 5
"""Within which a key opens, and a revoked one closes, another service."""


@pytest_asyncio.fixture(loop_scope="session")
async def own_broker(broker_kind: BrokerKind, tmp_path: Path) -> AsyncIterator[str]:
    broker = a_broker(broker_kind, tmp_path / "broker")
    await broker.start()
    yield broker.address
    await broker.stop()


def run(intake: str, *arguments: str) -> Result:
    environment = {"BACKLINE_TOKEN": TOKEN, "COLUMNS": "200"}
    return CliRunner(env=environment).invoke(app, ["access", *arguments, "--url", intake])


def logged(folder: Path) -> str:
    """All that the processes have logged."""
    return "".join(file.read_text() for file in folder.glob("*.log"))


async def status(client: httpx.AsyncClient, url: str, token: str) -> int:
    return (await client.get(url, headers={"Authorization": f"Bearer {token}"})).status_code


async def until(client: httpx.AsyncClient, url: str, token: str, wanted: int) -> None:
    async with asyncio.timeout(SECONDS):
        while await status(client, url, token) != wanted:
            await asyncio.sleep(0.05)


async def test_a_key_opens_every_service_until_it_is_revoked(tmp_path: Path, mongo_uri: str, own_broker: str) -> None:
    names = {one: f"test_{one}_{uuid.uuid4().hex}" for one in ("intake", "routing")}
    parts = {"mongo_uri": mongo_uri, "broker": own_broker}
    async with (
        service("intake", tmp_path, database=names["intake"], **parts) as intake,
        service("routing", tmp_path, database=names["routing"], settings={"BACKLINE_INTAKE_URL": intake}, **parts) as routing,
        httpx.AsyncClient(timeout=60) as client,
    ):
        await _import_people(client, intake)
        issued = run(intake, "issue", "harbour", "crm", "--scope", "requests:read", "--scope", "requests:write", "--as", "wang")
        assert issued.exit_code == 0, issued.output
        token = issued.stdout.strip()
        found = re.fullmatch(r"bl_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", token)
        assert found, issued.output
        posted = await client.post(
            f"{intake}/v1/requests", json=a_body("tech.survey"), headers={"Authorization": f"Bearer {token}"}
        )
        assert posted.status_code == 202, posted.text
        await until(client, f"{routing}/v1/waiting", token, 200)

        listed = run(intake, "list", "harbour")
        assert found[1] in listed.output
        assert "alive" in listed.output
        assert token not in listed.output

        revoked = run(intake, "revoke", found[1], "--reason", "tried out")
        assert revoked.exit_code == 0, revoked.output
        assert await status(client, f"{intake}/v1/requests", token) == 401
        await until(client, f"{routing}/v1/waiting", token, 401)
        assert "tried out" in run(intake, "list").output
        log = logged(tmp_path)
        assert found[1] in log, "the control: the key's id is logged"
        assert token.removeprefix(f"bl_{found[1]}_") not in log
        heads = await client.get(f"{intake}/internal/heads", params={"ledger": "people"}, headers=SERVICE)
        assert heads.status_code == 200
    for name in names.values():
        await connect(mongo_uri).drop_database(name)


async def test_what_the_command_cannot_do_is_said(tmp_path: Path, mongo_uri: str, own_broker: str) -> None:
    name = f"test_{uuid.uuid4().hex}"
    async with (
        service("intake", tmp_path, mongo_uri=mongo_uri, broker=own_broker, database=name) as intake,
        httpx.AsyncClient(timeout=60) as client,
    ):
        await _import_people(client, intake)
        for _ in range(2):
            assert run(intake, "issue", "harbour", "crm").exit_code == 0
        third = run(intake, "issue", "harbour", "crm")
        assert third.exit_code == 1
        assert "two keys alive" in third.output or "两个有效密钥" in third.output
        assert run(intake, "issue", "nowhere", "crm").exit_code == 1
        assert run(intake, "revoke", "0" * 12, "--reason", "none").exit_code == 1
    await connect(mongo_uri).drop_database(name)
