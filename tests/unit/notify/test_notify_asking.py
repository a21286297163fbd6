"""Which mails carry a link to answer by: those that ask, to whom they ask, and only where links are made."""

from typing import Any

import pytest

from services.notify.asking import Acting
from services.notify.policy import load_policy
from services.notify.rendering.answering import Answering
from services.notify.rendering.view import Console
from services.notify.state import Known
from shared.acting.links import Links
from shared.ledger.messages import Item
from shared.schemas import reviews, routing
from shared.schemas.model import Text
from shared.schemas.service_levels import ConfirmationReminded, ServiceLevelWarned
from tests.unit.notify.letters import EN, ZH, Tags, a_renderer, chats, mails
from tests.unit.notify.notify_build import (
    ALL_TEMPLATES,
    NOW,
    REQUEST,
    Story,
    a_directory,
    a_seat,
    coordinator_assigned,
    request_amended,
    submitted,
    supporters_assigned,
    work_completed,
)

LINKS = Links(["a secret of these tests, long and random: 81x"])
ANSWERING = Answering(address="https://answers.example", links=LINKS)
BEGUN = [submitted(), coordinator_assigned(), supporters_assigned("anna", "ben")]
STEP = reviews.ReviewStep(key="s", name=Text(zh="财务", en="Finance"), rule="all", parties=())
OPENED = reviews.ReviewOpened(round=2, steps=(STEP,), amount=1.0, asked=("anna",))
OPINION = reviews.OpinionGiven(by="ben", party="p", opinion="approve", version=2, at=NOW, asked=("anna",))
DELIVERED = 7
"""The number of the fourth event in a story that has said three of its own."""
AMENDED = reviews.ReviewAmended(version=2, amount=1.0, steps=(STEP,), changed=(), again=(), account=(), asked=("anna",))
BOTH = (a_seat("anna"), a_seat("ben"))
REOPENED = routing.RequestReopened(by="asker", reason="x", status="assigned", coordinator=None, supporters=BOTH)
ADDED = routing.SupporterAdded(by="boss", person="ben", role="presales_engineer", reason="x", seats=BOTH, status="working")


def asks(story: Story, said: Any) -> dict[str, tuple[Any, ...]]:
    """By recipient, what they are asked: the purpose and what it is about."""
    items = [item for item in story.hear(said).items if "ask" in item.data]
    return {item.data["recipient"]: tuple(item.data["ask"][name] for name in ("purpose", "stamp", "round")) for item in items}


@pytest.mark.parametrize(
    ("before", "said", "asked"),
    [
        (BEGUN[:1], BEGUN[1], {"boss": ("coordinate", 1, 0)}),
        (BEGUN[:2], BEGUN[2], {"anna": ("support", 1, 0), "ben": ("support", 1, 0)}),
        (BEGUN[:3], ADDED, {"ben": ("support", 1, 0)}),
        ([*BEGUN, request_amended(), OPENED], OPINION, {"anna": ("opinion", 2, 2)}),
        (BEGUN, work_completed(), {"asker": ("delivery", DELIVERED, 0)}),
        ([*BEGUN, work_completed()], ConfirmationReminded(due=NOW), {"asker": ("delivery", DELIVERED, 0)}),
        (BEGUN, ServiceLevelWarned(clock="response", due=NOW), {"anna": ("support", 1, 0), "ben": ("support", 1, 0)}),
        (BEGUN, ServiceLevelWarned(clock="delivery", due=NOW), {}),
        (BEGUN, request_amended(), {"anna": ("support", 2, 0), "ben": ("support", 2, 0)}),
        ([*BEGUN, OPENED], request_amended(), {"anna": ("support", 2, 2), "ben": ("support", 2, 2)}),
        ([*BEGUN, OPENED, request_amended()], AMENDED, {}),
        ([*BEGUN, work_completed()], REOPENED, {"anna": ("support", 1, 0), "ben": ("support", 1, 0)}),
        ([*BEGUN, OPENED, work_completed()], REOPENED, {"anna": ("support", 1, 3), "ben": ("support", 1, 3)}),
        ([], submitted(), {}),
    ],
)
def test_whoever_is_asked_is_asked_about_what_they_are_told_of(before: list[Any], said: Any, asked: dict[str, Any]):
    assert asks(Story().through(before), said) == asked


ASKED_BESIDE = reviews.ReviewerAdded(
    by="finance", person="ben", party="p", place="before", beside="q", reason="x", steps=(STEP,), asked=("ben",)
)


@pytest.mark.parametrize(
    ("first", "then", "apart", "together"),
    [
        (request_amended(), supporters_assigned("anna", "ben", "carl"), {"anna", "ben", "carl"}, {"carl"}),
        (REOPENED, supporters_assigned("anna", "ben", "carl"), {"anna", "ben", "carl"}, {"carl"}),
        (ADDED, ASKED_BESIDE, {"ben"}, set()),
        (coordinator_assigned(), supporters_assigned("boss"), {"boss"}, {"boss"}),
    ],
)
def test_of_one_cause_nobody_is_asked_twice(first: Any, then: Any, apart: set[str], together: set[str]):
    for causes, asked in ((("c", "d"), apart), (("c", "c"), together), ((None, None), apart)):
        story = Story().through(BEGUN)
        for said, cause in zip((first, then), causes, strict=True):
            decision = story.hear_event(story.event(said).model_copy(update={"causationid": cause}))
        assert {item.data["recipient"] for item in decision.items if "ask" in item.data} == asked, causes


