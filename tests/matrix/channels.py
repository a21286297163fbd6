"""Sends the realistic data, each file on the channel that it is written for, and gives every message's result."""

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator, Sequence
from email import message_from_bytes
from pathlib import Path

import httpx
from typer.testing import CliRunner

from infra.cli import app
from services.intake.mail.replies import UNKNOWN_SENDER
from shared.schemas.requests import request_id
from tests.e2e.front import Front
from tests.hostile import by_topic
from tests.hostile.case import Case, expecting
from tests.hostile.ground import Ground
from tests.matrix.comparing import DATA, Result, Row, expected_of, lines, told, wanted

CRM, ERP, OA, OA_BOOK = "requests/crm-east.jsonl", "requests/erp-north.jsonl", "requests/oa-south.csv", "requests/oa-south.xlsx"
MAILS = "requests/mail"
SUPPORT = "support@qiheng.example"
ENDED = {"submitted": "accepted", "returned": "returned", "rejected": "rejected", "amendment_requested": "accepted"}


async def over_http(ground: Ground) -> AsyncIterator[Result]:
    """The CRM's messages, each a request of its own: POST, PATCH and withdraw."""
    for message, row in zip(lines(CRM), expected_of(CRM), strict=True):
        await _completed(ground.front, row)
        answer = await _asked(ground, message)
        yield _result("HTTP", row, wanted(row), told(answer))


async def _asked(ground: Ground, message: Row) -> Row:
    body, base = message["body"], f"{ground.stack.url('intake')}/v1/requests"
    headers = {"Authorization": f"Bearer dev-unit-{body.get('business_unit') or 'east'}"}
    identity = request_id(body["business_unit"], body["source"]["system"], body["source"]["reference"])
    match message["action"]:
        case "amend":
            answer = await ground.client.patch(f"{base}/{identity}", json=body, headers=headers)
        case "withdraw":
            answer = await ground.client.post(f"{base}/{identity}/withdraw", json=body, headers=headers)
        case _:
            answer = await ground.client.post(base, json=body, headers=headers)
    return _answered(answer)


def _answered(answer: httpx.Response) -> Row:
    given: Row = answer.json()
    return given if answer.is_success else {"outcome": "refused", "duplicate": False, "problem": given}


async def over_topic(ground: Ground) -> AsyncIterator[Result]:
    """The ERP's records, in their order; a record that needs completed surveys waits until they are."""
    pending: list[tuple[Case, Row]] = []
    for record, row in zip(lines(ERP), expected_of(ERP), strict=True):
        if row.get("assumes_completed"):
            async for result in _told_of(ground, pending):
                yield result
            pending = []
            await _completed(ground.front, row)
        headers = [(name, value.encode()) for name, value in record["headers"].items()]
        more = {"key": record["key"].encode(), "headers": headers}
        raw = json.dumps(record["value"], ensure_ascii=False).encode()
        pending.append((Case(name="", group="", channel="topic", payload=raw, expect=expecting(), more=more), row))
    async for result in _told_of(ground, pending):
        yield result


async def _told_of(ground: Ground, pending: Sequence[tuple[Case, Row]]) -> AsyncIterator[Result]:
    for (_, row), seen in zip(pending, await by_topic.records(ground, [case for case, _ in pending]), strict=True):
        yield _result("topic", row, wanted(row), told(json.loads(seen.answer)) if seen.answer else {"outcome": seen.outcome})


async def over_files(ground: Ground, folder: Path) -> AsyncIterator[Result]:
    """The OA's rows by the command, as CSV, and as a workbook that says the same once more."""
    files = folder / "files"
    files.mkdir()
    for known in json.loads((DATA / "attachments" / "index.json").read_text(encoding="utf-8")).values():
        (files / known["name"]).symlink_to(DATA / known["path"])
    first: list[Row] = []
    for channel, name in (("CSV", OA), ("XLSX", OA_BOOK)):
        verdicts = await asyncio.to_thread(_imported, ground, name, files, folder / f"{channel}.jsonl")
        for place, (row, verdict) in enumerate(zip(expected_of(OA), verdicts, strict=True)):
            answer = told(verdict)
            right = wanted(row, completed=False) if channel == "CSV" else _again(first[place])
            first += [answer] if channel == "CSV" else []
            yield _result(channel, row, right, answer)


def _again(before: Row) -> Row:
    """What a message gets that was answered `before`, unchanged: the command is the same, and so is its answer."""
    return before


def _imported(ground: Ground, name: str, files: Path, out: Path) -> list[Row]:
    mapping = str(DATA / "requests" / "oa-south.mapping.yaml")
    where = ["--unit", "south", "--folder", str(ground.stack.folder), "--result", str(out)]
    run = CliRunner().invoke(app, ["import", str(DATA / name), *where, "--mapping", mapping, "--attachments", str(files)])
    assert out.exists(), run.output
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


async def over_mail(ground: Ground) -> AsyncIterator[Result]:
    """The mails, handed over one after the other; their verdicts are in the ledger, and in the answers that are sent."""
    for file in sorted((DATA / MAILS).glob("*.eml")):
        (row,) = expected_of(f"{MAILS}/{file.name}")
        await _completed(ground.front, row)
        identity = request_id(row["business_unit"] or "", row["system"], row["reference"])
        before = _events(ground, identity)
        refusal = await asyncio.to_thread(_handed_over, ground, file.read_bytes())
        yield _result("mail", row, wanted(row), refusal or _verdict(ground, identity, before))


def _events(ground: Ground, identity: str) -> list[Row]:
    document = ground.collection("intake", "requests").find_one({"_id": identity}, {"events": 1})
    return list(document["events"]) if document else []


def _verdict(ground: Ground, identity: str, before: list[Row]) -> Row:
    """What a mail came to: the event it caused, or none."""
    events = _events(ground, identity)
    if not events:
        return {"outcome": "no such request"}
    if len(events) == len(before):
        return {"outcome": "duplicate"}
    kind = events[-1]["type"].rpartition(".")[2]
    verdict = events[-1]["data"].get("verdict") or {}
    return told({"outcome": ENDED.get(kind, kind), "duplicate": False, "verdict": verdict})


def _handed_over(ground: Ground, raw: bytes) -> Row | None:
    """None when the mail was taken, else the server's refusal."""
    sender = message_from_bytes(raw)["Return-Path"] or "writer@qiheng.example"
    with smtplib.SMTP("127.0.0.1", ground.stack.ports["mail"], timeout=60) as client:
        client.ehlo()
        client.mail(sender.strip("<> "), ["BODY=8BITMIME"])
        client.rcpt(SUPPORT)
        code, words = client.data(raw)
    if code == 550 and UNKNOWN_SENDER.text.en[:30].encode() in words:  # the bounce tells who nobody knows
        return {"outcome": "rejected", "reason": "unknown_requester"}
    return None if code == 250 else {"outcome": "refused", "reason": f"{code} {words.decode('utf-8', 'replace')}"}


async def _completed(front: Front, row: Row) -> None:
    for reference in row.get("assumes_completed", ()):
        await front.complete(reference)


def _result(channel: str, row: Row, right: Row, answer: Row) -> Result:
    return Result(channel=channel, file=row["file"], line=row["line"], type=row["type"], expected=right, told=answer)
