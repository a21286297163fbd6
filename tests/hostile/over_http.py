"""Sends cases over HTTP: single requests, lines of batches, tables and directories."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from tests.hostile.case import Case, Seen, fields_of, outcome_of, together
from tests.hostile.ground import SERVICE, UNIT, Ground

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 100
OWN = {"Authorization": f"Bearer dev-unit-{UNIT}"}


async def one(ground: Ground, case: Case) -> Seen:
    """POST /v1/requests."""
    headers = {**OWN, "Content-Type": "application/json", **case.more.get("headers", {})}
    url = f"{ground.stack.url('intake')}/v1/requests"
    return seen_in(await ground.client.post(url, content=case.payload, headers=headers))


async def lines(ground: Ground, cases: Sequence[Case]) -> list[Seen]:
    """POST /v1/requests:batch, a case a line."""
    seen: list[Seen] = []
    for start in range(0, len(cases), CHUNK):
        chunk = cases[start : start + CHUNK]
        body = b"\n".join(case.payload for case in chunk)
        answer = await ground.client.post(f"{ground.stack.url('intake')}/v1/requests:batch", content=body, headers=OWN)
        rows = answer.text.split("\n")[:-1] if answer.is_success else []
        if len(rows) != len(chunk):
            seen += [Seen(outcome="no answer", status=answer.status_code or 599, answer=answer.text[:300])] * len(chunk)
            continue
        seen += [seen_as(json.loads(row), 200, row) for row in rows]
    return seen


async def table(ground: Ground, case: Case) -> Seen:
    """POST /v1/requests:batch with a CSV or a workbook: the outcomes of its rows."""
    kind = CSV if case.channel == "csv" else XLSX
    headers = {**OWN, "Content-Type": kind, **case.more.get("headers", {})}
    url = f"{ground.stack.url('intake')}/v1/requests:batch"
    answer = await ground.client.post(url, content=case.payload, headers=headers, params=case.more.get("query", {}))
    if not answer.is_success:
        return seen_in(answer)
    rows = [json.loads(row) for row in answer.text.split("\n") if row]
    return Seen(
        outcome=together([outcome_of(row) for row in rows]),
        requests=tuple(row["id"] for row in rows if kept(row)),
        fields=tuple(field for row in rows for field in fields_of(row)),
        status=answer.status_code,
        answer=answer.text,
    )


async def people(ground: Ground, case: Case) -> Seen:
    """POST /v1/people:import."""
    url = f"{ground.stack.url('intake')}/v1/people:import"
    answer = await ground.client.post(url, content=case.payload, headers={**SERVICE, **case.more.get("headers", {})})
    if answer.is_success:
        return Seen(outcome="accepted", status=answer.status_code, answer=answer.text)
    return seen_in(answer)


def seen_in(answer: httpx.Response) -> Seen:
    """What one answer says, a problem or not."""
    try:
        body: Any = answer.json()
    except ValueError:
        return Seen(outcome="no JSON", status=answer.status_code, answer=answer.text[:500])
    if answer.is_success:
        return seen_as(body, answer.status_code, answer.text)
    return Seen(outcome=f"refused:{body.get('code')}", status=answer.status_code, answer=answer.text)


def seen_as(answer: dict[str, Any], status: int, text: str) -> Seen:
    """One answer of intake's."""
    ids = (str(answer["id"]),) if kept(answer) else ()
    return Seen(outcome=outcome_of(answer), requests=ids, fields=fields_of(answer), status=status, answer=text)


def kept(answer: dict[str, Any]) -> bool:
    """Whether a request stands after it."""
    return bool(answer["id"]) and answer["outcome"] != "refused"
