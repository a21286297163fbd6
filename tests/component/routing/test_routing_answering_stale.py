"""Links that are over or overtaken: each says what is so and what to do, and changes nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta

import pytest

from services.routing.pages.answering import WORDS
from shared.acting.links import Asking
from shared.schemas.people import Leave
from shared.storage import Database, connect
from tests.component.routing.answering_site import Site, a_site
from tests.component.routing.test_routing_answering import delivered, kinds
from tests.unit.routing.routing_build import NOW, a_person, a_request

pytestmark = pytest.mark.stack


@pytest.fixture
async def site(mongo_database: Database, mongo_uri: str) -> AsyncIterator[Site]:
    client = connect(mongo_uri)
    async with a_site(client, mongo_database.name) as made:
        yield made
    client.close()


async def seat(site: Site) -> str:
    """The link of the supporter who was assigned to a survey."""
    await site.submits(a_request())
    return await site.link((await site.state()).supporters[0].person, "supporters_assigned")


async def opinion(site: Site, person: str = "finance") -> str:
    await site.reviews()
    return await site.link(person, "supporters_assigned")


# -- how each comes about: the link, once the world has moved on


async def withdrawn(site: Site) -> str:
    path = await opinion(site)
    await site.withdraws()
    return path


async def amended(site: Site) -> str:
    path = await opinion(site)
    await site.amends(lines=[{"item": "平台", "list_price": 10, "asked_price": 7, "quantity": 5}])
    return path


async def decided(site: Site) -> str:
    path = await opinion(site)
    await site.tells("opine", "legal", opinion="reject", version=1, text="条款")
    return path


async def given_over_the_api(site: Site) -> str:
    path = await opinion(site)
    await site.tells("opine", "finance", opinion="approve", version=1)
    return path


async def not_their_turn(site: Site) -> str:
    return await opinion(site, "leader")


async def another_round(site: Site) -> str:
    """Rejected, reopened, and under review again: what the opinion was asked for is over."""
    await site.reviews()
    for person in ("finance", "legal"):
        await site.tells("opine", person, opinion="approve", version=1)
    path = await site.link("leader", "opinion_given")
    await site.tells("opine", "leader", opinion="reject", version=1, text="利润不足")
    await site.tells("reopen", "asker", reason="请再议")
    return path


async def accepted(site: Site) -> str:
    path = await seat(site)
    await site.tells("accept", (await site.state()).supporters[0].person)
    return path


async def paused(site: Site) -> str:
    path = await seat(site)
    await site.tells("pause", (await site.state()).supporters[0].person, reason="客户出差")
    return path


async def handed_over(site: Site) -> str:
    path = await seat(site)
    person = (await site.state()).supporters[0].person
    await site.tells("hand_over", person, person={"anna": "ben", "ben": "anna"}[person], reason="出差")
    return path


async def finished(site: Site) -> str:
    path = await accepted(site)
    await site.tells("complete", (await site.state()).supporters[0].person)
    return path


async def confirmed(site: Site) -> str:
    path = await delivered(site)
    await site.tells("confirm", "asker", rating=4)
    return path


async def reopened(site: Site) -> str:
    path = await delivered(site)
    await site.tells("reopen", "asker", reason="缺少记录")
    return path


async def delivered_again(site: Site) -> str:
    path = await reopened(site)
    await site.tells("complete", (await site.state()).supporters[0].person)
    return path


async def no_longer_coordinator(site: Site) -> str:
    await site.submits(a_request())
    path = await site.link("manager", "coordinator_assigned")
    site.moves(a_person("second_manager", "presales_manager", seats=60))
    await site.tells("hand_over", "manager", person="second_manager", reason="休假")
    return path


STALE: dict[Callable[[Site], Awaitable[str]], tuple[str, str, int]] = {
    withdrawn: ("approve", "withdrawn", 410),
    amended: ("approve", "amended", 410),
    decided: ("approve", "decided", 410),
    given_over_the_api: ("approve", "given", 410),
    not_their_turn: ("approve", "not_turn", 409),
    another_round: ("approve", "superseded", 410),
    accepted: ("accept", "accepted", 410),
    paused: ("accept", "halted", 409),
    handed_over: ("accept", "not_yours", 410),
    finished: ("decline", "ended", 410),
    confirmed: ("confirm", "confirmed", 410),
    reopened: ("confirm", "reopened", 410),
    delivered_again: ("confirm", "superseded", 410),
    no_longer_coordinator: ("decline", "not_yours", 410),
}


@pytest.mark.parametrize("come_about", STALE, ids=lambda one: one.__name__)
@pytest.mark.parametrize("locale", ["zh", "en"])
async def test_what_was_overtaken_says_so_and_does_nothing(site: Site, come_about: Callable[[Site], Awaitable[str]], locale: str):
    answer, how, status = STALE[come_about]
    site.moves(*(person.model_copy(update={"locale": locale}) for person in site.directory.people.values()))
    path = await come_about(site)
    before = kinds(await site.said())
    looked, acted = await site.look(path), await site.act(path, answer, "为时已晚", rating=1)
    assert (looked.status_code, acted.status_code) == (status, 409)
    what, todo = WORDS[locale]["standing"][how]
    for page in (looked.text, acted.text):
        assert what in page
        assert todo.replace("'", "&#39;") in page
        assert "<form" not in page
    assert kinds(await site.said()) == before


async def test_control_the_same_links_work_before_the_world_moves_on(site: Site):
    assert (await site.look(await opinion(site))).status_code == 200
    assert (await site.look(path := await site.link("legal", "supporters_assigned"))).status_code == 200
    assert (await site.act(path, "approve")).status_code == 200


async def test_what_passes_leaves_the_link_as_it_was(site: Site):
    path = await paused(site)
    await site.tells("resume", (await site.state()).supporters[0].person)
    assert (await site.act(path, "accept")).status_code == 200


async def test_a_link_is_over_after_the_policys_days(site: Site):
    path = await opinion(site)
    site.clock.at = NOW + timedelta(days=6, hours=23)
    assert (await site.look(path)).status_code == 200
    site.clock.at = NOW + timedelta(days=7, hours=1)
    looked, acted = await site.look(path), await site.act(path, "approve")
    assert (looked.status_code, acted.status_code) == (410, 410)
    assert "此链接的有效期已过" in acted.text
    assert kinds(await site.said())["opinion_given"] == 0


async def test_what_was_amended_while_the_page_was_open_is_shown_before_it_is_answered(site: Site):
    path = await seat(site)
    answer = await site.act(path, "accept", seen=7)
    assert (answer.status_code, WORDS["zh"]["faults"]["changed"] in answer.text or "amended" in answer.text) == (409, True)
    assert (await site.act(path, "accept")).status_code == 200


async def test_who_has_left_or_lost_the_request_is_told_nothing_of_it(site: Site):
    path = await opinion(site)
    site.moves(site.directory.people["finance"].model_copy(update={"active": False}))
    for answer in (await site.look(path), await site.act(path, "approve")):
        assert answer.status_code == 410
        assert "示例水务集团" not in answer.text
        assert site.subject[:8].upper() not in answer.text


async def test_who_stands_in_answers_for_the_holder_and_both_are_named(site: Site):
    """A mail to a stand-in has a link of theirs: by their own name, and for whom the domain finds that they act."""
    await site.reviews()
    away = Leave(first=date(2027, 2, 1), last=date(2027, 4, 1))
    finance = site.directory.people["finance"]
    site.moves(a_person("deputy", "department_reviewer", unit="headquarters", department="finance"))
    asking = Asking(purpose="support", request=site.subject, person="deputy", until=int(NOW.timestamp()) + 60, stamp=1)
    path = f"/act/{site.links.token(asking)}"
    assert (await site.look(path)).status_code == 410, "the control: nobody is away"
    site.moves(finance.model_copy(update={"leave": (away,), "delegate": "deputy"}))
    assert "代 Name of finance" in (await site.look(path)).text
    assert (await site.act(path, "approve")).status_code == 200
    (given,) = [event for event in await site.said() if event.type == "backline.routing.opinion_given"]
    assert (given.data["by"], given.data["on_behalf_of"]) == ("deputy", "finance")


async def test_the_mail_to_who_stands_in_opens_with_a_link_of_theirs(site: Site):
    """Notify's mail and routing's page agree on who may answer for whom."""
    await site.submits(a_request())
    holder = (await site.state()).supporters[0].person
    away = Leave(first=date(2027, 2, 1), last=date(2027, 4, 1))
    deputy = a_person("deputy", "sales_manager", unit="south")
    site.moves(deputy, site.directory.people[holder].model_copy(update={"leave": (away,), "delegate": "deputy"}))
    path = await site.link("deputy", "supporters_assigned")
    assert path != await site.link(holder, "supporters_assigned")
    assert (await site.act(path, "accept")).status_code == 200
    (accepted,) = [event for event in await site.said() if event.type.endswith("work_accepted")]
    assert (accepted.data["by"], accepted.data["on_behalf_of"]) == ("deputy", holder)
