"""Health: named checks, sync or async, each problem listed; a check that breaks or hangs is a problem itself."""

import asyncio

import httpx
from fastapi import FastAPI

from shared.telemetry.health import Health


def asking(health: Health) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(health.routes())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def well() -> None:
    return None


async def test_a_process_without_checks_is_live_and_ready():
    async with asking(Health()) as client:
        for path in ("/livez", "/readyz"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"ok": True, "problems": {}})


async def test_each_problem_is_listed_under_its_check():
    health = Health()
    health.ready("broker", lambda: "The broker has not answered yet.")
    health.ready("database", well)
    async with asking(health) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "problems": {"broker": "The broker has not answered yet."}}


async def test_not_ready_is_still_live():
    health = Health()
    health.ready("broker", lambda: "away")
    async with asking(health) as client:
        assert (await client.get("/livez")).status_code == 200


async def test_not_live_is_not_ready():
    health = Health()
    health.live("tasks", lambda: "These tasks have ended: Worker.work.")
    async with asking(health) as client:
        assert (await client.get("/livez")).status_code == 503
        assert "tasks" in (await client.get("/readyz")).json()["problems"]


async def test_a_check_that_raises_is_a_problem_without_its_message():
    async def broken() -> str | None:
        raise RuntimeError("secret")

    health = Health()
    health.ready("database", broken)
    assert await health.problems("ready") == {"database": "The check itself failed (RuntimeError)."}


async def test_a_check_that_hangs_is_a_problem_after_its_limit():
    async def hanging() -> str | None:
        await asyncio.Event().wait()
        return None

    health = Health(check_seconds=0.01)
    health.ready("database", hanging)
    assert await health.problems("ready") == {"database": "The check did not answer within 0.01 s."}


async def test_a_stopping_process_is_live_and_not_ready():
    health = Health()
    health.stop()
    assert await health.problems("live") == {}
    assert await health.problems("ready") == {"process": "The process is stopping."}


async def test_the_metrics_are_prometheus_text():
    async with asking(Health()) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE backline_stale_writes_total counter" in answer.text
