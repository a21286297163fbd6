"""The checker sees every kind of damage, and nothing where there is none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.notify.rendering.view import reference_of
from tests.faults.checker import Findings, check, unmet, unplanned
from tests.faults.generator import Wish, wishes
from tests.faults.history import History, Ledger, Taken, Told

R = "11111111-1111-5111-8111-111111111111"
MAIL = "22222222-2222-5222-8222-222222222222"
CHAT = "33333333-3333-5333-8333-333333333333"
Damage = Callable[[History], object]


def said(source: str, sequence: int, fact: str, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "data": {},
        "after": {},
        "causationid": None,
        "previous": f"{source}-{sequence - 1}" if sequence > 1 else None,
    }
    kind = f"backline.{ {'intake': 'request', 'notify': 'notification'}.get(source, source) }.{fact}"
    return {"id": f"{source}-{sequence}", "source": source, "sequence": sequence, "type": kind, **plain, **more}


def a_delivery(channel: str = "email", **changes: str) -> dict[str, Any]:
    plain = {"channel": channel, "recipient": "A1", "template": "submitted", "about": "intake-1", "status": "sent"}
    return {**plain, **changes}


NEWS = {
    f"44444444-4444-5444-8444-44444444444{number}": a_delivery(recipient=whom, template=fact, about=f"routing-{number}")
    for number, fact, whom in (
        (1, "coordinator_assigned", "CO1"),
        (2, "supporters_assigned", "PE1"),
        (4, "work_completed", "A1"),
    )
}
"""What is to be told of routing's events, to whom."""


def a_history() -> History:
    """One request, submitted, worked on and completed, with a mail, a chat message and a document."""
    intake = [said("intake", 1, "submitted")]
    routing = [
        said("routing", 1, "coordinator_assigned", after={"intake": 1}, causationid="intake-1"),
        said("routing", 2, "supporters_assigned", after={"intake": 1}, data={"seats": [{"person": "PE1"}]}),
        said("routing", 3, "work_accepted", after={"intake": 1}, data={"by": "PE1"}),
        said("routing", 4, "work_completed", after={"intake": 1}),
    ]
    notify = [said("notify", 1, "notification_planned", after={"intake": 1, "routing": 4}, causationid="routing-4")]
    documents = [said("documents", 1, "document_rendered", after={"intake": 1, "routing": 4})]
    timeline = [{"source": one["source"], "sequence": one["sequence"]} for one in (*intake, *routing, *notify, *documents)]
    deliveries = {MAIL: a_delivery(), CHAT: a_delivery("chat"), **NEWS}
    made = {"kind": "tech.survey", "media_type": "application/pdf", "version": 1}
    heard = {"intake": 1, "routing": 4, "notify": 1, "documents": 1}

    def a_ledger(events: list[dict[str, Any]], hears: tuple[str, ...], **state: Any) -> Ledger:
        of = {source: heard[source] for source in hears}
        return Ledger(head=len(events), published=len(events), heard=of, events=events, state=state)

    ledgers = {
        "intake": a_ledger(intake, ("routing", "notify", "documents"), status="completed", timeline=timeline),
        "routing": a_ledger(routing, ("intake",), status="completed"),
        "notify": a_ledger(notify, ("intake", "routing", "documents"), deliveries=deliveries),
        "documents": a_ledger(documents, ("intake", "routing"), made=[made]),
    }
    told = [
        Told(request=R, action="submit", outcome="accepted"),
        Told(request=R, action="accept", outcome="done", by="PE1"),
        Told(request=R, action="complete", outcome="done", by="PE1"),
    ]
    taken = [Taken(channel="email", delivery=MAIL), Taken(channel="chat", delivery=reference_of(CHAT))]
    taken += [Taken(channel="email", delivery=identity) for identity in NEWS]
    return History(told=told, taken=taken, ledgers={service: {R: ledger} for service, ledger in ledgers.items()})


