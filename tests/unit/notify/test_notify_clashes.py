"""A clash is told to coordinator, requester and leader in their language: whom to call, and nothing else of the other unit."""

import pytest

from services.notify.rendering.view import Reader
from services.notify.state import Context
from shared.schemas.clashes import ClashFound, ClashResolved
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit
from tests.unit.notify.letters import EN, ZH, a_renderer, mails
from tests.unit.notify.notify_build import NOW, Story, a_directory, coordinator_assigned, submitted, told

DIRECTORY = a_directory()


def found(**changes: object) -> ClashFound:
    return ClashFound(clash="0123456789abcdef", kind="customer", other_unit="south", call=("ben",)).model_copy(update=changes)


def resolved(resolution: str, by: str = "ben", reason: str = "") -> ClashResolved:
    said = {"clash": "0123456789abcdef", "kind": "customer", "other_unit": "south", "resolution": resolution, "by": by}
    return ClashResolved.model_validate({**said, "reason": reason})


def a_story() -> Story:
    context = Context(now=NOW, rooms=frozenset({"east"}), subscribers=("crm",), leaders={"east": ("chief",)})
    return Story(context=context).through([submitted(), coordinator_assigned()])


def text(said: ClashFound | ClashResolved, reader: Reader) -> str:
    return a_renderer().letter(a_story().hear(said).items[0], reader=reader, directory=DIRECTORY).text


def test_coordinator_requester_and_leader_are_told_and_not_the_room():
    people = {"email:boss": "coordinator", "email:asker": "requester", "email:chief": "unit_leader"}
    assert told(a_story().hear(found())) == {**people, "webhook:crm": "subscribers"}


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("template", ["clash_found", "clash_resolved"])
def test_both_render_for_everybody(template: str, reader: Reader):
    for item in mails(template):
        letter = a_renderer().letter(item, reader=reader, directory=DIRECTORY)
        assert "None" not in letter.text
        assert "{{" not in letter.text


def test_it_says_whom_to_call_by_name_and_address():
    assert "Name of ben（ben@east.example）" in text(found(), ZH)
    assert "Please call Name of ben (ben@east.example) there" in text(found(), EN)
    assert "Please call that unit" in text(found(call=()), EN)


@pytest.mark.parametrize(("kind", "words"), [("tender", "同一招标项目"), ("customer", "同一客户、同类需求")])
def test_it_says_what_kind_of_clash_it_is(kind: str, words: str):
    assert words in text(found(kind=kind), ZH)


@pytest.mark.parametrize(
    ("resolution", "words"),
    [("keep_both", "both go on"), ("merged", "they are merged"), ("withdrawn", "one of them is withdrawn"), ("ended", "no more")],
)
def test_it_says_what_was_decided_and_by_whom(resolution: str, words: str):
    shown = text(resolved(resolution, by="policy" if resolution == "ended" else "ben", reason="由南区牵头"), EN)
    assert words in shown
    assert ("Name of ben" in shown) is (resolution != "ended")


@pytest.mark.parametrize(("reader", "words"), [(ZH, "与南区的撞单已由南区处理"), (EN, "was settled by South")])
def test_of_who_decided_in_the_other_unit_the_unit_is_said(reader: Reader, words: str):
    south = BusinessUnit(code="south", name=Text(zh="南区", en="South"))
    item = a_story().hear(resolved("merged", by="south")).items[0]
    assert words in a_renderer().letter(item, reader=reader, directory=DIRECTORY.with_entries([south])).text
