"""A review tells those whose turn it is, and when it is decided all who took part; each message reads in both languages."""

import pytest

from services.notify.rendering.view import Reader
from tests.unit.notify.letters import EN, ZH, a_renderer
from tests.unit.notify.notify_build import Story, a_directory, coordinator_assigned, submitted, supporters_assigned, told
from tests.unit.notify.review_facts import SAID
from tests.unit.notify.scenes import SCENES


def story() -> Story:
    return Story().through((submitted(), coordinator_assigned(), supporters_assigned()))


@pytest.mark.parametrize("name", list(SAID))
def test_who_is_told(name: str):
    fact, expected = SAID[name]
    assert {who for who in told(story().hear(fact)) if not who.startswith("webhook")} == expected


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("name", [name for name in SAID if name not in {"review_opened", "review_amended"}])
def test_each_message_can_be_read(name: str, locale: str):
    item = next(item for item in story().hear(SAID[name][0]).items if item.kind == "email")
    letter = a_renderer().letter(item, reader=EN if locale == "en" else ZH, directory=a_directory())
    assert letter.subject
    assert "{" not in letter.text
    assert "None" not in letter.text


WORDS = {"zh": ("接受", "意见"), "en": ("accept", "opinion")}


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("reviewed", [True, False])
@pytest.mark.parametrize(
    "template",
    ["supporters_assigned", "support_handed_over", "supporter_added", "service_level_warned", "service_level_breached"],
)
def test_whoever_reviews_is_asked_for_an_opinion_and_whoever_works_to_accept(template: str, reviewed: bool, reader: Reader):
    first, *others = SCENES[template]
    assert type(first) is type(submitted())
    begun = submitted(type="business.price") if reviewed else first
    *before, last = (begun, *others)
    items = Story().through(before).hear(last).items
    item = next(item for item in items if item.kind == "email" and item.data["as"] == "supporters")
    text = a_renderer().letter(item, reader=reader, directory=a_directory()).text
    accept, opinion = WORDS[reader.locale]
    assert (accept in text, opinion in text) == (not reviewed, reviewed)


@pytest.mark.parametrize(
    ("reader", "turn", "remind"), [(ZH, "轮到您", "请提醒评审人"), (EN, "your turn", "see that the reviewers")]
)
def test_a_coordinator_of_a_review_has_no_turn_and_is_asked_to_remind_those_who_have(reader: Reader, turn: str, remind: str):
    _, *before, last = SCENES["service_level_warned"]
    items = Story().through([submitted(type="business.price"), *before]).hear(last).items
    texts = {
        item.data["as"]: a_renderer().letter(item, reader=reader, directory=a_directory()).text
        for item in items
        if item.kind == "email"
    }
    assert (turn in texts["supporters"], remind in texts["supporters"]) == (True, False)
    assert (turn in texts["coordinator"], remind in texts["coordinator"]) == (False, True)
