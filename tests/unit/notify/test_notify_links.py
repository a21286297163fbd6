"""Mails about a price request that is waited for: what its standing means and what to do; nothing that nobody waited for."""

import pytest

from services.notify.rendering.view import Reader
from shared.schemas import links
from shared.schemas.reviews import ReviewReturned
from shared.schemas.routing import POLICY
from tests.unit.notify.letters import EN, ZH, a_renderer
from tests.unit.notify.link_facts import WHY, awaited, decided, failed
from tests.unit.notify.notify_build import Story, a_directory
from tests.unit.notify.scenes import AT_WORK

ADVICE = {
    "zh": {"pending": "请联系", "unknown": "请按上述", "rejected": "请按上述", "withdrawn": "已撤回"},
    "en": {"pending": "turn to those", "unknown": "see to what", "rejected": "see to what", "withdrawn": "withdrawn"},
}


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("fact", [awaited(), awaited("unknown"), failed(), failed("withdrawn")], ids=lambda fact: fact.standing)
def test_the_requester_reads_why_it_waits_and_what_to_do(
    reader: Reader, fact: links.LinkedRequestAwaited | links.LinkedRequestFailed
):
    items = Story().through(AT_WORK).hear(fact).items
    item = next(one for one in items if one.kind == "email" and one.data["recipient"] == "asker")
    letter = a_renderer().letter(item, reader=reader, directory=a_directory())
    assert (WHY.zh if reader.locale == "zh" else WHY.en) in letter.text
    assert ADVICE[reader.locale][fact.standing] in letter.text


@pytest.mark.parametrize(
    ("fact", "told"),
    [(decided(), True), (decided("approved"), True), (decided("approved", awaited=False), False), (decided(awaited=False), True)],
)
def test_an_approval_that_nobody_waited_for_is_no_mail_unless_it_wants_changes(fact: links.LinkedRequestDecided, told: bool):
    assert any(item.kind == "email" for item in Story().through(AT_WORK).hear(fact).items) is told


@pytest.mark.parametrize(
    ("reader", "words"), [(ZH, "因价格附条件批准"), (EN, "The price was approved with changes")], ids=["zh", "en"]
)
def test_a_review_that_the_price_sends_back_says_so_and_names_nobody(reader: Reader, words: str):
    back = ReviewReturned(by=POLICY, step="unit", reason="价格", again=("p",), asked=("anna",))
    items = [one for one in Story().through(AT_WORK).hear(back).items if one.kind == "email"]
    letter = a_renderer().letter(items[0], reader=reader, directory=a_directory())
    assert words in letter.text
    assert "policy" not in letter.text
