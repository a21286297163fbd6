"""The words: every template renders strictly in both languages; names, links and times fit the reader."""

import re
from pathlib import Path
from typing import Any

import pytest

from services.notify.callbacks import FAILING
from services.notify.policy import load_policy
from services.notify.rendering.labels import UnknownPolicyError, labels_of
from services.notify.rendering.renderer import TEMPLATES
from services.notify.rendering.view import Console, Reader, reference_of
from shared.catalogue import load_packs
from shared.ledger.messages import Item
from shared.schemas.model import Text
from shared.schemas.requests import FieldChange, PolicyPin, number_of
from shared.schemas.routing import AmendmentRefused, RequestAmended, SupportersAssigned
from tests.builders import a_document
from tests.unit.catalogue.packs import with_a_sixteenth_type
from tests.unit.notify.letters import CONSOLE, EN, ZH, Tags, a_renderer, chats, mails
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
    document_failed,
    submitted,
    supporters_assigned,
)

FOR_MACHINES = frozenset({"review_opened", "review_amended"})
"""Told to subscribers alone: people are told that they have a seat."""


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("template", [template for template in ALL_TEMPLATES if template not in FOR_MACHINES])
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
    assert names["zh"] == sorted(f"{template}.j2" for template in (*ALL_TEMPLATES, FAILING, *load_policy().seasons.values()))


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*/*.j2")), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_template_is_made_of_the_blocks_that_the_layouts_set(file: Path):
    block = re.compile(r"(?s){% block (\w+) %}.*?{% endblock %}\n")
    words = file.read_text()
    assert block.sub("", words) == ""
    assert set(block.findall(words)) - {"quoted", "quote"} == {"heading", "lead", "next"}


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
        (
            "document_failed",
            {"document": "d1", "kind": "tech.survey", "problem": "no font"},
            "- Problem: A fault inside the system\n",
        ),
    ],
)
def test_a_mail_planned_when_documents_were_announced_singly_is_still_sent(template: str, particulars: dict[str, Any], line: str):
    plain = mails(template)[0]
    params = {**plain.data["params"], "particulars": particulars}
    item = Item(id=plain.id, kind="email", subject=plain.subject, data={**plain.data, "params": params})
    assert line in a_renderer().letter(item, reader=EN, directory=a_directory()).text


@pytest.mark.parametrize(
    ("cause", "zh", "en"),
    [
        ("draft_missing", "合同草案的内容尚未上传", "The contract draft was not uploaded"),
        ("template", "文件模板不能处理", "The template cannot take"),
        ("renderer", "生成文件的程序中断或超时", "stopped or took too long"),
        ("policy_missing", "管理办法版本", "is not installed"),
        ("", "系统内部原因", "A fault inside the system"),
        ("a cause of a later release", "系统内部原因", "A fault inside the system"),
    ],
)
def test_a_mail_says_why_there_is_no_document_in_its_readers_language_and_nothing_technical(cause: str, zh: str, en: str):
    failed = document_failed().model_copy(update={"problem": "given up after 8 attempts: PackError", "cause": cause})
    story = Story().through([submitted(), coordinator_assigned(), supporters_assigned()])
    item = next(item for item in story.hear(failed).items if item.kind == "email")
    for reader, sentence in ((ZH, zh), (EN, en)):
        letter = a_renderer().letter(item, reader=reader, directory=a_directory())
        assert sentence in letter.text
        assert "PackError" not in letter.text + letter.html


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