def change(history: History, service: str, **changes: Any) -> None:
    history.ledgers[service][R] = replace(history.ledgers[service][R], **changes)


def events(history: History, service: str) -> list[Any]:
    return list(history.ledgers[service][R].events)


def notify_says(history: History, status: str, *, doubts: int = 0) -> None:
    was = history.ledgers["notify"][R]
    doubt = [
        said("notify", 2 + number, "notification_unknown", data={"delivery": {"id": MAIL}}, after={"intake": 1})
        for number in range(doubts)
    ]
    state = {"deliveries": {**was.state["deliveries"], MAIL: {**a_delivery(), "status": status}}}
    change(history, "notify", events=[*was.events, *doubt], head=1 + doubts, published=1 + doubts, state=state)
    timeline = [
        *history.ledgers["intake"][R].state["timeline"],
        *({"source": "notify", "sequence": one["sequence"]} for one in doubt),
    ]
    intake = history.ledgers["intake"][R]
    change(history, "intake", state={**intake.state, "timeline": timeline}, heard={**intake.heard, "notify": 1 + doubts})


def test_a_sound_history_has_no_findings() -> None:
    assert check(a_history()) == Findings()


def _plans(history: History, news: dict[str, Any]) -> None:
    deliveries = {MAIL: a_delivery(), CHAT: a_delivery("chat"), **news} if news else {}
    change(history, "notify", state={"deliveries": deliveries})


LOSSES: dict[str, Damage] = {
    "the request is in no ledger": lambda h: h.ledgers["intake"].clear(),
    "routing never heard of it": lambda h: h.ledgers["routing"].clear(),
    "the last event was not heard": lambda h: change(h, "notify", heard={"intake": 1, "routing": 3, "documents": 1}),
    "an event waits for its turn": lambda h: change(h, "documents", early=1),
    "an event was never published": lambda h: change(h, "routing", published=3),
    "the request is parked": lambda h: change(h, "notify", parked="fork"),
    "work was never ended": lambda h: change(h, "documents", items=[{"id": "i", "kind": "render", "status": "leased"}]),
    "the work never ended": lambda h: change(h, "routing", state={"status": "working"}),
    "the services disagree": lambda h: change(h, "routing", state={"status": "withdrawn"}),
    "there is no document": lambda h: change(h, "documents", state={"made": []}),
    "an acknowledged acceptance is gone": lambda h: h.told.append(Told(request=R, action="accept", outcome="done", by="PE2")),
    "an acknowledged amendment is gone": lambda h: h.told.append(Told(request=R, action="amend", outcome="accepted")),
    "a mail said to be sent never arrived": lambda h: h.taken.pop(0),
    "a chat message said to be sent never arrived": lambda h: h.taken.pop(1),
    "a delivery was given up": lambda h: (h.taken.pop(0), notify_says(h, "failed")),  # type: ignore[func-returns-value]
    "nobody is to be told of it": lambda h: _plans(h, {}),
    "nobody is to be told that it is completed": lambda h: _plans(
        h, {i: d for i, d in NEWS.items() if d["about"] != "routing-4"}
    ),
    "somebody is not to be told of a seat": lambda h: _plans(h, {i: {**d, "recipient": "A1"} for i, d in NEWS.items()}),
    "a file is damaged": lambda h: h.damaged.append("document d is not what it is said to be"),
}


@pytest.mark.parametrize("damage", LOSSES.values(), ids=LOSSES.keys())
def test_whatever_is_lost_is_found(damage: Damage) -> None:
    history = a_history()
    damage(history)
    assert check(history).lost


def _assigned_again(history: History) -> None:
    again = [*events(history, "routing"), said("routing", 5, "supporters_assigned", data={"seats": []})]
    change(history, "routing", events=again, head=5, published=5)


def _made_again(history: History) -> None:
    made = history.ledgers["documents"][R].state["made"]
    change(history, "documents", state={"made": made * 2})


def _planned_again(history: History) -> None:
    deliveries = history.ledgers["notify"][R].state["deliveries"]
    change(history, "notify", state={"deliveries": {**deliveries, "other": a_delivery()}})


