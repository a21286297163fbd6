"""The words: every template renders strictly in both languages, hostile values stay values, links and times fit the reader."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from services.notify.rendering.labels import UnknownPolicyError, labels_of
from services.notify.rendering.renderer import LONGEST_SUBJECT, TEMPLATES, Renderer, RenderError
from services.notify.rendering.view import Console, Reader, reference_of
from shared.catalogue import load_packs
from shared.ledger.messages import Item
from shared.schemas.model import Text
from shared.schemas.requests import Customer, FieldChange, Opportunity, PolicyPin, number_of
from shared.schemas.routing import AmendmentRefused, RequestAmended, SupportersAssigned, WorkDeclined
from tests.builders import a_document
from tests.unit.catalogue.packs import with_a_sixteenth_type
from tests.unit.notify.notify_build import (
    ALL_TEMPLATES,
    REQUEST,
    Story,
    a_decision,
    a_directory,
    a_person,
    a_request,
    a_seat,
    coordinator_assigned,
    items_for,
    submitted,
)

CONSOLE = Console(address="https://desk.example")
ZH = Reader(name="陶然", locale="zh", time_zone="Asia/Shanghai")
EN = Reader(name="Tao Ran", locale="en", time_zone="America/New_York")
HOSTILE = (
    'Evil"><script>alert(1)</script>\r\nBcc: x@evil.example [a](http://evil.example) <@all> =?utf-8?q?=0aBcc:x?= {{ 7*7 }} \u202e'
)


LABELS = labels_of(load_packs())


def a_renderer(**changes: Any):
    return Renderer(**{"labels_of": LABELS, "console": CONSOLE, **changes})


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
        assert CONSOLE.to_request(REQUEST) in letter.text


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("template", [template for template in ALL_TEMPLATES if chats(template)])
def test_every_chat_message_renders(template: str, reader: Reader):
    said = a_renderer().chat(chats(template)[0], reader=reader, directory=a_directory())
    assert number_of(REQUEST) in said
    assert CONSOLE.to_request(REQUEST) in said
    assert f"{reference_of(chats(template)[0].id)}</font>" in said.splitlines()[-1]
    assert len(said.encode()) < 4096


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("template", ALL_TEMPLATES)
def test_without_a_console_a_mail_has_no_link_and_sends_nobody_to_a_page(template: str, reader: Reader):
    for item in mails(template):
        letter = a_renderer(console=Console()).letter(item, reader=reader, directory=a_directory())
        assert "a" not in Tags(letter.html).tags
        for words in (letter.text, Tags(letter.html).shown):
            assert "http" not in words
            assert not any(said in words for said in ("查看申请", "申请页面", "Open the request", "on its page"))


def test_without_a_console_a_chat_message_has_no_link_but_is_recognised():
    item = chats("supporters_assigned")[0]
    said = a_renderer(console=Console()).chat(item, reader=EN, directory=a_directory())
    assert "](" not in said
    assert f"Notification: {item.id[:8]}" in said


@pytest.mark.parametrize(("console", "where"), [(Console(), "通过本单位业务系统接受任务"), (CONSOLE, "在申请页面接受任务")])
def test_the_next_step_names_a_way_that_there_is(console: Console, where: str):
    assert where in a_renderer(console=console).letter(mails("supporters_assigned")[0], reader=ZH, directory=a_directory()).text


def test_both_languages_have_the_same_templates():
    names = {locale: sorted(file.name for file in (TEMPLATES / locale).iterdir()) for locale in ("zh", "en")}
    assert names["zh"] == names["en"]
    assert names["zh"] == sorted(f"{template}.j2" for template in ALL_TEMPLATES)


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


@pytest.mark.parametrize(
    ("reader", "wanted", "urgency"), [(ZH, "期望完成时间", "紧急程度：高"), (EN, "Needed by", "Priority: high")]
)
def test_deadline_and_priority_are_called_as_in_the_catalogue(reader: Reader, wanted: str, urgency: str):
    item = next(item for item in Story().hear(submitted(priority="high")).items if item.kind == "email")
    text = a_renderer().letter(item, reader=reader, directory=a_directory()).text
    assert f"\n{wanted}" in text
    assert f"\n{urgency}\n" in text


@pytest.mark.parametrize(
    ("details", "label"),
    [
        ({"due": "2027-03-09T17:00:00+08:00"}, "提交时间：2027年3月9日 17:00"),
        ({"where": {"start": "2027-03-09T17:00:00+08:00"}}, "开始时间：2027年3月9日 17:00"),
    ],
)
def test_a_deadline_from_the_form_is_called_as_the_form_calls_it(details: dict[str, Any], label: str):
    story = Story()
    item = next(
        item
        for item in story.hear(submitted(type="tech.proposal", needed_by=None, details=details)).items
        if item.kind == "email"
    )
    assert f"\n{label}" in a_renderer().letter(item, reader=ZH, directory=a_directory()).text


def test_what_changed_in_the_frame_reads_as_in_the_catalogue_and_in_the_readers_time():
    changes = (
        FieldChange(field="priority", before="normal", after="urgent"),
        FieldChange(field="needed_by", before="2027-03-12T09:00:00Z", after="2027-03-15T09:00:00Z"),
        FieldChange(field="attachments", before=[], after=["x"]),
    )
    amended = RequestAmended(request=a_request(), changes=changes, version=2)
    items = Story().through([submitted()]).hear(amended).items
    text = a_renderer().letter(items[0], reader=ZH, directory=a_directory()).text
    assert "- 紧急程度：普通 → 紧急\n" in text
    assert "- 期望完成时间：2027年3月12日 17:00（Asia/Shanghai） → 2027年3月15日 17:00（Asia/Shanghai）\n" in text
    assert "- 附件\n" in text


def test_one_mail_lists_all_documents_of_one_cause():
    together = ("d1", "d2")
    story = Story().through(
        [submitted(type="tech.proposal"), coordinator_assigned(), a_document("d1", name="a.pdf", together=together)]
    )
    item = next(item for item in story.hear(a_document("d2", name="a.docx", together=together)).items if item.kind == "email")
    letter = a_renderer().letter(item, reader=ZH, directory=a_directory())
    assert "- a.pdf\n- a.docx\n" in letter.text
    assert "文件已生成：方案建议书" in letter.subject


@pytest.mark.parametrize(
    ("template", "particulars", "line"),
    [
        ("document_rendered", {"document": "d1", "kind": "tech.survey", "name": "a.pdf", "version": 1}, "- a.pdf\n"),
        ("document_failed", {"document": "d1", "kind": "tech.survey", "problem": "no font"}, "- Problem: no font\n"),
    ],
)
def test_a_mail_planned_when_documents_were_announced_singly_is_still_sent(template: str, particulars: dict[str, Any], line: str):
    plain = mails(template)[0]
    params = {**plain.data["params"], "particulars": particulars}
    item = Item(id=plain.id, kind="email", subject=plain.subject, data={**plain.data, "params": params})
    assert line in a_renderer().letter(item, reader=EN, directory=a_directory()).text


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


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("template", ALL_TEMPLATES)
def test_no_value_of_any_message_becomes_markup_a_line_or_a_template(template: str, reader: Reader):
    person = a_person("asker", name=HOSTILE)
    directory = a_directory(person, *(a_person(identity, name=HOSTILE) for identity in ("boss", "anna", "ben")))
    for plain in mails(template):
        params = {**hostile_params(plain), "particulars": hostile(plain.data["params"]["particulars"])}
        item = Item(id=plain.id, kind="email", subject=plain.subject, data={**plain.data, "params": params})
        letter = a_renderer().letter(item, reader=reader, directory=directory)
        assert "script" not in Tags(letter.html).tags
        assert not any(line.startswith("Bcc:") for line in (*letter.text.splitlines(), *letter.subject.splitlines()))
        assert "49" not in letter.text.replace(REQUEST, "")


def hostile(value: Any) -> Any:
    """`value` with every text in it that is no name of a field or a code replaced by the hostile one."""
    match value:
        case dict():
            return {
                key: inner if key in {"field", "step", "role", "document"} else hostile(inner) for key, inner in value.items()
            }
        case list():
            return [hostile(inner) for inner in value]
        case str():
            return HOSTILE
        case _:
            return value


def test_a_long_subject_is_cut_and_keeps_number_and_event():
    opportunity = Opportunity(id="O", name="很长的名称" * 200, customer=Customer(id="C", name="C"))
    item = next(item for item in Story().hear(submitted(opportunity=opportunity)).items if item.kind == "email")
    subject = a_renderer().letter(item, reader=ZH, directory=a_directory()).subject
    assert len(subject) == LONGEST_SUBJECT
    assert subject.startswith(f"【{number_of(REQUEST)}】申请已受理：需求调研（很长的名称")
    assert subject.endswith("…")


def test_long_values_leave_room_for_the_whole_of_a_chat_message():
    plain = chats("assignment_waiting")[0]
    request = {**plain.data["params"]["request"], "opportunity": "长" * 900, "customer": "长" * 900}
    params = {**plain.data["params"], "request": request, "particulars": {"reason": "nobody_fits", "roles": ["长" * 900]}}
    item = Item(id=plain.id, kind="chat", subject=plain.subject, data={**plain.data, "params": params})
    directory = a_directory(*(a_person(identity, name="长" * 900) for identity in ("asker", "boss", "anna", "ben")))
    said = a_renderer().chat(item, reader=ZH, directory=directory)
    assert len(said.encode()) < 4096
    assert reference_of(item.id) in said


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


def a_template(folder: Path, words: str) -> Renderer:
    """A renderer whose only template says `words`."""
    (folder / "zh").mkdir()
    (folder / "zh" / "submitted.j2").write_text(words)
    return a_renderer(templates=folder)


def test_a_template_that_names_what_is_not_there_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(RenderError, match=r"zh/submitted.j2 cannot be rendered \(UndefinedError\)"):
        a_template(tmp_path, "{{ request.secret }}").letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_template_cannot_leave_the_sandbox(tmp_path: Path):
    renderer = a_template(tmp_path, "{{ ''.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(RenderError, match="SecurityError"):
        renderer.letter(mails("submitted")[0], reader=ZH, directory=a_directory())


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
