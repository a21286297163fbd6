"""The words: every template renders strictly in both languages, hostile values stay values, links and times fit the reader."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from services.notify.rendering.labels import UnknownPolicyError, labels_of
from services.notify.rendering.renderer import TEMPLATES, Renderer, RenderError
from services.notify.rendering.view import Links, Reader
from shared.catalogue import load_packs
from shared.ledger.messages import Item
from shared.schemas.model import Text
from shared.schemas.requests import Customer, Opportunity, PolicyPin, number_of
from shared.schemas.routing import AmendmentRefused, SupportersAssigned, WorkDeclined
from tests.unit.catalogue.packs import with_a_sixteenth_type
from tests.unit.notify.notify_build import (
    ALL_TEMPLATES,
    REQUEST,
    Story,
    a_decision,
    a_directory,
    a_person,
    a_seat,
    coordinator_assigned,
    items_for,
    submitted,
)

LINKS = Links(request="https://desk.example/r/{request}?n={notification}", document="https://desk.example/d/{document}")
ZH = Reader(name="陶然", locale="zh", time_zone="Asia/Shanghai")
EN = Reader(name="Tao Ran", locale="en", time_zone="America/New_York")
HOSTILE = (
    'Evil"><script>alert(1)</script>\r\nBcc: x@evil.example [a](http://evil.example) <@all> =?utf-8?q?=0aBcc:x?= {{ 7*7 }} \u202e'
)


def a_renderer(**changes: Any):
    return Renderer(**{"labels_of": labels_of(load_packs()), "links": LINKS, **changes})


def mails(template: str, story: Story | None = None):
    return [item for item in items_for(template, story) if item.kind == "email"]


def chats(template: str, story: Story | None = None):
    return [item for item in items_for(template, story) if item.kind == "chat"]


def a_hostile_item(kind: str = "email"):
    story = Story().through([submitted(opportunity=Opportunity(id="O", name=HOSTILE, customer=Customer(id="C", name=HOSTILE)))])
    decision = story.through([coordinator_assigned()]).hear(WorkDeclined(by="anna", role="x", step="supporter", reason=HOSTILE))
    return next(item for item in decision.items if item.kind == kind)


class Tags(HTMLParser):
    """The tags that a reader's mail program sees, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.shown = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any):
        self.tags.append(tag)

    def handle_data(self, data: str):
        self.shown += data


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("template", ALL_TEMPLATES)
def test_every_mail_renders_for_everyone_who_gets_it(template: str, reader: Reader):
    items = mails(template)
    assert items
    for item in items:
        letter = a_renderer().letter(item, reader=reader, directory=a_directory())
        shown = Tags(letter.html).shown
        assert number_of(REQUEST) in letter.subject
        for words in (letter.text, shown):
            assert number_of(REQUEST) in words
            assert reader.name in words
            assert "示例水务集团" in words
            assert "{{" not in words
            assert "None" not in words
        assert LINKS.to_request(REQUEST, item.id) in letter.text


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("template", [template for template in ALL_TEMPLATES if chats(template)])
def test_every_chat_message_renders(template: str, reader: Reader):
    said = a_renderer().chat(chats(template)[0], reader=reader, directory=a_directory())
    assert number_of(REQUEST) in said
    assert "[" in said.splitlines()[-1]
    assert len(said.encode()) < 4096


def test_both_languages_have_the_same_templates():
    names = {locale: sorted(file.name for file in (TEMPLATES / locale).iterdir()) for locale in ("zh", "en")}
    assert names["zh"] == names["en"]
    assert len(names["zh"]) == 3 * len(ALL_TEMPLATES) + 3


def test_the_deadline_is_in_the_readers_time_zone():
    item = mails("submitted")[0]
    assert "2027年3月12日 17:00（Asia/Shanghai）" in a_renderer().letter(item, reader=ZH, directory=a_directory()).text
    assert "12 Mar 2027, 04:00 (America/New_York)" in a_renderer().letter(item, reader=EN, directory=a_directory()).text


def test_an_unknown_time_zone_reads_utc():
    reader = Reader(name="x", locale="en", time_zone="Mars/Olympus")
    assert "12 Mar 2027, 09:00 (UTC)" in a_renderer().letter(mails("submitted")[0], reader=reader, directory=a_directory()).text


def test_a_locale_without_templates_reads_chinese():
    reader = Reader(name="x", locale="fr", time_zone="UTC")
    assert "申请已受理" in a_renderer().letter(mails("submitted")[0], reader=reader, directory=a_directory()).subject


def test_types_roles_fields_and_choices_are_called_as_in_the_policy():
    letter = a_renderer().letter(mails("request_amended")[0], reader=ZH, directory=a_directory())
    for words in ("需求调研", "售前工程师", "沟通方式：现场沟通 → 视频会议", "沟通对象"):
        assert words in letter.text


