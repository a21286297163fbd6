"""Two processes on one database: requests of two units that pursue the same find each other, whenever they come, and learn only that."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.notify.rendering.view import Reader
from services.routing import clash_keys
from services.routing.clash_keys import ClashKeys
from services.routing.clash_store import MongoClashes
from services.routing.domain.matching import Pursued
from shared.schemas.clashes import ClashFound
from shared.schemas.intake import AmendmentRequested, WithdrawalRequested
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Origin, Request
from shared.storage import Database, MongoLedgerStore, connect
from tests.component.routing.clash_site import (
    Process,
    a_client,
    a_process,
    comes,
    found,
    heard,
    people,
    quiet,
    request,
    resolutions,
)
from tests.unit.notify.letters import a_renderer
from tests.unit.notify.notify_build import Story, submitted
from tests.unit.routing.routing_build import ACCEPTED

pytestmark = pytest.mark.stack
SECRETS = ("绝密水务", "绝密二期", "CRM-SOUTH-77", "sven", "south-asker", "ZB-2027-001")
"""What south's request says, none of which may be seen in east."""


@pytest.fixture
async def two(mongo_uri: str, mongo_database: Database) -> AsyncIterator[tuple[Process, Process]]:
    clients = [connect(mongo_uri) for _ in range(2)]
    first, second = (a_process(client, mongo_database.name, people()) for client in clients)
    await MongoLedgerStore(mongo_database["requests"]).prepare()
    await MongoClashes(mongo_database["clashes"]).prepare()
    yield first, second
    for client in clients:
        client.close()


# -- finding


async def test_submitted_at_the_same_moment_in_two_processes_all_find_each_other_once(
    two: tuple[Process, Process], mongo_database: Database
):
    pairs = [(f"E{number}", f"S{number}", f"示例第{number}水务") for number in range(40)]
    east = [comes(one, request("east", name)) for one, _, name in pairs]
    south = [comes(other, request("south", f"{name}有限公司")) for _, other, name in pairs]
    await asyncio.gather(
        *(two[0].hears(*east[place : place + 4]) for place in range(0, 40, 4)),
        *(two[1].hears(*south[place : place + 4]) for place in range(0, 40, 4)),
    )
    await quiet(two)
    wanted = {one: ["south"] for one, _, _ in pairs} | {other: ["east"] for _, other, _ in pairs}
    assert await found(mongo_database) == wanted
    await asyncio.gather(*(process.guard.reconcile(timedelta(0)) for process in two))
    await quiet(two)
    assert await found(mongo_database) == wanted, "the sweep of both finds nothing new"


async def test_many_of_each_unit_for_one_customer_are_each_told_once(two: tuple[Process, Process], mongo_database: Database):
    names = {"east": [f"E{number}" for number in range(8)], "south": [f"S{number}" for number in range(8)]}
    await asyncio.gather(
        *(two[place % 2].hears(comes(one, request(unit))) for unit, some in names.items() for place, one in enumerate(some))
    )
    await quiet(two)
    assert await found(mongo_database) == {one: ["south"] for one in names["east"]} | {one: ["east"] for one in names["south"]}


async def test_one_unit_does_not_clash_with_itself_nor_with_other_customers(
    two: tuple[Process, Process], mongo_database: Database
):
    await two[0].hears(comes("E1", request("east")), comes("E2", request("east")), comes("S1", request("south", "别的水务")))
    await quiet(two)
    assert await found(mongo_database) == {"E1": [], "E2": [], "S1": []}


async def test_what_a_crash_left_unsaid_the_sweep_says(two: tuple[Process, Process], mongo_uri: str, mongo_database: Database):
    client = connect(mongo_uri)
    dying = a_process(client, mongo_database.name, people(), guarded=False)
    await dying.hears(comes("E1", request("east")), comes("S1", request("south")))
    client.close()
    assert await found(mongo_database) == {"E1": [], "S1": []}, "the control"
    await two[1].guard.reconcile()
    await quiet(two)
    assert await found(mongo_database) == {"E1": ["south"], "S1": ["east"]}


