"""A request that came by mail is answered in its thread, and the answer says how to go on by mail and what was not understood."""

import pytest

from shared.schemas.requests import Origin
from tests.unit.notify.letters import EN, ZH, a_renderer
from tests.unit.notify.notify_build import Story, a_directory, a_person, returned, submitted, supporters_assigned
from tests.unit.notify.test_notify_effects import World

MESSAGE = "<20270301.c4ca@mail.qiheng.example>"
BY_MAIL = Origin(system="mail", reference=MESSAGE)


def mailed(*events):
    """The mails that the last event makes."""
    *before, last = events
    return [item for item in Story().through(before).hear(last).items if item.kind == "email"]


@pytest.mark.parametrize("event", [submitted(source=BY_MAIL), returned(source=BY_MAIL)])
async def test_the_requester_is_answered_in_the_thread_of_their_mail(event):
    world = World()
    await world.perform(mailed(event)[0])
    mail = world.mails.kept[0][1]
    assert mail["In-Reply-To"] == MESSAGE
    assert mail["References"].split()[0].startswith("<request.")
    assert mail["References"].split()[1] == MESSAGE


async def test_others_and_requests_of_other_systems_keep_to_the_root():
    world = World(directory=a_directory(a_person("anna")))
    for item in (*mailed(submitted(source=BY_MAIL), supporters_assigned()), *mailed(submitted())):
        if item.data["as"] != "requester" or item.data["params"]["request"]["source"]["system"] != "mail":
            await world.perform(item)
    assert len(world.mails.kept) >= 2
    assert all(mail["In-Reply-To"] == mail["References"] for _, mail in world.mails.kept)


def test_an_answer_says_how_to_go_on_by_mail_and_shows_no_message_id():
    for event in (submitted(source=BY_MAIL), returned(source=BY_MAIL)):
        zh, en = (a_renderer().letter(mailed(event)[0], reader=reader, directory=a_directory()) for reader in (ZH, EN))
        assert "直接回复" in zh.text
        assert "请勿直接回复" not in zh.text + zh.html
        assert "answer this mail" in en.text
        assert "do not reply" not in en.text + en.html
        assert MESSAGE.strip("<>") not in zh.text + zh.html + en.text + en.html


def test_a_request_of_no_type_has_a_subject_that_ends():
    letter = a_renderer().letter(
        mailed(returned(source=BY_MAIL, type="", opportunity=None))[0], reader=ZH, directory=a_directory()
    )
    assert letter.subject.endswith("】申请需要补充")
    assert "您的申请还缺少以下内容" in letter.text


def test_other_requests_are_answered_as_before():
    text = a_renderer().letter(mailed(returned())[0], reader=ZH, directory=a_directory()).text
    assert "请勿直接回复" in text
    assert "来源单号 crm-east CRM-1" in text


def test_what_was_not_understood_is_said_and_harmless():
    extra = {"not_understood": ["天气要求", "<b>x</b>\r\nBcc: y", "长" * 500, 7]}
    for event in (submitted(source=BY_MAIL, extra=extra), returned(source=BY_MAIL, extra=extra)):
        letter = a_renderer().letter(mailed(event)[0], reader=ZH, directory=a_directory())
        assert "- 未能识别：天气要求\n" in letter.text
        assert "<b>x</b>" not in letter.html
        assert "长" * 200 not in letter.text
    other = a_renderer().letter(mailed(submitted(extra=extra))[0], reader=ZH, directory=a_directory())
    assert "天气要求" not in other.text
