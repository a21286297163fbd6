"""A state follows from facts alone: in the order in which they were applied where it is known, in one and the same where it is free."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from shared.ledger.document import Document
from shared.ledger.folding import Fold, UnfoldableError, checksum, differing, folded, in_order
from shared.schemas.envelope import Event
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import MONDAY, Diary, History, SmallDomain, history, told

FOLD = Fold.of(SmallDomain())
Heard = dict[str, Sequence[Event]]


async def facts(rig: Rig, *heard: Event) -> tuple[Document, list[Event], Heard]:
    """A ledger's document, all it said, and what its sources said."""
    by_source: Heard = {source: [event for event in heard if event.source == source] for source in ("intake", "documents")}
    return await rig.document(), await rig.store.events("r1"), by_source


def names(events: Sequence[Event]) -> list[str]:
    return [f"{event.source}:{event.sequence}" for event in events]


async def test_what_was_heard_said_and_told_makes_the_state_again() -> None:
    rig, intake, documents = Rig(), History("r1"), History("r1", "documents")
    one, two = intake.say(), documents.say(after={"intake": 1})
    await rig.hear(one)
    await rig.tell(told("c1", keep={"a": 1}))
    await rig.hear(two)
    assert folded(FOLD, *await facts(rig, one, two)) == await rig.diary()


async def test_own_events_tell_the_order_in_which_sources_were_heard() -> None:
    """Said later, heard earlier: each caused an own event, so the order is known."""
    rig, early, late = Rig(), History("r1").say(), History("r1", "documents").say(time=MONDAY.replace(hour=9))
    await rig.hear(late)
    await rig.hear(early)
    rebuilt = folded(FOLD, *await facts(rig, early, late))
    assert rebuilt == await rig.diary()
    assert rebuilt.heard == ("documents:1", "intake:1")


def test_what_caused_an_own_event_came_just_before_it() -> None:
    heard = {"intake": [History("r1").say(time=MONDAY.replace(hour=9))], "documents": [History("r1", "documents").say()]}
    both = {"intake": 1, "documents": 1}
    for cause in ("intake", "documents"):
        own = [History("r1", "routing").say(after=both, causationid=heard[cause][0].id, data={})]
        assert names([*in_order("routing", own, heard)])[-2:] == [f"{cause}:1", "routing:1"]


def test_where_nobody_ordered_them_what_was_said_earlier_goes_first_and_causes_before_that() -> None:
    intake, documents = History("r1"), History("r1", "documents")
    intake.say(time=MONDAY.replace(hour=5))
    intake.say(time=MONDAY.replace(hour=2))
    documents.say(time=MONDAY.replace(hour=3))
    documents.say(time=MONDAY.replace(hour=1), after={"intake": 2})
    heard = {"documents": documents.events, "intake": intake.events}
    assert names([*in_order("routing", [], heard)]) == ["documents:1", "intake:1", "intake:2", "documents:2"]


async def test_only_what_the_document_has_heard_and_said_counts() -> None:
    rig, chain = Rig(), history("r1", 3)
    await rig.hear(*chain[:2])
    document, own, _ = await facts(rig)
    later = History("r1", "routing")
    later.events = own
    own = [*own, later.say(data={}, type="backline.routing.work_accepted")]
    assert folded(FOLD, document, own, {"intake": chain}) == await rig.diary()


async def test_an_event_of_an_unknown_type_was_heard_and_does_nothing() -> None:
    rig, intake = Rig(), History("r1")
    chain = [intake.say(), intake.say(type="backline.request.dreamt_of"), intake.say()]
    await rig.hear(*chain)
    rebuilt = folded(FOLD, *await facts(rig, *chain))
    assert rebuilt == await rig.diary()
    assert rebuilt.heard == ("intake:1", "intake:3")


def _without_the_last_own(document: Document, own: list[Event], heard: Heard) -> None:
    own.pop()


def _another_last_own(document: Document, own: list[Event], heard: Heard) -> None:
    own[-1] = Event.say(**{**own[-1].model_dump(exclude={"id"}), "time": MONDAY.replace(hour=20)})


def _changed(document: Document, own: list[Event], heard: Heard) -> None:
    own[0] = own[0].model_copy(update={"data": {**own[0].data, "by": "somebody"}})


def _fewer_than_heard(document: Document, own: list[Event], heard: Heard) -> None:
    heard["intake"] = heard["intake"][:1]


def _otherwise_than_heard(document: Document, own: list[Event], heard: Heard) -> None:
    heard["intake"] = [History("r1").say(data={"by": "forger", "reason": ""})]
    document.heard = {"intake": 1}


def _unheard_yet_named(document: Document, own: list[Event], heard: Heard) -> None:
    document.heard = {}


def _unreadable(document: Document, own: list[Event], heard: Heard) -> None:
    heard["intake"] = [History("r1").say(data={"unreadable": 1})]
    document.heard, document.heard_ids, document.head = {"intake": 1}, {}, 0


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_without_the_last_own, "of routing there are 1 events and should be 2"),
        (_another_last_own, "routing says number 2 otherwise"),
        (_changed, "routing number 1 does not follow"),
        (_fewer_than_heard, "of intake there are 1 events and should be 2"),
        (_otherwise_than_heard, "intake says number 1 otherwise than it was heard"),
        (_unheard_yet_named, "names number 1 of intake as heard, out of turn"),
        (_unreadable, "intake number 1 cannot be evolved: KeyError"),
    ],
)
async def test_facts_that_do_not_make_the_state_are_told(spoil: Any, why: str) -> None:
    rig, chain = Rig(), history("r1", 2)
    await rig.hear(*chain)
    document, own, heard = await facts(rig, *chain)
    assert folded(FOLD, document, own, heard) == await rig.diary(), "it does, before they are spoilt"
    spoil(document, own, heard)
    with pytest.raises(UnfoldableError, match=why):
        folded(FOLD, document, own, heard)


def test_what_waits_for_something_that_was_not_heard_is_told() -> None:
    heard: Mapping[str, Sequence[Event]] = {"documents": [History("r1", "documents").say(after={"intake": 2})], "intake": []}
    with pytest.raises(UnfoldableError, match="documents number 1 waits"):
        list(in_order("routing", [], heard))


def test_a_checksum_sees_every_difference_but_a_free_order() -> None:
    one = Diary(heard=("intake:1", "documents:1", "intake:2"), said=("a", "b"), kept={"x": 1, "y": 2})
    free = one.model_copy(update={"heard": ("documents:1", "intake:1", "intake:2"), "kept": {"y": 2, "x": 1}})
    assert checksum(FOLD, one) == checksum(FOLD, free)
    for other in ({"heard": ("intake:2", "documents:1", "intake:1")}, {"said": ("b", "a")}, {"kept": {"x": 1}}):
        assert checksum(FOLD, one) != checksum(FOLD, one.model_copy(update=other))
        assert differing(FOLD, one, one.model_copy(update=other)) == [*other]


def test_a_fold_holds_nothing_that_decides() -> None:
    assert not {"decide", "wake_at"} & {*vars(FOLD)}