TWICE: dict[str, Damage] = {
    "supporters were assigned twice": _assigned_again,
    "a document was made twice": _made_again,
    "one cause made two deliveries": _planned_again,
    "a mail was accepted twice": lambda h: h.taken.append(h.taken[0]),
    "a chat message was accepted twice": lambda h: h.taken.append(h.taken[1]),
    "a mail was sent that nobody had planned": lambda h: h.unplanned.append(Taken(channel="email", delivery="another")),
    "a number was given twice": lambda h: change(h, "routing", events=[*events(h, "routing")[:3], *events(h, "routing")[2:3]]),
    "the chain is broken": lambda h: change(
        h, "routing", events=[*events(h, "routing")[:3], {**events(h, "routing")[3], "previous": "another"}]
    ),
    "somebody had too many seats": lambda h: h.overfull.append("PE1 had 9 of 8 seats"),
}


@pytest.mark.parametrize("damage", TWICE.values(), ids=TWICE.keys())
def test_whatever_happened_twice_is_found(damage: Damage) -> None:
    history = a_history()
    damage(history)
    assert check(history).twice


def test_a_mail_sent_again_after_a_listed_doubt_is_no_breach() -> None:
    history = a_history()
    notify_says(history, "sent", doubts=1)
    history.taken.append(history.taken[0])
    assert check(history) == Findings()


def test_a_listed_doubt_is_counted_and_is_no_breach() -> None:
    history = a_history()
    notify_says(history, "unknown", doubts=1)
    history.taken[0] = replace(history.taken[0], said=False)
    assert check(history) == Findings(unknown=1)


def test_a_mail_taken_without_a_word_that_nobody_lists_is_found() -> None:
    history = a_history()
    notify_says(history, "planned")
    history.taken[0] = replace(history.taken[0], said=False)
    assert check(history).unlisted_doubtful


def _timeline(history: History, moments: list[tuple[str, int]]) -> None:
    state = history.ledgers["intake"][R].state
    turned = [{"source": source, "sequence": sequence} for source, sequence in moments]
    change(history, "intake", state={**state, "timeline": turned})


INVERSIONS: dict[str, Damage] = {
    "one source's order": lambda h: _timeline(h, [("intake", 1), ("routing", 2), ("routing", 1)]),
    "an answer before its question": lambda h: _timeline(h, [("routing", 1), ("intake", 1)]),
    "the same twice": lambda h: _timeline(h, [("intake", 1), ("intake", 1)]),
    "an answer to what was not heard": lambda h: change(
        h, "routing", events=[{**events(h, "routing")[0], "after": {}}, *events(h, "routing")[1:]]
    ),
}


@pytest.mark.parametrize("damage", INVERSIONS.values(), ids=INVERSIONS.keys())
def test_every_inversion_is_found(damage: Damage) -> None:
    history = a_history()
    damage(history)
    assert check(history).inversions


def test_whoever_asked_was_answered_and_told_that_it_is_accepted() -> None:
    first, second, third = wishes("unmet", 1, size=3, seconds=1.0)

    def told(wish: Wish, outcome: str) -> Told:
        return Told(request=wish.request, action="submit", outcome=outcome)

    assert list(unmet([first, second], [told(first, "accepted"), told(second, "accepted")])) == []
    found = list(unmet([first, second, third], [told(first, "accepted"), told(second, "rejected")]))
    assert found == [f"{second.request} is in order and was told: rejected", f"{third.request} was never answered"]


def test_what_was_taken_and_never_planned_is_found_by_mail_and_chat() -> None:
    mail, chat = Taken(channel="email", delivery=MAIL), Taken(channel="chat", delivery=reference_of(CHAT))
    assert unplanned([mail, chat], [MAIL, CHAT]) == []
    assert unplanned([mail, chat], [CHAT]) == [mail]
    assert unplanned([mail, chat], [MAIL]) == [chat]
