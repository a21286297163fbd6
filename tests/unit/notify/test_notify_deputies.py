"""Whoever stands in is told beside the one who is away: once, in their own words, with a link of their own."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.notify.effects import answered_by
from services.notify.rendering.answering import Answering
from services.notify.state import Context
from services.notify.surroundings import NotifySurroundings
from shared.acting.links import Links
from shared.ledger.messages import Item
from shared.schemas import routing
from shared.schemas.people import Leave
from shared.schemas.requests import Origin
from tests.unit.notify.letters import EN, ZH, Tags, a_renderer
from tests.unit.notify.life_facts import absence_noticed, handed_over
from tests.unit.notify.notify_build import (
    NOW,
    Story,
    a_directory,
    a_person,
    coordinator_assigned,
    request_withdrawn,
    submitted,
    supporters_assigned,
    told,
    work_accepted,
    work_completed,
)
from tests.unit.notify.scenes import SCENES, WANTED

ANSWERING = Answering(address="https://answers.example", links=Links(["a secret of these tests, long and random: 81x"]))
BEGUN = [submitted(), coordinator_assigned(), supporters_assigned()]


def a_story(leaders: dict[str, tuple[str, ...]] | None = None, **stand_ins: str) -> Story:
    """Of a time at which those named are away, each with who stands in."""
    return Story(context=Context(now=NOW, leaders=leaders or {}, stand_ins=stand_ins))


def item_to(recipient: str, decision: Any) -> Item:
    (item,) = [item for item in decision.items if item.data["recipient"] == recipient]
    return item


@pytest.mark.parametrize("template", SCENES)
def test_whoever_is_told_while_away_is_told_and_so_is_who_stands_in(template: str):
    away = {one.removeprefix("email:") for one in WANTED[template] if one.startswith("email:")}
    *before, last = SCENES[template]
    decision = a_story(**{person: f"deputy-of-{person}" for person in away}).through(before).hear(last)
    mails = {one: kind for one, kind in WANTED[template].items() if one.startswith("email:")}
    assert told(decision) == {**mails, **{f"email:deputy-of-{person}": "deputy" for person in away}}
    for person in away:
        assert item_to(f"deputy-of-{person}", decision).data["for"] == [person]
        assert item_to(f"deputy-of-{person}", decision).data["part"] == mails[f"email:{person}"]


def test_a_leader_who_is_away_has_their_deputy_told():
    story = a_story({"east": ("chief",)}, chief="deputy").through(SCENES["escalated_to_leader"][:-1])
    assert told(story.hear(SCENES["escalated_to_leader"][-1])) == {
        "email:chief": "unit_leader",
        "email:deputy": "deputy",
        "email:boss": "coordinator",
    }


def test_whoever_stands_in_for_several_is_told_once_and_for_all_of_them():
    decision = a_story(anna="deputy", ben="deputy", boss="deputy").through(BEGUN[:2]).hear(BEGUN[2])
    assert item_to("deputy", decision).data["for"] == ["anna", "ben", "boss"]


def test_who_is_told_anyway_is_not_told_again_but_hears_for_whom_and_gets_the_link():
    decision = a_story(anna="boss").through(BEGUN[:2]).hear(BEGUN[2])
    item = item_to("boss", decision)
    assert (item.data["as"], item.data["for"], item.data["ask"]["purpose"]) == ("coordinator", ["anna"], "support")
    assert "ask" not in item_to("boss", a_story().through(BEGUN[:2]).hear(BEGUN[2])).data, "the control"


def test_a_deputy_is_not_told_of_their_own_act():
    act = routing.WorkAccepted(by="deputy", role="presales_engineer", first=True, on_behalf_of="anna")
    assert "email:deputy" not in told(a_story(boss="deputy").through(BEGUN).hear(act))
    assert "email:deputy" in told(a_story(boss="deputy").through(BEGUN).hear(work_accepted())), "the control"


def test_a_deputy_whose_wish_is_answered_is_told_as_anybody_is():
    withdrawn = request_withdrawn().model_copy(update={"by": "deputy"})
    assert told(a_story(asker="deputy").through(BEGUN).hear(withdrawn))["email:deputy"] == "deputy"


def test_the_one_to_whom_a_seat_goes_stands_in_for_its_former_holder_and_is_told_once():
    gone = handed_over().model_copy(update={"by": routing.POLICY, "cause": "leave"})
    decision = a_story(anna="carl").through(BEGUN).hear(gone)
    assert [item.data["as"] for item in decision.items if item.data["recipient"] == "carl"] == ["supporters"]


def test_once_they_are_back_nobody_is_told_in_their_place():
    story = a_story(anna="deputy").through(BEGUN)
    story.context = Context(now=NOW + timedelta(days=30))
    assert "email:deputy" not in told(story.hear(work_completed()))


def test_handled_twice_a_deputy_is_told_once():
    story = a_story(anna="deputy").through(BEGUN)
    assert story.last is not None
    assert story.hear_event(story.last).items == ()


def test_whoever_is_named_as_stand_in_hears_that_they_have_to_act():
    decision = a_story().through(SCENES["absence_noticed"][:-1]).hear(absence_noticed())
    item = item_to("carl", decision)
    directory = a_directory()
    texts = [a_renderer().letter(item, reader=reader, directory=directory).text for reader in (ZH, EN)]
    assert "期间由您代理" in texts[0]
    assert "you stand in." in texts[1]


def test_a_deputy_has_a_link_of_their_own_for_what_the_holder_is_asked():
    decision = a_story(asker="deputy").through(BEGUN).hear(work_completed())
    links = [ANSWERING.of(item_to(person, decision)) for person in ("asker", "deputy")]
    assert all(links)
    assert links[0] != links[1]
    assert item_to("asker", decision).data["ask"] == item_to("deputy", decision).data["ask"]


@pytest.mark.parametrize(
    ("reader", "line", "because"),
    [
        (ZH, "您正在代理休假中的Name of anna、Name of ben", "因为您在对方休假期间代理其工作"),
        (EN, "You stand in for Name of anna, Name of ben while they are away", "because you stand in for whoever is away"),
    ],
    ids=["zh", "en"],
)
def test_the_mail_says_for_whom_in_both_of_its_forms(reader: Any, line: str, because: str):
    decision = a_story(anna="deputy", ben="deputy").through(BEGUN[:2]).hear(BEGUN[2])
    letter = a_renderer().letter(item_to("deputy", decision), reader=reader, directory=a_directory())
    own = a_renderer().letter(item_to("anna", decision), reader=reader, directory=a_directory())
    for form in (letter.text, Tags(letter.html).shown):
        assert line in form
        assert because in form
    assert line not in own.text
    assert because not in own.text


def test_a_deputys_mail_answers_no_mail_of_the_requesters():
    mailed = submitted(source=Origin(system="mail", reference="<1@x.example>"))
    decision = a_story(asker="deputy").hear(mailed)
    assert answered_by(item_to("asker", decision)) == "<1@x.example>"
    assert answered_by(item_to("deputy", decision)) is None


async def test_who_is_away_is_taken_from_the_directory_at_the_moment_of_the_decision():
    leave = (Leave(first=date(2027, 3, 1), last=date(2027, 3, 2)),)
    directory = a_directory(a_person("anna", leave=leave, delegate="ben"))

    class Clock:
        at = NOW

        def now(self) -> Any:
            return self.at

    clock = Clock()
    around = NotifySurroundings(clock=clock, rooms=frozenset(), subscribers=(), directory=lambda: directory)
    assert (await around.context([])).stand_ins == {"anna": "ben"}
    clock.at = NOW + timedelta(days=2)
    assert (await around.context([])).stand_ins == {}


@pytest.mark.parametrize(
    ("changes", "zh", "en"),
    [
        ({}, "休假至 2027年3月5日，", "is away until 5 Mar 2027"),
        (
            {"since": date(2027, 3, 4)},
            "将于 2027年3月4日 至 2027年3月5日 休假，其间有约定的时段",
            "is away from 4 Mar 2027 to 5 Mar 2027, when it has an appointment",
        ),
        ({"left": True, "person": None}, "已离职，且无人代理", "has left, and nobody stands in"),
    ],
)
def test_an_absence_is_told_by_its_days_as_they_are_for_any_reader_and_whoever_has_left_has(
    changes: dict[str, Any], zh: str, en: str
):
    item = item_to("boss", a_story().through(BEGUN).hear(absence_noticed().model_copy(update=changes)))
    assert zh in a_renderer().letter(item, reader=ZH, directory=a_directory()).text
    assert en in a_renderer().letter(item, reader=EN, directory=a_directory()).text
