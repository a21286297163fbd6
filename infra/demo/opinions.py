"""Reviewers of the sample: each gives an opinion when it is their turn, on the wording they have read."""

from typing import Any

import httpx

OPINION = {"opinion": "approve", "text": "同意按申请执行"}
MOST_STEPS = 12


async def give_opinions(client: httpx.AsyncClient, address: str, reader: dict[str, str]) -> bool:
    """Have everybody whose turn it is approve the request at `address`, step by step; whether its review has ended.

    `reader` are the headers with which the review is read.
    """
    for _ in range(MOST_STEPS):
        answer = await client.get(f"{address}/review", headers=reader)
        review: dict[str, Any] = answer.json() if answer.is_success else {}
        if review.get("outcome") is not None:
            return True
        if not review.get("asked"):
            return False
        for person in review["asked"]:
            await opine(client, address, person, review["version"])
    return False


async def opine(client: httpx.AsyncClient, address: str, person: str, version: int) -> httpx.Response:
    """One person's approval of one version of the request, which repeated is still one."""
    key = f"{address.rpartition('/')[2]}-opine-{version}-{person}"
    headers = {"Authorization": f"Bearer dev-person-{person}", "Idempotency-Key": key}
    return await client.post(f"{address}/opine", headers=headers, json={**OPINION, "version": version})