# -- moving and ending


async def test_an_amendment_moves_what_is_claimed_and_a_withdrawal_releases_it(
    two: tuple[Process, Process], mongo_database: Database
):
    first = comes("E1", request("east"))
    await two[0].hears(first, comes("S1", request("south")), comes("S2", request("south", "另一水务")))
    await quiet(two)
    moved = heard(
        "E1", AmendmentRequested(by="east-asker", request=request("east", "另一水务"), changes=(), verdict=ACCEPTED), first
    )
    await two[1].hears(moved)
    await quiet(two)
    assert await found(mongo_database) == {"E1": ["south", "south"], "S1": ["east"], "S2": ["east"]}
    assert await resolutions(two[0], "S1", "S2") == ["ended", None]
    await two[0].hears(heard("E1", WithdrawalRequested(by="east-asker", reason="取消"), moved))
    await quiet(two)
    assert await resolutions(two[0], "S1", "S2") == ["ended", "ended"]
    assert await mongo_database["clashes"].count_documents({"claims.request": "E1"}) == 0
    assert await mongo_database["clashes"].count_documents({"claims": []}) == 0


async def test_a_clash_goes_on_while_another_of_the_unit_pursues_it(two: tuple[Process, Process], mongo_database: Database):
    first = comes("E1", request("east"))
    await two[0].hears(first, comes("E2", request("east")), comes("S1", request("south")))
    await quiet(two)
    await two[1].hears(heard("E1", WithdrawalRequested(by="east-asker", reason="取消"), first))
    await quiet(two)
    assert await resolutions(two[0], "S1", "E2") == [None, None]


async def test_what_one_side_decides_stands_on_the_other(two: tuple[Process, Process], mongo_database: Database):
    await two[0].hears(comes("E1", request("east")))
    await two[1].hears(comes("S1", request("south")))
    await quiet(two)
    clash = (await two[0].projection.states(["E1"]))["E1"].clashes[0].clash
    said = {"clash": clash, "resolution": "merged", "reason": "由绝密水务南区牵头"}
    assert await two[1].tells("S1", "settle_clash", "south-bu_leader", **said) is None
    await quiet(two)
    assert await resolutions(two[0], "E1", "S1") == ["merged", "merged"]
    east, south = [(await two[0].projection.states([one]))[one] for one in ("E1", "S1")]
    assert "绝密" not in east.model_dump_json()
    assert (east.clashes[0].by, south.clashes[0].by) == ("south", "south-bu_leader"), "who it was is said on their own side alone"
    assert await two[0].tells("E1", "settle_clash", "east-bu_leader", **said) == "settled_already"


async def test_over_http_it_is_settled_by_who_may_with_a_clear_refusal_to_others(two: tuple[Process, Process]):
    await two[0].hears(comes("E1", request("east")), comes("S1", request("south")))
    await quiet(two)
    clash = (await two[0].projection.states(["E1"]))["E1"].clashes[0].clash
    agreed = {"clash": clash, "resolution": "keep_both", "reason": "各自推进"}
    async with a_client(two[0]) as client:

        async def settle(by: str, **changes: str) -> int:
            headers = {"Authorization": f"Bearer dev-person-{by}"}
            answer = await client.post("/v1/requests/E1/settle-clash", json={**agreed, **changes}, headers=headers)
            return answer.status_code

        assert [await settle("anna"), await settle("sven"), await settle("east-bu_leader", reason="")] == [403, 404, 422]
        assert [await settle("east-bu_leader", clash="c9"), await settle("east-bu_leader", resolution="fight")] == [422, 422]
        assert [await settle("east-bu_leader"), await settle("east-presales_manager")] == [200, 409]
    await quiet(two)
    assert await resolutions(two[1], "E1", "S1") == ["keep_both", "keep_both"]


# -- nothing of the other unit


