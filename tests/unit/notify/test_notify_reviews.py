"""A review tells those whose turn it is, and when it is decided all who took part; each message reads in both languages."""

import pytest

from tests.unit.notify.letters import EN, ZH, a_renderer
from tests.unit.notify.notify_build import Story, a_directory, coordinator_assigned, submitted, supporters_assigned, told
from tests.unit.notify.review_facts import SAID


def story() -> Story:
    return Story().through((submitted(), coordinator_assigned(), supporters_assigned()))


@pytest.mark.parametrize("name", list(SAID))
def test_who_is_told(name: str):
    fact, expected = SAID[name]
    assert {who for who in told(story().hear(fact)) if not who.startswith("webhook")} == expected


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("name", [name for name in SAID if name != "review_opened"])
def test_each_message_can_be_read(name: str, locale: str):
    item = next(item for item in story().hear(SAID[name][0]).items if item.kind == "email")
    letter = a_renderer().letter(item, reader=EN if locale == "en" else ZH, directory=a_directory())
    assert letter.subject
    assert "{" not in letter.text
    assert "None" not in letter.text
