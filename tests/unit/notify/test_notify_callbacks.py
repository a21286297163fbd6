"""Which callbacks are planned of what, what they say, and whom a failing address makes known."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from services.notify.callbacks import FAILING, HAPPENING
from services.notify.channels.endpoints import LONGEST_SECONDS, MOST, MOST_EACH, MOST_OF_UNIT, Endpoints
from services.notify.channels.retry_after import seconds_of
from services.notify.channels.seen import Seen
from services.notify.rendering.labels import labels_of
from services.notify.rendering.renderer import Renderer
from services.notify.rendering.view import Console, Reader
from shared.catalogue import load_packs
from shared.ledger.messages import Decision, Item, Outcome, Told
from shared.schemas import absences, bidding, clashes, effort, intake, links, reviews, routing, service_levels
from shared.schemas.callbacks import HAPPENINGS, Callback, CallbackPayload
from shared.schemas.registry import TYPE_OF
from tests.unit.notify.notify_build import (
    NOW,
    REQUEST,
    Story,
    a_directory,
    a_request,
    document_failed,
    rejected,
    submitted,
    work_accepted,
)
from tests.unit.notify.scenes import SCENES


def a_callback(**changes: Any) -> Callback:
    plain = Callback(unit="east", id="crm", url="https://hooks.east.example/", events=HAPPENINGS, contact="asker")
    return plain.model_copy(update=changes)


def a_story(*callbacks: Callback) -> Story:
    story = Story()
    by_unit: dict[str, dict[str, Callback]] = {}
    for one in callbacks or (a_callback(),):
        by_unit.setdefault(one.unit, {})[one.id] = one
    story.context = replace(story.context, callbacks=by_unit)
    return story


def said(decision: Decision) -> list[CallbackPayload]:
    return [CallbackPayload.model_validate(item.data["payload"]) for item in decision.items if item.kind == "callback"]


def last_of(story: Story, events: Sequence[BaseModel]) -> Decision:
    *before, last = events
    return story.through(before).hear(last)


OURS = {
    *(intake.AmendmentRequested, intake.WithdrawalRequested, absences.AbsenceNoticed),
    *(
        fact
        for fact in TYPE_OF
        if fact.__module__ in {owner.__name__ for owner in (bidding, clashes, effort, links, reviews, service_levels)}
    ),
}
"""Said for our people, or to be answered before the unit is told: of a review units hear the delivery, of a deadline the escalation."""
UNSAID = {TYPE_OF[fact] for fact in OURS}


@pytest.mark.parametrize("scene", sorted(name for name, facts in SCENES.items() if TYPE_OF[type(facts[-1])] not in UNSAID))
def test_every_state_change_is_one_callback_of_its_own_kind(scene: str):
    story = a_story()
    (payload,) = said(last_of(story, SCENES[scene]))
    assert story.last is not None
    happening, _ = HAPPENING[story.last.type]
    assert (payload.type, payload.timestamp, payload.data.event) == (happening, story.last.time, story.last.id)
    assert (payload.data.id, payload.data.source.reference) == (REQUEST, "CRM-1")
    assert story.hear_event(story.last).items == ()


def test_every_state_change_that_can_be_subscribed_to_follows_from_an_event():
    assert {happening for happening, _ in HAPPENING.values()} == set(HAPPENINGS)


def test_a_request_that_was_dropped_is_withdrawn_and_a_second_acceptance_changes_nothing():
    (payload,) = said(a_story().through(SCENES["returned"]).hear(intake.RequestDropped(by="asker", reason="客户张三取消")))
    assert (payload.type, payload.data.status, payload.data.reason) == ("request.withdrawn", "withdrawn", None)
    story = a_story().through((*SCENES["supporters_assigned"], work_accepted()))
    again = routing.WorkAccepted(by="ben", role="presales_engineer", first=False)
    assert said(story.hear(again)) == []


def test_what_is_said_of_a_change_is_codes_alone():
    (payload,) = said(a_story().hear(rejected()))
    assert payload.data.reason == "role_may_not_submit"
    (payload,) = said(a_story().through(SCENES["work_accepted"]).hear(document_failed()))
    assert (payload.type, payload.data.reason) == ("document.failed", None)
    assert payload.data.document is not None
    assert payload.data.document.id == "doc-1"


@pytest.mark.parametrize(
    "callback",
    [
        a_callback(unit="west"),
        a_callback(active=False, ended="paused"),
        a_callback(active=False, ended="gone"),
        a_callback(events=("request.completed",)),
    ],
)
def test_who_did_not_subscribe_is_sent_nothing(callback: Callback):
    assert said(a_story(callback).hear(submitted())) == []


def test_each_subscription_has_its_own_count_and_identity():
    story = a_story(a_callback(), a_callback(id="erp", events=("request.working",)))
    story.through(SCENES["supporters_assigned"])
    decision = story.hear(work_accepted())
    assert {
        item.data["recipient"]: item.data["payload"]["data"]["sequence"] for item in decision.items if item.kind == "callback"
    } == {
        "crm": 4,
        "erp": 1,
    }
    assert len({item.id for item in decision.items}) == len(decision.items)


def test_the_contact_is_told_of_a_failing_address_once_in_both_languages():
    story = a_story()
    (item,) = [item for item in story.hear(submitted()).items if item.kind == "callback"]
    data = {"delivery": item.id, "callback": "crm", "contact": "asker", "host": "hooks.east.example"}
    told = Told(id=f"failing:{item.id}", subject=REQUEST, name=FAILING, data=data, at=NOW)
    decision = story._take(story.domain.decide(story.state, told, story.context))
    (mail,) = decision.items
    assert (mail.kind, mail.data["recipient"]) == ("email", "asker")
    assert story.domain.decide(story.state, told, story.context).items == ()
    renderer = Renderer(labels_of=labels_of(load_packs()), console=Console())
    for locale, words in (("zh", "回调地址长时间无法送达"), ("en", "A callback cannot be delivered")):
        letter = renderer.letter(
            Item(id=mail.id, kind="email", data=mail.data, subject=REQUEST),
            reader=Reader(name="A", locale=locale, time_zone="Asia/Shanghai"),
            directory=a_directory(),
        )
        assert words in letter.subject
        assert all("hooks.east.example" in text and "crm" in text for text in (letter.text, letter.html))


class Desk:
    def __init__(self) -> None:
        self.told: list[Told] = []

    async def tell(self, message: Told) -> Outcome:
        self.told.append(message)
        return Outcome(subject=message.subject, state=None)


class StoppedClock:
    def now(self):
        return NOW


@pytest.mark.parametrize(
    ("answer", "on_record", "mails"), [({"first": True}, True, 1), ({"first": False}, True, 0), (None, False, 0)]
)
async def test_only_the_delivery_that_is_on_record_as_the_first_tells_the_contact(answer: Any, on_record: bool, mails: int):
    asked: list[httpx.Request] = []

    def intake_says(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=answer) if answer is not None else httpx.Response(503)

    desk = Desk()
    client = httpx.AsyncClient(transport=httpx.MockTransport(intake_says))
    seen = Seen(client, "http://intake", desk, StoppedClock())
    item = Item(id="d-1", kind="callback", data={}, subject=REQUEST)
    assert await seen.failing(a_callback(), item) is on_record
    assert [(told.id, told.data["host"]) for told in desk.told] == [("failing:d-1", "hooks.east.example")] * mails
    assert str(asked[0].url) == "http://intake/internal/callbacks/crm?unit=east"
    for tell in (seen.gone, seen.works):
        assert await tell(a_callback(), "d-1") is on_record


def test_a_busy_address_is_spread_and_a_failing_one_has_one_place():
    now = [0.0]
    endpoints = Endpoints(monotonic=lambda: now[0])
    assert [endpoints.enter("east", "crm") for _ in range(MOST_EACH)] == [None] * MOST_EACH
    waits = [endpoints.enter("east", "crm") for _ in range(5)]
    assert waits == sorted(set(waits))
    assert endpoints.enter("east", "erp") is None
    for _ in range(MOST_EACH):
        endpoints.leave("east", "crm", works=False, seconds=10.0)
    assert endpoints.enter("east", "crm") is None
    assert max(endpoints.enter("east", "crm") or 0 for _ in range(500)) == LONGEST_SECONDS
    endpoints.leave("east", "crm", works=True, seconds=0.1)
    assert [endpoints.enter("east", "crm") for _ in range(MOST_EACH)] == [None] * MOST_EACH


def test_a_unit_has_a_quarter_of_all_places_however_many_addresses_it_has_and_however_slowly_they_answer():
    endpoints = Endpoints()
    for _ in range(3):
        taken = [name for name in (f"c{number % 10}" for number in range(40)) if endpoints.enter("east", name) is None]
        assert len(taken) == MOST_OF_UNIT == MOST // 4
        assert endpoints.enter("north", "crm") is None
        for name in taken:
            endpoints.leave("east", name, works=True, seconds=9.9)
        endpoints.leave("north", "crm", works=True, seconds=0.1)


def test_all_addresses_together_have_their_limit():
    endpoints = Endpoints(most=3, most_of_unit=3)
    assert [endpoints.enter("east", f"c{number}") is None for number in range(5)] == [True, True, True, False, False]
    endpoints.leave("east", "c0", works=True, seconds=0.1)
    assert endpoints.enter("east", "c9") is None


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("", None),
        ("17", 17.0),
        (" 0 ", 0.0),
        ("-1", None),
        ("1e9", None),
        ("²", None),
        ("soon", None),
        ("9" * 50, None),
        ("Mon, 01 Mar 2027 01:00:30 GMT", 30.0),
        ("Mon, 01 Mar 2027 00:00:00 GMT", 0.0),
        ("Mon, 99 Mar 2027 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(given: str, seconds: float | None):
    assert seconds_of(given, NOW) == seconds


def test_no_type_of_a_request_is_left_out_unsaid():
    """A new event type needs a word for the unit, or stands here."""
    asked = {name for name in TYPE_OF.values() if name.split(".")[1] in {"request", "routing", "documents"}}
    assert asked - HAPPENING.keys() == UNSAID
    assert a_request().source.reference == "CRM-1"
