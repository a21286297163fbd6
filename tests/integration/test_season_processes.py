"""A season declared by the command: it begins by itself while routing was away, and those concerned are told, over the brokers."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml
from click.testing import Result
from typer.testing import CliRunner

from infra.brokers import BrokerKind
from infra.cli import app
from shared.schemas.seasons import SEASONS
from shared.storage import Database, connect
from tests.integration.processes import SERVICE, TOKEN, service
from tests.on_kafka import a_broker

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
SECONDS = 30
PEOPLE = {
    "business_units": [{"code": "east", "name": {"zh": "华东", "en": "East"}}],
    "people": [
        {"id": "leader", "name": "L", "email": "l@east.example", "business_unit": "east", "roles": ["bu_leader"]},
        {"id": "anna", "name": "A", "email": "a@east.example", "business_unit": "east", "roles": ["presales_engineer"]},
    ],
}


@pytest_asyncio.fixture(loop_scope="session")
async def own_broker(broker_kind: BrokerKind, tmp_path: Path) -> AsyncIterator[str]:
    broker = a_broker(broker_kind, tmp_path / "broker")
    await broker.start()
    yield broker.address
    await broker.stop()


async def run(routing: str, *arguments: str) -> Result:
    runner = CliRunner(env={"BACKLINE_TOKEN": TOKEN, "COLUMNS": "200"})
    return await asyncio.to_thread(runner.invoke, app, ["season", *arguments, "--url", routing])


async def told(database: Database, wanted: int) -> list[tuple[str, str]]:
    """(template, recipient) of what notify has planned of seasons, once there are so many."""
    async with asyncio.timeout(SECONDS):
        while True:
            stored: Any = await database["seasons"].find_one({"_id": SEASONS}, {"state.deliveries": 1})
            found = (stored or {}).get("state", {}).get("deliveries", {})
            if len(found) >= wanted:
                return sorted((one["template"], one["recipient"]) for one in found.values())
            await asyncio.sleep(0.1)


async def known_there(routing: str) -> None:
    """Routing knows the unit once it refuses a season of it for its time alone."""
    far = ("declare", "x", "--unit", "east", "--from", "2099-01-01", "--to", "2099-01-02")
    async with asyncio.timeout(SECONDS):
        while "366" not in (await run(routing, *far)).output:
            await asyncio.sleep(0.2)


async def declared_at(client: httpx.AsyncClient, routing: str) -> datetime:
    """The services' own time, as an answer names it."""
    params = {"type": "tech.survey", "business_unit": "east"}
    answer = await client.get(f"{routing}/v1/estimate", params=params, headers=SERVICE)
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["at"])


async def test_a_season_begins_while_routing_is_away_and_everybody_concerned_is_told(
    tmp_path: Path, mongo_uri: str, own_broker: str
) -> None:
    names = {one: f"test_{one}_{uuid.uuid4().hex}" for one in ("intake", "routing", "notify")}
    parts: dict[str, Any] = {"mongo_uri": mongo_uri, "broker": own_broker}
    client_of = connect(mongo_uri)
    async with (
        service("intake", tmp_path, database=names["intake"], **parts) as intake,
        httpx.AsyncClient(timeout=60) as client,
    ):
        content = yaml.safe_dump(PEOPLE, allow_unicode=True).encode()
        assert (await client.post(f"{intake}/v1/people:import", content=content, headers=SERVICE)).status_code == 200
        linked = {"BACKLINE_INTAKE_URL": intake}
        async with service("routing", tmp_path, database=names["routing"], settings=linked, **parts) as routing:
            await known_there(routing)
            starts = await declared_at(client, routing) + timedelta(minutes=2)
            ends = starts + timedelta(hours=8)
            declared = await run(
                routing, "declare", "春标", "--unit", "east", "--from", starts.isoformat(), "--to", ends.isoformat()
            )
            assert declared.exit_code == 0, declared.output
            assert "declared" in declared.output
        later = {**linked, "BACKLINE_CLOCK": (starts + timedelta(minutes=5)).isoformat()}  # it has begun while nobody was there
        async with (
            service("routing", tmp_path, database=names["routing"], settings=later, **parts) as routing,
            service("notify", tmp_path, database=names["notify"], settings={**linked, "BACKLINE_ROUTING_URL": routing}, **parts),
        ):
            database = client_of[names["notify"]]
            assert await told(database, 1) == [("season_began", "leader")]
            season = re.search(r"S[0-9a-f]{11}", declared.output)
            assert season is not None
            ended = await run(routing, "end", season[0], "--reason", "已开标")
            assert ended.exit_code == 0, ended.output
            assert await told(database, 2) == [("season_began", "leader"), ("season_ended", "leader")]
            heads = await client.get(f"{routing}/internal/heads", params={"ledger": "seasons"}, headers=SERVICE)
            assert [head["sequence"] for head in heads.json()] == [3]
    for name in names.values():
        await client_of.drop_database(name)
    client_of.close()