def test_of_a_request_from_before_there_were_links_nothing_is_asked_that_nobody_could_check():
    story = Story().through(BEGUN)
    story.state = story.state.model_copy(update={"known": None})
    assert asks(story, work_completed()) == {}
    assert story.state.known is None
    story.state = story.state.model_copy(update={"known": Known()})
    assert asks(story, work_completed()) == {"asker": ("delivery", story.count - 1, 0)}, "the control"


def test_a_link_is_good_for_as_many_days_as_the_policy_says_from_the_event_on():
    story = Story().through(BEGUN[:2])
    (item, *_) = [item for item in story.hear(BEGUN[2]).items if "ask" in item.data]
    assert story.last is not None
    assert item.data["ask"]["until"] == int(story.last.time.timestamp()) + load_policy().acting.days * 86_400


@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
def test_the_link_is_in_both_forms_of_the_mail_and_is_what_was_asked_of_its_recipient(reader: Any):
    item = next(item for item in mails("supporters_assigned") if item.data["as"] == "supporters")
    letter = a_renderer(answering=ANSWERING).letter(item, reader=reader, directory=a_directory())
    answer = ANSWERING.of(item)
    assert answer is not None
    assert answer.link in letter.text
    assert f'href="{answer.link}"' in letter.html
    ask = LINKS.read(answer.link.rsplit("/", 1)[-1])
    assert ask is not None
    assert (ask.request, ask.purpose, ask.until) == (REQUEST, "support", item.data["ask"]["until"])
    assert LINKS.who(ask, ["boss", "ben", item.data["recipient"]]) == item.data["recipient"]


def test_everybody_has_a_link_of_their_own():
    items = [item for item in mails("supporters_assigned") if item.data["as"] == "supporters"]
    links = [answer.link for item in items if (answer := ANSWERING.of(item))]
    assert len(set(links)) == len(items) == 2


@pytest.mark.parametrize("template", ALL_TEMPLATES)
@pytest.mark.parametrize(
    "none",
    [Answering(), Answering(address="https://x.example"), Answering(links=LINKS)],
    ids=["neither", "no secret", "no address"],
)
def test_without_an_address_or_a_secret_every_mail_is_as_one_that_asks_nothing(template: str, none: Answering):
    for item in mails(template):
        plain = Item(id=item.id, kind=item.kind, data={**item.data, "ask": None}, subject=item.subject)
        letters = [
            a_renderer(answering=how).letter(one, reader=EN, directory=a_directory())
            for one, how in ((item, none), (plain, ANSWERING))
        ]
        assert letters[0] == letters[1]
        assert "/act/" not in letters[0].text + letters[0].html


def test_a_room_of_many_has_no_link_to_answer_by():
    for template in ("supporters_assigned", "work_completed"):
        (item,) = chats(template)
        asked = Item(
            id=item.id, kind=item.kind, subject=item.subject, data={**item.data, "ask": mails(template)[0].data.get("ask")}
        )
        said = a_renderer(answering=ANSWERING).chat(asked, reader=EN, directory=a_directory())
        assert "/act/" not in said


def test_a_table_that_names_what_nobody_says_is_refused():
    with pytest.raises(ValueError, match="no service says"):
        Acting(events={"backline.routing.no_such": {"supporters": "support"}})
    with pytest.raises(ValueError, match="Input should be"):
        Acting(events={"backline.routing.work_completed": {"supporters": "anything"}})  # type: ignore[dict-item]


def test_the_button_is_a_link_and_the_mail_has_no_script():
    letter = a_renderer(answering=ANSWERING).letter(mails("work_completed")[0], reader=ZH, directory=a_directory())
    assert Tags(letter.html).tags.count("a") == 2, "to answer, and to the console"
    assert "script" not in Tags(letter.html).tags


@pytest.mark.parametrize(
    ("reader", "way", "elsewhere"), [(ZH, "下面的链接", "本单位业务系统接受"), (EN, "the link below", "work through your")]
)
def test_the_next_step_of_a_mail_with_a_link_is_the_link(reader: Any, way: str, elsewhere: str):
    asking = [item for template in ALL_TEMPLATES for item in mails(template) if "ask" in item.data]
    assert {item.data["ask"]["purpose"] for item in asking} == {"opinion", "support", "coordinate", "delivery"}
    for item in asking:
        text, without = (
            a_renderer(console=Console(), answering=answering).letter(item, reader=reader, directory=a_directory()).text
            for answering in (ANSWERING, Answering())
        )
        assert way in text, item.data["template"]
        assert elsewhere not in text, item.data["template"]
        assert way not in without, "the control"


@pytest.mark.parametrize(
    ("reader", "said"),
    [(ZH, "轮到您时用下面的链接提出意见"), (EN, "once it is your turn, give your opinion by the link below")],
    ids=["zh", "en"],
)
def test_a_reviewer_is_asked_for_an_opinion_and_not_to_accept_work(reader: Any, said: str):
    story = Story().through([submitted(type="business.price"), coordinator_assigned()])
    items = [item for item in story.hear(supporters_assigned("anna")).items if item.data.get("as") == "supporters"]
    text = a_renderer(answering=ANSWERING).letter(items[0], reader=reader, directory=a_directory()).text
    assert said in text
    assert "接受任务" not in text
    assert "accept the work" not in text
