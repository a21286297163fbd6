"""Every query of the dashboard and of the alert rules finds what it asks for in what the running stack tells."""

import asyncio
from collections import defaultdict

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from infra.demo.sample import directory, wave
from infra.stack import Stack
from tests.e2e.front import Front
from tests.infra.monitoring import ADDED, OUTSIDE, Query, queries

SERVICES = ("intake", "routing", "notify", "documents")
ONLY_IN_TROUBLE = frozenset(
    {
        "backline_commit_failures_total",
        "backline_dead_letters_total",
        "backline_forks_total",
        "backline_gaps_asked_total",
        "backline_parked_total",
        "backline_publish_failures_total",
        "backline_reconcile_failures_total",
        "backline_reconciled_total",
        "backline_service_levels_total",
        "backline_stale_writes_total",
    }
)
"""What a healthy stack may have no sample of: declared, with labels, and not yet counted."""
SECONDS = 120


async def told(stack: Stack, client: httpx.AsyncClient) -> tuple[dict[str, set[str]], set[str]]:
    """Of all services: sample name → the labels it has, and the counters that are declared."""
    labels: dict[str, set[str]] = defaultdict(set)
    declared: set[str] = set()
    for service in SERVICES:
        text = (await client.get(f"{stack.url(service)}/metrics")).text
        for family in text_string_to_metric_families(text):
            declared.add(f"{family.name}_total" if family.type == "counter" else family.name)
            for sample in family.samples:
                labels[sample.name] |= sample.labels.keys()
    return labels, declared


def unanswered(asked: list[Query], labels: dict[str, set[str]], declared: set[str]) -> list[str]:
    """What is asked for and not told: (where: metric), or (where: label)."""
    missing = []
    for query in asked:
        names = query.names - OUTSIDE
        known = {name for name in names if name in labels or (name in ONLY_IN_TROUBLE and name in declared)}
        missing += [f"{query.where}: {name}" for name in sorted(names - known)]
        if names <= labels.keys():
            shown = set().union(*(labels[name] for name in names)) | ADDED
            missing += [f"{query.where}: {label}" for label in sorted(query.labels - shown)]
    return missing


@pytest.mark.stack
@pytest.mark.timeout(400)
async def test_every_query_is_answered_by_the_running_stack(stack: Stack) -> None:
    message = next(one for one in wave("first-wave") if one.type == "tools.company" and one.expect == "accepted")
    async with httpx.AsyncClient(timeout=30) as client:
        front = Front(stack, client)
        await front.employ(directory())
        assert (await front.send("submit", message.body))["outcome"] == "accepted"
        await front.complete({"business_unit": message.unit, **message.body["source"]})
        asked = list(queries())
        assert len(asked) > 15
        missing = ["nothing was looked at"]
        for _ in range(SECONDS):
            labels, declared = await told(stack, client)
            if not (missing := unanswered(asked, labels, declared)):
                break
            await asyncio.sleep(1)
    assert missing == []
    control = Query("a query that nobody answers", "sum(rate(backline_nobody_says_total[5m]))")
    assert unanswered([control], labels, declared) == ["a query that nobody answers: backline_nobody_says_total"]
