"""After an amendment or a reopening: whoever may answer has a link that works, in the one mail that tells them of the change."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.routing.pages.answering import WORDS
from shared.ledger.messages import Woken
from shared.schemas.people import Leave
from shared.storage import Database, connect
from tests.component.routing.answering_site import Site, a_site
from tests.component.routing.test_routing_answering import delivered, kinds
from tests.unit.routing.reviews import SECOND
from tests.unit.routing.routing_build import a_request

pytestmark = pytest.mark.stack
CHEAPER = [{"item": "平台", "list_price": 10, "asked_price": 7, "quantity": 5}]
AWAY = Leave(first=date(2027, 2, 1), last=date(2027, 4, 1))


@pytest.fixture
async def site(mongo_database: Database, mongo_uri: str) -> AsyncIterator[Site]:
    client = connect(mongo_uri)
    async with a_site(client, mongo_database.name) as made:
        yield made
    client.close()


async def mails_by_cause(site: Site, person: str) -> Counter[str | None]:
    """How many mails each cause made for `person`."""
    causes = {event.id: event.causationid for event in await site.said()}
    return Counter(causes[item.data["event"]["id"]] for item in await site.items(person))


async def cause_of(site: Site, name: str) -> str | None:
    """What caused the last event called `name`."""
    return [event.causationid for event in await site.said() if event.type == f"backline.routing.{name}"][-1]


async def rejected_and_reopened(site: Site) -> None:
    await site.tells("opine", "finance", opinion="reject", version=(await site.state()).version, text="利润不足")
    await site.tells("reopen", "asker", reason="请再议")


def standing(how: str) -> str:
    return str(WORDS["zh"]["standing"][how][0])


async def test_who_has_not_spoken_before_an_amendment_speaks_by_the_link_in_its_mail(site: Site):
    await site.reviews()
    old = await site.link("legal", "supporters_assigned")
    await site.amends(lines=CHEAPER)
    assert standing("amended") in (await site.look(old)).text
    assert (await site.act(await site.link("legal", "request_amended"), "approve")).status_code == 200
    (given,) = [event for event in await site.said() if event.type == "backline.routing.opinion_given"]
    assert (given.data["by"], given.data["version"]) == ("legal", 2)


async def test_who_is_asked_again_and_whose_turn_is_to_come_speak_by_the_same_mail(site: Site):
    await site.reviews()
    for person in ("finance", "legal"):
        assert (await site.act(await site.link(person, "supporters_assigned"), "approve")).status_code == 200
    await site.amends(lines=CHEAPER)
    links = {person: await site.link(person, "request_amended") for person in ("finance", "legal", "leader")}
    assert standing("given") in (await site.look(links["legal"])).text, "what they said stands"
    assert standing("not_turn") in (await site.look(links["leader"])).text
    assert (await site.act(links["finance"], "approve")).status_code == 200
    assert (await site.act(links["leader"], "approve")).status_code == 200
    assert (await site.state()).status == "completed"


async def test_each_amendment_makes_the_link_of_the_one_before_it_old(site: Site):
    await site.reviews()
    await site.amends(lines=CHEAPER)
    first = await site.link("finance", "request_amended")
    await site.amends(tender={"method": "invited"})
    assert standing("amended") in (await site.look(first)).text
    assert (await site.act(await site.link("finance", "request_amended"), "approve")).status_code == 200


async def test_reviewers_speak_in_the_second_round_by_the_link_of_the_reopening(site: Site):
    await site.reviews()
    old = await site.link("legal", "supporters_assigned")
    await rejected_and_reopened(site)
    assert standing("superseded") in (await site.look(old)).text
    for person in ("finance", "legal"):
        assert (await site.act(await site.link(person, "request_reopened"), "approve")).status_code == 200
    assert (await site.act(await site.link("leader", "opinion_given"), "approve")).status_code == 200
    state = await site.state()
    assert (state.status, state.review and state.review.round) == ("completed", 2)


async def test_a_link_of_an_amendment_in_the_first_round_says_nothing_in_the_second(site: Site):
    await site.reviews()
    await site.amends(lines=CHEAPER)
    path = await site.link("legal", "request_amended")
    await rejected_and_reopened(site)
    assert standing("superseded") in (await site.look(path)).text


async def test_a_second_round_that_waits_for_somebody_keeps_the_links_to_it(site: Site):
    await site.reviews()
    finance = site.directory.people["finance"]
    await site.tells("opine", "legal", opinion="reject", version=1, text="条款")
    site.moves(finance.model_copy(update={"leave": (AWAY,)}))
    await site.tells("reopen", "asker", reason="请再议")
    path = await site.link("legal", "request_reopened")
    looked = await site.look(path)
    assert (looked.status_code, standing("waits") in looked.text) == (409, True)
    site.moves(finance)
    await site.process.ledger.apply([Woken(subject=site.subject)])
    assert (await site.act(path, "approve")).status_code == 200


async def test_an_amendment_and_a_reopening_are_told_in_one_mail_each(site: Site):
    await site.reviews()
    await site.tells("opine", "finance", opinion="approve", version=1)
    await site.amends(lines=CHEAPER)
    amended = await cause_of(site, "review_amended")
    await rejected_and_reopened(site)
    reopened = await cause_of(site, "review_opened")
    assert amended == await cause_of(site, "request_amended")
    assert reopened == await cause_of(site, "request_reopened")
    for person in ("finance", "legal", "leader"):
        mails = await mails_by_cause(site, person)
        assert (mails[amended], mails[reopened]) == (1, 1), person


async def test_where_a_reopening_seats_somebody_else_they_are_asked_and_nobody_twice(site: Site):
    await site.reviews()
    finance = site.directory.people["finance"]
    await site.tells("opine", "legal", opinion="reject", version=1, text="条款")
    site.moves(finance.model_copy(update={"leave": (AWAY,)}), SECOND)
    await site.tells("reopen", "asker", reason="请再议")
    reopened = await cause_of(site, "request_reopened")
    assert reopened == await cause_of(site, "supporters_assigned")
    for person in ("second", "legal", "leader"):
        assert (await mails_by_cause(site, person))[reopened] == 1, person
    for person, template in (("second", "supporters_assigned"), ("legal", "request_reopened")):
        assert (await site.act(await site.link(person, template), "approve")).status_code == 200


async def test_whoever_is_asked_also_has_one_mail(site: Site):
    await site.reviews()
    await site.tells("ask_also", "finance", person="technical", beside="department_reviewer/legal", reason="指标", place="before")
    assert (await mails_by_cause(site, "technical"))[await cause_of(site, "reviewer_added")] == 1
    assert (await site.act(await site.link("technical", "supporter_added"), "approve")).status_code == 200


async def test_a_supporter_accepts_amended_work_by_the_link_in_its_mail(site: Site):
    await site.submits(a_request())
    await site.amends(mode="video")
    person = (await site.state()).supporters[0].person
    assert (await site.act(await site.link(person, "request_amended"), "accept")).status_code == 200
    assert (await site.state()).status == "working"


async def test_whoever_took_the_work_on_has_nothing_to_answer_when_it_is_reopened(site: Site):
    await delivered(site)
    first = (await site.state()).supporters[0].person
    other = {"anna": "ben", "ben": "anna"}[first]
    await site.tells("reopen", "asker", reason="缺少记录")
    await site.tells("add", "manager", person=other, reason="工作量大")
    assert (await site.act(await site.link(other, "supporter_added"), "accept")).status_code == 200
    await site.tells("complete", first)
    await site.tells("reopen", "asker", reason="仍缺少记录")
    assert (await site.look(await site.link(other, "request_reopened"))).status_code == 410
    assert kinds(await site.said())["work_accepted"] == 2
