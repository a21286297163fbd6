"""A mail's link, from the mail that notify makes to what routing's ledger says: once, by whom it was asked, on what they saw."""

import asyncio
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from shared.acting.links import Ask, Links
from shared.storage import Database, connect
from tests.component.routing.answering_site import Site, a_site
from tests.unit.routing.routing_build import a_request

pytestmark = pytest.mark.stack


@pytest.fixture
async def site(mongo_database: Database, mongo_uri: str) -> AsyncIterator[Site]:
    client = connect(mongo_uri)
    async with a_site(client, mongo_database.name) as made:
        yield made
    client.close()


def kinds(events: list) -> Counter[str]:  # type: ignore[type-arg]
    return Counter(event.type.rsplit(".", 1)[-1] for event in events)


async def delivered(site: Site) -> str:
    """The link by which the requester is asked about a survey that anna has delivered."""
    await site.submits(a_request())
    person = (await site.state()).supporters[0].person
    await site.tells("accept", person)
    await site.tells("complete", person, note="见附件")
    return await site.link("asker", "work_completed")


async def test_a_reviewer_approves_by_the_link_in_the_mail(site: Site):
    await site.reviews()
    path = await site.link("finance", "supporters_assigned")
    page = await site.look(path)
    assert page.status_code == 200
    assert all(f'value="{answer}"' in page.text for answer in ("approve", "approve_with_changes", "reject"))
    assert "示例水务集团" in page.text
    answer = await site.act(path, "approve", "价格合理")
    assert (answer.status_code, "谢谢，已记录" in answer.text, "价格合理" in answer.text) == (200, True, True)
    (given,) = [event for event in await site.said() if event.type == "backline.routing.opinion_given"]
    assert (given.data["by"], given.data["opinion"], given.data["text"], given.data["version"]) == (
        "finance",
        "approve",
        "价格合理",
        1,
    )
    assert (given.causationid or "").startswith("link-"), "the record says that it came by a link"


async def test_the_next_one_in_turn_is_asked_by_a_link_of_their_own_and_decides(site: Site):
    await site.reviews()
    for person in ("finance", "legal"):
        assert (await site.act(await site.link(person, "supporters_assigned"), "approve")).status_code == 200
    path = await site.link("leader", "opinion_given")
    conditions = "付款改为三期\n  \n质保两年\n"
    assert (await site.act(path, "approve_with_changes", conditions)).status_code == 200
    state = await site.state()
    assert (state.status, state.review and state.review.outcome) == ("completed", "approved_with_changes")
    (given,) = [event for event in await site.said() if event.data.get("by") == "leader" and "conditions" in event.data]
    assert [one["text"] for one in given.data["conditions"]] == ["付款改为三期", "质保两年"]


async def test_a_supporter_accepts_in_their_own_language(site: Site):
    await site.submits(a_request())
    person = (await site.state()).supporters[0].person
    page = await site.look(path := await site.link(person, "supporters_assigned"))
    assert ("Accept or decline this work" in page.text) == (person == "anna")
    assert (await site.act(path, "accept")).status_code == 200
    assert (await site.state()).status == "working"


async def test_a_supporter_declines_with_a_reason_and_somebody_else_is_found(site: Site):
    await site.submits(a_request())
    person = (await site.state()).supporters[0].person
    path = await site.link(person, "supporters_assigned")
    assert (await site.act(path, "decline")).status_code == 422, "without a reason"
    assert person in (await site.state()).seated()
    assert (await site.act(path, "decline", "出差")).status_code == 200
    assert (await site.state()).supporters[0].person != person


async def test_a_coordinator_declines_and_is_offered_nothing_else(site: Site):
    await site.submits(a_request())
    path = await site.link("manager", "coordinator_assigned")
    assert re.findall(r'name="answer" id="(\w+)"', (await site.look(path)).text) == ["decline"]
    assert (await site.act(path, "accept")).status_code == 422
    assert (await site.act(path, "decline", "休假")).status_code == 200
    assert "work_declined" in kinds(await site.said())


async def test_the_requester_confirms_with_a_rating(site: Site):
    path = await delivered(site)
    assert (await site.act(path, "confirm", "很好", rating=5)).status_code == 200
    state = await site.state()
    assert (state.status, state.rating) == ("confirmed", 5)


