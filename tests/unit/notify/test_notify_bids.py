"""Mails about a bid: whether its dates can be met, by when each part is due, and which part lacks something."""

import pytest

from services.notify.rendering.view import Reader
from tests.unit.notify.bid_facts import bid_child_returned, bid_planned
from tests.unit.notify.letters import EN, ZH, a_renderer, mails
from tests.unit.notify.notify_build import Story, a_directory, coordinator_assigned, submitted

SENTENCES = {
    "zh": ("可以按期完成。", "需求调研", "请补充后重新提交。"),
    "en": ("The dates can be met.", "Survey", "Add what is missing."),
}

DUE = {"zh": "2027年3月3日", "en": "2 Mar 2027, 20:00"}


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
def test_the_plan_is_told_with_its_verdict_and_the_times_of_its_parts(reader: Reader):
    verdict, part, _ = SENTENCES[reader.locale]
    for item in mails("bid_planned"):
        letter = a_renderer().letter(item, reader=reader, directory=a_directory())
        for words in (verdict, part, DUE[reader.locale]):
            assert words in letter.text


@pytest.mark.parametrize(("cause", "words"), [("amended", "因变更"), ("late", "逾期"), ("progress", "随进展")])
def test_a_plan_that_changed_says_why(cause: str, words: str):
    story = Story().through([submitted(), coordinator_assigned(), bid_planned()])
    items = story.hear(bid_planned(version=2, cause=cause)).items
    letter = a_renderer().letter(items[0], reader=ZH, directory=a_directory())
    assert words in letter.text
    assert "有更新" in letter.subject
    first = a_renderer().letter(mails("bid_planned")[0], reader=ZH, directory=a_directory())
    assert "有更新" not in first.subject


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
def test_a_part_that_lacks_something_is_told_by_name_and_number(reader: Reader):
    _, part, message = SENTENCES[reader.locale]
    for item in mails("bid_child_returned"):
        letter = a_renderer().letter(item, reader=reader, directory=a_directory())
        for words in (part, "BL-C1", message):
            assert words in letter.text


def test_people_hear_of_no_plan_that_tells_them_nothing_new_and_machines_do():
    """The same plan as news is the control."""
    story = Story().through([submitted(), coordinator_assigned(), bid_planned()])
    quiet = story.hear(bid_planned(version=2, cause="progress").model_copy(update={"news": False})).items
    assert {item.kind for item in quiet} <= {"webhook"}
    assert {item.kind for item in story.hear(bid_planned(version=3, cause="progress")).items} >= {"email"}


@pytest.mark.parametrize(
    ("reader", "words"),
    [(ZH, ("需要变更", "2027年3月3日", "手工变更")), (EN, ("has to be amended", "2 Mar 2027, 20:00", "yourself"))],
    ids=["zh", "en"],
)
def test_a_part_that_could_not_be_amended_is_told_to_requester_and_coordinator(reader: Reader, words: tuple[str, ...]):
    story = Story().through([submitted(), coordinator_assigned()])
    due = bid_planned().plan.parts[0].due  # type: ignore[attr-defined]
    items = story.hear(bid_child_returned().model_copy(update={"amending": True, "needed_by": due})).items
    told = [item for item in items if item.kind == "email"]
    assert len(told) == 2
    texts = [a_renderer().letter(item, reader=reader, directory=a_directory()) for item in told]
    for word in words[:2]:
        assert all(word in f"{letter.subject} {letter.text}" for letter in texts)
    assert any(words[2] in letter.text for letter in texts)
