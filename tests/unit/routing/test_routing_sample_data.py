"""Every accepted request of the demonstration data gets people who may have the work, in whatever order it comes."""

import json
import random
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.routing.domain import Context
from shared.catalogue import read_directory
from shared.schemas.people import Directory
from shared.schemas.requests import Request
from tests.unit.routing.routing_build import CALENDAR, NOW, PACK, POLICY, Journey

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def directory() -> Directory:
    if not DATA.is_dir():
        warnings.warn(f"SKIPPED LOUDLY: there is no demonstration data at {DATA.name}", stacklevel=1)
        pytest.skip("the demonstration data is not beside this repository; nothing of it was tested")
    units, people, problems = read_directory(yaml.safe_load((DATA / "directory.yaml").read_text(encoding="utf-8")), PACK)
    assert problems == []
    return Directory().with_entries([*units, *people])


@pytest.fixture(scope="module")
def requests(directory: Directory) -> list[Request]:
    bodies: dict[tuple[str, int], Any] = {}
    for row, message in enumerate(lines("requests/crm-east.jsonl"), start=1):
        bodies["requests/crm-east.jsonl", row] = message["body"]
    for row, message in enumerate(lines("requests/erp-north.jsonl"), start=1):
        bodies["requests/erp-north.jsonl", row] = message["value"]
    for message in lines("requests/canonical.jsonl"):
        bodies[message["file"], message["line"]] = message["request"]
    wanted = [row for row in lines("expected.jsonl") if (row["outcome"], row["action"]) == ("accepted", "submit")]
    found = [bodies[row["file"], row["line"]] for row in wanted if (row["file"], row["line"]) in bodies]
    assert len(found) > 80
    return [_read(body) for body in found]


def _read(body: Any) -> Request:
    kind = PACK.type_by_alias(body["type"])
    assert kind is not None
    attachments = [
        {"name": a["name"], "media_type": a["media_type"], "size": a["size"], "sha256": a["sha256"]}
        for a in body.get("attachments", ())
    ]
    return Request.model_validate({**body, "type": kind.key, "attachments": attachments})


def run(directory: Directory, requests: list[Request], seed: int) -> tuple[list[Journey], Context]:
    """All requests one after the other, each finding the work of those before it; seats are granted as the store grants them."""
    context = Context(
        now=NOW,
        directory=directory,
        loads={},
        familiar={},
        packs={(PACK.name, PACK.version): PACK},
        policy=POLICY,
        calendar=CALENDAR,
    )
    order = list(enumerate(requests))
    random.Random(seed).shuffle(order)
    journeys = []
    for number, request in order:
        journey = Journey(context, request, subject=f"request-{number}")
        decision = journey.submitted()
        for reservation in decision.reservations:
            assert context.load(reservation.holder).count < reservation.capacity, "over the cap"
        context = context.after(decision.reservations)
        journeys.append(journey)
    return journeys, context


@pytest.mark.parametrize("seed", range(5))
def test_whoever_is_chosen_is_there_is_active_and_has_room(directory: Directory, requests: list[Request], seed: int):
    journeys, context = run(directory, requests, seed)
    for journey in journeys:
        for person in journey.state.seated():
            assert directory.people[person].active
            assert not directory.people[person].away(NOW)
            assert context.load(person).count <= directory.people[person].seats
            assert person != journey.request.requester.id or PACK.types[journey.request.type].own_allowed


@pytest.mark.parametrize("seed", range(3))
def test_everybody_in_the_directory_is_a_candidate_or_counted_under_one_reason(
    directory: Directory, requests: list[Request], seed: int
):
    for journey in run(directory, requests, seed)[0]:
        for record in journey.state.decisions:
            assert len(record.candidates) + sum(record.excluded.values()) == record.considered == len(directory.people)
            assert all(count > 0 for count in record.excluded.values())


def test_with_room_for_everybody_those_wait_whose_unit_lacks_the_skill_or_the_time_or_whose_leader_the_requester_stands_in_for(
    directory: Directory, requests: list[Request]
):
    roomy = directory.with_entries([person.model_copy(update={"seats": 1000}) for person in directory.people.values()])
    journeys, _ = run(roomy, requests, 0)
    waiting = {(j.request.type, j.request.business_unit) for j in journeys if j.state.status == "waiting"}
    assert waiting == {
        ("business.contract", "south"),
        ("tech.presentation", "finance"),
        ("tech.presentation", "south"),
        ("tech.bid", "north"),
    }
    for journey in journeys:
        for record in journey.state.decisions:
            assert record.chosen or record.candidates or {"skill", "requester", "booked"} & record.excluded.keys()


def test_the_work_is_spread_over_those_who_can_do_it(directory: Directory, requests: list[Request]):
    _, context = run(directory, requests, 0)
    east = [
        context.load(person.id).weight
        for person in directory.holders("presales_engineer")
        if person.business_unit == "east" and not person.away(NOW)
    ]
    assert max(east) <= 3 * min(east) + 10


def test_the_same_request_in_the_same_situation_gives_the_same_record(directory: Directory, requests: list[Request]):
    first, _ = run(directory, requests, 7)
    second, _ = run(replace_directory(directory), requests, 7)
    assert [fact.model_dump_json() for one in first for fact in one.said] == [
        fact.model_dump_json() for one in second for fact in one.said
    ]


def replace_directory(directory: Directory) -> Directory:
    """The same people, read anew in another order."""
    people = list(directory.people.values())
    random.Random(1).shuffle(people)
    return Directory().with_entries([*directory.units.values(), *people])
