"""The team's twenty realistic mails through the real mail room, each held against its expected outcome and its meaning."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.intake.mail.letter import Letter
from services.intake.mail.reading import read
from services.intake.mail.replies import Reply
from services.intake.reception import Submission
from shared.catalogue import JudgingContext, changes, judge, read_directory
from shared.schemas.people import Directory
from shared.schemas.requests import request_id
from tests.builders import NOW, the_pack
from tests.unit.catalogue.sample_data import lines_of, sample_folder
from tests.unit.intake.mail_build import Room

Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder() -> Path:
    return sample_folder()


def directory_in(folder: Path) -> Directory:
    units, people, problems = read_directory(yaml.safe_load((folder / "directory.yaml").read_text(encoding="utf-8")))
    assert problems == []
    return Directory().with_entries([*units, *people])


async def through(folder: Path) -> list[tuple[Row, Letter, Reply, Row, Room]]:
    """Every mail in the order of its file, after the message of another channel that one of them repeats."""
    room = Room(directory_in(folder))
    crm = lines_of(folder / "requests" / "crm-east.jsonl")[45]["body"]
    await room.reception.take(Submission(action="submit", body=crm, by="unit:east", filed_by="east", channel="http"))
    seen = []
    for row in (row for row in lines_of(folder / "expected.jsonl") if row["file"].startswith("requests/mail/")):
        raw, before = (folder / row["file"]).read_bytes(), len(room.outcomes)
        letter = read(raw)
        reply = await room.send(raw, letter.sender)
        seen.append((row, letter, reply, outcome_of(room, before), room))
    return seen


def outcome_of(room: Room, before: int) -> Row:
    """What came of a mail, in the words of expected.jsonl."""
    if len(room.outcomes) == before:
        return {"outcome": "rejected", "reason": "unknown_requester", "action": "submit"}
    outcome = room.outcomes[-1]
    if outcome.refusal is not None:
        return {"outcome": f"refused: {outcome.refusal.message.en}"}
    if not outcome.events or outcome.repeated:
        return {"outcome": "duplicate", "action": "submit"}
    event = outcome.events[-1]
    verdict = event.data["verdict"]
    got = {
        "outcome": verdict["outcome"],
        "action": "amend" if outcome.state.private.current and len(outcome.state.timeline) > 1 else "submit",
    }
    if verdict["outcome"] == "returned":
        got["fields"] = [problem["field"] for problem in verdict["problems"]]
        got["preconditions"] = [one["any_of"][0] for one in verdict["preconditions"] if one["state"] == "missing"]
    return got | ({"reason": verdict["reason"]} if verdict["outcome"] == "rejected" else {})


async def test_every_mail_has_its_expected_outcome(folder: Path):
    wrong, table = [], []
    for row, _, reply, got, room in await through(folder):
        wanted = {key: row[key] for key in got if key in row}
        table.append(f"{row['file'][-7:-4]} {row['action']:7} {row['outcome']:10} {got['outcome']:10} {reply.code}")
        if got != wanted:
            wrong.append((row["file"], wanted, got))
        if row["business_unit"] is not None:
            assert request_id(row["business_unit"], row["system"], row["reference"]) in room.requests.states, row["file"]
    print("\n" + "\n".join(table))
    assert wrong == []
    assert len(table) == 20


async def test_every_mail_means_what_it_is_meant_to(folder: Path):
    """Zeros in a budget say nothing that its other lines do not: the canonical form writes them out for visits."""
    meant = {row["file"]: row["request"] for row in lines_of(folder / "requests" / "canonical.jsonl")}
    context = JudgingContext(now=NOW, directory=directory_in(folder), earlier={})
    different, compared = [], 0
    for row, _, _, _, room in await through(folder):
        if row["file"] not in meant or row["file"].endswith("m06.eml"):
            continue  # the sixth is completed by the seventh, whose meaning is compared
        wanted = judge(the_pack(), meant[row["file"]], context).request
        state = room.requests.states[request_id(row["business_unit"], row["system"], row["reference"])]
        got = state.private.current.request if state.private.current else None
        assert wanted is not None
        assert got is not None
        budget = {key: value for key, value in wanted.details.get("budget", {}).items() if value}
        plain = wanted.model_copy(update={"details": {**wanted.details, **({"budget": budget} if budget else {})}})
        found = [(change.field, change.before, change.after) for change in changes(plain, got)]
        different += [(row["file"], found)] if [one for one in found if one[0] != "extra.not_understood"] else []
        compared += 1
    assert different == []
    assert compared == 15