async def test_nothing_of_the_other_unit_is_in_the_fact_the_answer_or_the_mail(
    two: tuple[Process, Process], mongo_database: Database
):
    theirs = request(
        "south", "绝密水务股份有限公司", tender_no="ZB-2027-001", source=Origin(system="crm", reference="CRM-SOUTH-77")
    )
    theirs = theirs.model_copy(update={"details": {"topics": ["绝密二期"]}})
    number = str(uuid.uuid4())
    await two[0].hears(comes("E1", request("east", "另名", tender_no="zb2027001")), comes(number, theirs))
    await quiet(two)
    assert (await found(mongo_database))["E1"] == ["south"], "there is something to hide"
    stored = await mongo_database["requests"].find_one({"_id": "E1"})
    assert stored is not None
    event = next(event for event in stored["events"] if event["type"] == TYPE_OF[ClashFound])
    assert set(event["data"]) == {"clash", "kind", "other_unit", "call"}
    claims = [document async for document in mongo_database["clashes"].find()]
    async with a_client(two[0]) as client:
        answer = await client.get("/v1/requests/E1/clashes", headers={"Authorization": "Bearer dev-person-anna"})
        assert (
            await client.get("/v1/requests/E1/clashes", headers={"Authorization": "Bearer dev-person-sven"})
        ).status_code == 404
    assert answer.json()["clashes"][0]["call"] == ["south-bu_leader"]
    story = Story()
    story.hear(submitted())
    items = story.hear(ClashFound.model_validate(event["data"])).items
    reader = Reader(name="陶然", locale="zh", time_zone="Asia/Shanghai")
    letters = [a_renderer().letter(item, reader=reader, directory=people()) for item in items if item.kind == "email"]
    assert "Name of south-bu_leader（south-bu_leader@south.example）" in letters[0].text
    said = {
        "the fact": json.dumps({**event, "time": ""}, ensure_ascii=False, default=str),
        "the answer": answer.text,
        "the mails": "".join(letter.text + letter.html + letter.subject for letter in letters),
        "what is claimed": json.dumps([{**one, "claims": 0} for one in claims], default=str),
    }
    for where, text in said.items():
        for secret in (*SECRETS, number):
            assert secret not in text, f"{secret} in {where}"


# -- rules that change


def as_written(request: Request) -> frozenset[Pursued]:
    """Under rules that left nothing out."""
    assert request.opportunity is not None
    return frozenset({Pursued("tender", (request.opportunity.tender_no or "").casefold())})


async def test_digests_of_other_rules_give_way_at_the_sweep_which_finds_what_those_rules_hid(
    two: tuple[Process, Process], mongo_database: Database, monkeypatch: pytest.MonkeyPatch
):
    numbers = {"E1": "采购编号：HW-2027-88", "S1": "HW-2027-88（第二次）", "E2": "ZB-2027-1", "S2": "ZB-2027-1"}
    asked = {one: request({"E": "east", "S": "south"}[one[0]], f"客户{one}", tender_no=number) for one, number in numbers.items()}
    with monkeypatch.context() as before:
        before.setattr(clash_keys, "pursued", as_written)
        await two[0].hears(*(comes(one, what) for one, what in asked.items()))
        await quiet(two)
        assert await found(mongo_database) == {"E1": [], "S1": [], "E2": ["south"], "S2": ["east"]}
    for _ in range(2):
        for process in two:
            await process.guard.reconcile(timedelta(0))
        await quiet(two)
    assert await found(mongo_database) == {"E1": ["south"], "S1": ["east"], "E2": ["south"] * 2, "S2": ["east"] * 2}
    assert await resolutions(two[0], "E1", "E2") == [None, "ended"], "and E2's is open under its new name"
    keys = ClashKeys(b"a pepper of tests")
    wanted = {mark.digest for what in asked.values() for mark in keys.marks(what)}
    assert {document["_id"] async for document in mongo_database["clashes"].find()} == wanted
