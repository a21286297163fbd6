"""Who is told that time runs out, and in what words."""

import pytest

from tests.unit.notify.letters import ZH, a_renderer, mails
from tests.unit.notify.notify_build import (
    Story,
    a_directory,
)
from tests.unit.notify.scenes import items_for


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("service_level_warned", {"supporters", "coordinator"}),
        ("service_level_breached", {"supporters"}),
        ("confirmation_reminded", {"requester"}),
    ],
)
def test_those_whose_turn_it_is_are_told(template: str, parts: set[str]) -> None:
    assert {item.data["as"] for item in items_for(template, Story())} == parts


@pytest.mark.parametrize(
    ("template", "words"),
    [("service_level_warned", "期限将到"), ("service_level_breached", "已逾期"), ("confirmation_reminded", "请确认成果")],
)
def test_the_mail_says_what_and_until_when(template: str, words: str) -> None:
    letters = [a_renderer().letter(item, reader=ZH, directory=a_directory()) for item in mails(template)]
    assert letters
    assert all(words in str(letter) and "2027" in str(letter) for letter in letters)
