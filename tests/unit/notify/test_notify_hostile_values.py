"""Hostile and long values stay values: no header, no line, no markup, no template; a faulty template is an error that names it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from services.notify.rendering.labels import PackLabels
from services.notify.rendering.renderer import LONGEST_SUBJECT, TEMPLATES, Renderer, RenderError
from services.notify.rendering.view import Reader, reference_of
from shared.ledger.messages import Item
from shared.schemas.requests import Customer, Opportunity, number_of
from shared.schemas.routing import WorkDeclined
from tests.builders import the_pack
from tests.unit.notify.letters import EN, ZH, Tags, a_renderer, chats, mails
from tests.unit.notify.notify_build import (
    ALL_TEMPLATES,
    REQUEST,
    Story,
    a_directory,
    a_person,
    coordinator_assigned,
    submitted,
)

HOSTILE = (
    'Evil"><script>alert(1)</script>\r\nBcc: x@evil.example [a](http://evil.example) <@all> =?utf-8?q?=0aBcc:x?= {{ 7*7 }} \u202e'
)


def a_hostile_item(kind: str = "email"):
    story = Story().through([submitted(opportunity=Opportunity(id="O", name=HOSTILE, customer=Customer(id="C", name=HOSTILE)))])
    decision = story.through([coordinator_assigned()]).hear(WorkDeclined(by="anna", role="x", step="supporter", reason=HOSTILE))
    return next(item for item in decision.items if item.kind == kind)


def hostile(value: Any) -> Any:
    """`value` with every text in it that is no name of a field or a code replaced by the hostile one."""
    match value:
        case dict():
            return {
                key: inner
                if key in {"field", "step", "role", "document", "until", "due", "latest_start", "at", "clock"}
                else hostile(inner)
                for key, inner in value.items()
            }
        case list():
            return [hostile(inner) for inner in value]
        case str():
            return HOSTILE
        case _:
            return value


def hostile_params(item: Item):
    params = item.data["params"]
    return {**params, "request": {**params["request"], "opportunity": HOSTILE, "customer": HOSTILE}}


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


def a_template(folder: Path, words: str) -> Renderer:
    """A renderer with our layouts, whose only template has `words` as its heading."""
    shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("zh", "en"))
    (folder / "zh").mkdir()
    blocks = {"heading": words, "lead": "-", "next": "-"}
    said = "".join(f"{{% block {name} %}}{text}{{% endblock %}}\n" for name, text in blocks.items())
    (folder / "zh" / "submitted.j2").write_text(said)
    return a_renderer(templates=folder)


def test_a_template_that_names_what_is_not_there_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(RenderError, match=r"zh/submitted.j2 cannot be rendered \(UndefinedError\)"):
        a_template(tmp_path, "{{ request.secret }}").letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_template_cannot_leave_the_sandbox(tmp_path: Path):
    renderer = a_template(tmp_path, "{{ ''.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(RenderError, match="SecurityError"):
        renderer.letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_template_has_no_functions_to_call(tmp_path: Path):
    renderer = a_template(tmp_path, "{% for number in range(9) %}{{ number }}{% endfor %}")
    with pytest.raises(RenderError, match="UndefinedError"):
        renderer.letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_what_a_template_says_is_plain_words_in_every_part(tmp_path: Path):
    letter = a_template(tmp_path, "R&D <b>").letter(mails("submitted")[0], reader=ZH, directory=a_directory())
    assert "R&D <b>" in letter.subject
    assert "b" not in Tags(letter.html).tags
    assert "R&D <b>" in Tags(letter.html).shown


def test_a_template_that_does_not_say_all_is_an_error_that_names_it(tmp_path: Path):
    renderer = a_template(tmp_path, "-")
    (tmp_path / "zh" / "submitted.j2").write_text("{% block heading %}-{% endblock %}\n{% block lead %}-{% endblock %}\n")
    with pytest.raises(RenderError, match=r"zh/submitted.j2 cannot be rendered \(UndefinedError\)"):
        renderer.letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_missing_template_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(RenderError, match="TemplateNotFound"):
        a_renderer(templates=tmp_path).letter(mails("submitted")[0], reader=ZH, directory=a_directory())


def test_a_problem_with_the_opportunity_is_not_called_by_a_field_of_the_form():
    labels = PackLabels(the_pack())
    assert labels.field_name("market.event", "opportunity.name", "zh") == "opportunity.name"
    assert labels.field_name("market.event", "details.name", "zh") == "活动名称"