def test_people_are_called_by_name_and_strangers_by_id():
    directory = a_directory(a_person("anna", name="王磊"))
    text = a_renderer().letter(mails("supporters_assigned")[0], reader=ZH, directory=directory).text
    assert "王磊（售前工程师）" in text
    assert (
        "boss"
        in a_renderer()
        .letter(mails("supporters_assigned")[0], reader=ZH, directory=directory.model_copy(update={"people": {}}))
        .text
    )


def test_hostile_values_are_shown_as_text_in_html():
    letter = a_renderer().letter(a_hostile_item(), reader=ZH, directory=a_directory())
    seen = Tags(letter.html)
    assert "script" not in seen.tags
    assert "<script>alert(1)</script>" in seen.shown
    assert "{{ 7*7 }}" in seen.shown
    assert "\u202e" not in seen.shown


def test_hostile_values_stay_on_one_line_of_subject_and_text():
    letter = a_renderer().letter(a_hostile_item(), reader=ZH, directory=a_directory())
    assert len(letter.subject.splitlines()) == 1
    assert "=?" not in letter.subject
    assert not any(line.startswith("Bcc:") for line in letter.text.splitlines())


def test_hostile_values_are_no_markup_in_chat():
    plain = chats("supporters_assigned")[0]
    item = Item(id=plain.id, kind="chat", subject=plain.subject, data={**plain.data, "params": hostile_params(plain)})
    said = a_renderer().chat(item, reader=ZH, directory=a_directory())
    assert "<@all>" not in said
    assert "](http://evil" not in said
    assert said.count("](") == 1


def hostile_params(item: Item):
    params = item.data["params"]
    return {**params, "request": {**params["request"], "opportunity": HOSTILE, "customer": HOSTILE}}


def test_a_template_that_names_what_is_not_there_is_an_error_that_names_it(tmp_path: Path):
    for part in ("subject.txt", "txt", "html"):
        (tmp_path / "zh").mkdir(exist_ok=True)
        (tmp_path / "zh" / f"submitted.{part}.j2").write_text("{{ request.secret }}")
    with pytest.raises(RenderError, match=r"zh/submitted.subject.txt.j2 cannot be rendered \(UndefinedError\)"):
        a_renderer(templates=tmp_path).letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_template_cannot_leave_the_sandbox(tmp_path: Path):
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "submitted.subject.txt.j2").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(RenderError, match="SecurityError"):
        a_renderer(templates=tmp_path).letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_missing_template_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(RenderError, match="TemplateNotFound"):
        a_renderer(templates=tmp_path).letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_pack_that_is_not_loaded_is_not_substituted():
    item = mails("submitted")[0]
    request = {
        **item.data["params"]["request"],
        "policy": PolicyPin(name="sales-support", version="9.9.9", hash="0").model_dump(),
    }
    newer = Item(
        id=item.id, kind="email", subject=item.subject, data={**item.data, "params": {**item.data["params"], "request": request}}
    )
    with pytest.raises(UnknownPolicyError, match=r"9\.9\.9"):
        a_renderer().letter(newer, reader=ZH, directory=a_directory())


def test_texts_in_both_languages_are_shown_in_the_readers():
    refused = AmendmentRefused(reason=Text(zh="工作已结束。", en="The work has ended."))
    item = next(item for item in Story().through([submitted()]).hear(refused).items if item.kind == "email")
    assert "工作已结束。" in a_renderer().letter(item, reader=ZH, directory=a_directory()).text
    assert "The work has ended." in a_renderer().letter(item, reader=EN, directory=a_directory()).text


@pytest.mark.parametrize(("reader", "name", "role"), [(ZH, "系统巡检", "测试工程师"), (EN, "System inspection", "Test engineer")])
def test_a_sixteenth_type_is_told_of_in_its_own_words_by_yaml_alone(tmp_path: Path, reader: Reader, name: str, role: str):
    words = labels_of(load_packs(with_a_sixteenth_type(tmp_path)))
    details = {"site": "七号仓", "contact": {"$personal": "details.contact"}, "due": "2027-03-20T12:00:00+08:00"}
    story = Story().through([submitted(type="tech.inspection", details=details), coordinator_assigned()])
    seats = (a_seat("anna", role="test_engineer"),)
    decision = story.hear(SupportersAssigned(seats=seats, decisions=(a_decision(role="test_engineer"),)))
    letters = [
        a_renderer(labels_of=words).letter(item, reader=reader, directory=a_directory())
        for item in decision.items
        if item.kind == "email"
    ]
    assert letters
    for letter in letters:
        assert name in letter.subject + letter.text
        assert "tech.inspection" not in letter.subject + letter.text + letter.html
    assert any(role in letter.text for letter in letters)


def test_a_type_that_is_called_an_application_is_not_called_so_twice():
    story = Story().through([submitted(type="business.price")])
    decision = story.hear(coordinator_assigned())
    texts = [
        a_renderer().letter(item, reader=ZH, directory=a_directory()).text for item in decision.items if item.kind == "email"
    ]
    assert any("价格申请" in text for text in texts)
    assert not any("申请申请" in text for text in texts)