async def test_the_requester_reopens_with_a_reason(site: Site):
    path = await delivered(site)
    assert (await site.act(path, "reopen")).status_code == 422
    assert (await site.act(path, "reopen", "缺少现场记录")).status_code == 200
    (reopened,) = [event for event in await site.said() if event.type == "backline.routing.request_reopened"]
    assert reopened.data["reason"] == "缺少现场记录"


@pytest.mark.parametrize("answers", [["approve"] * 20, ["approve", "reject"] * 10])
async def test_of_twenty_at_once_one_is_done_and_all_are_told_what_became_of_it(site: Site, answers: list[str]):
    await site.reviews()
    path = await site.link("finance", "supporters_assigned")
    got = await asyncio.gather(*(site.act(path, answer, "同时") for answer in answers))
    given = [event for event in await site.said() if event.type == "backline.routing.opinion_given"]
    assert len(given) == 1
    same = [answer for answer in answers if answer == given[0].data["opinion"]]
    statuses = Counter(one.status_code for one in got)
    assert statuses == Counter({200: len(same), **({409: len(answers) - len(same)} if len(same) < len(answers) else {})})


async def test_control_were_the_command_another_each_time_the_others_would_be_told_that_they_came_too_late(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    read = Links.read

    def another(links: Links, token: str) -> Ask | None:
        ask = read(links, token)
        return replace(ask, command=uuid.uuid4().hex) if ask else None

    monkeypatch.setattr(Links, "read", another)
    await site.reviews()
    path = await site.link("finance", "supporters_assigned")
    got = await asyncio.gather(*(site.act(path, "approve") for _ in range(20)))
    assert Counter(one.status_code for one in got) == {200: 1, 409: 19}


async def test_two_who_answer_at_once_are_both_heard(site: Site):
    """Each names the revision that was judged: the later one is judged anew, and stands."""
    await site.reviews()
    paths = [await site.link(person, "supporters_assigned") for person in ("finance", "legal")]
    got = await asyncio.gather(*(site.act(path, "approve") for path in paths))
    assert [one.status_code for one in got] == [200, 200]
    assert kinds(await site.said())["opinion_given"] == 2


async def test_a_used_link_says_what_became_of_it(site: Site):
    await site.reviews()
    path = await site.link("finance", "supporters_assigned")
    await site.act(path, "reject", "低于成本")
    looked = await site.look(path)
    assert looked.status_code == 410
    assert all(words in looked.text for words in ("链接已使用", "您的意见：不同意。", "低于成本"))
    assert (await site.act(path, "reject", "低于成本")).status_code == 200
    other = await site.act(path, "approve")
    assert (other.status_code, "您的意见：不同意。" in other.text) == (409, True)
    assert kinds(await site.said())["opinion_given"] == 1


async def test_looking_changes_nothing_however_often_and_by_whom(site: Site, mongo_database: Database):
    await site.reviews()
    path = await site.link("finance", "supporters_assigned")
    before = await mongo_database["requests"].find_one({"_id": site.subject})
    for agent in ("Microsoft Office/16.0 (ATP Safe Links)", "Mozilla/5.0", "WeCom-Preview"):
        for method in ("GET", "HEAD", "OPTIONS"):
            await site.client.request(method, path, headers={"User-Agent": agent})
        await site.client.get(f"{path}?answer=reject&text_reject=x&seen=1")
    assert await mongo_database["requests"].find_one({"_id": site.subject}) == before
    assert (await site.act(path, "approve")).status_code == 200, "and the link still works"


async def test_the_mail_that_is_sent_again_has_the_same_link(site: Site):
    await site.reviews()
    (item, *_), (again, *_) = await site.items("finance"), await site.items("finance")
    assert site.letter(item) == site.letter(again)
    assert "/act/" in site.letter(item).text
    assert "/act/" not in site.letter(item, address=None).text, "without an address there is no link"


async def test_no_event_and_no_item_holds_the_token(site: Site, mongo_database: Database):
    await site.reviews()
    path = await site.link("finance", "supporters_assigned")
    await site.act(path, "approve")
    token = path.removeprefix("/act/")
    stored = str([document async for document in mongo_database["requests"].find()])
    assert "opinion_given" in stored
    assert token not in stored
    assert token not in str(await site.items("finance"))
