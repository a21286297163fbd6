"""Events take effect once and in causal order, however they arrive."""

from datetime import timedelta

import pytest

from shared.schemas.envelope import Event
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import History, history


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_an_event_is_evolved_and_answered(rig: Rig) -> None:
    (outcome,) = await rig.hear(*history("r1", 1))
    assert [event.data["by"] for event in outcome.events] == ["intake:1"]
    assert rig.published.topic == list(outcome.events)
    assert (await rig.diary()).heard == ("intake:1",)


async def test_an_event_heard_again_changes_nothing(rig: Rig) -> None:
    (event,) = history("r1", 1)
    await rig.hear(event)
    revision = (await rig.document()).revision
    (outcome,) = await rig.hear(event)
    assert outcome.repeated
    assert (await rig.document()).revision == revision


async def test_an_event_twice_in_one_batch_counts_once(rig: Rig) -> None:
    (event,) = history("r1", 1)
    await rig.hear(event, event)
    assert await rig.said() == ["intake:1"]


async def test_an_early_event_is_held_and_released_in_its_turn(rig: Rig) -> None:
    one, two, three = history("r1", 3)
    await rig.hear(three)
    await rig.hear(two)
    assert (await rig.diary()).heard == ()
    assert [held.sequence for held in (await rig.document()).early] == [3, 2]
    await rig.hear(one)
    assert (await rig.diary()).heard == ("intake:1", "intake:2", "intake:3")
    assert (await rig.document()).early == []


async def test_an_event_waits_for_what_its_sender_had_heard(rig: Rig) -> None:
    one, two = history("r1", 2)
    late = History("r1", "documents").say(after={"intake": 2})
    await rig.hear(late, one)
    assert (await rig.diary()).heard == ("intake:1",)
    await rig.hear(two)
    assert (await rig.diary()).heard == ("intake:1", "intake:2", "documents:1")


async def test_what_a_source_we_do_not_hear_said_is_not_waited_for(rig: Rig) -> None:
    await rig.hear(History("r1").say(after={"notify": 7}))
    assert (await rig.diary()).heard == ("intake:1",)


async def test_an_event_that_knows_more_of_us_than_we_do_is_parked(rig: Rig) -> None:
    (outcome,) = await rig.hear(History("r1").say(after={"routing": 4}))
    assert "history lost" in outcome.problem
    assert "history lost" in ((await rig.document()).parked or "")


async def test_own_events_name_what_was_heard_and_follow_each_other(rig: Rig) -> None:
    await rig.hear(*history("r1", 2))
    one, two = await rig.store.events("r1")
    assert (one.after, two.after) == ({"intake": 1}, {"intake": 2})
    assert (one.previous, two.previous) == (None, one.id)
    assert two.id == two.digest()


async def test_a_gap_is_named_with_the_last_number_heard(rig: Rig) -> None:
    one, _, three = history("r1", 3)
    await rig.hear(one, three)
    assert (await rig.wake()).missing == {"intake": 1}


async def test_a_cause_that_never_arrived_is_missing_too(rig: Rig) -> None:
    await rig.hear(History("r1", "documents").say(after={"intake": 2}))
    assert (await rig.wake()).missing == {"intake": 0}


async def test_without_a_gap_nothing_is_missing(rig: Rig) -> None:
    await rig.hear(*history("r1", 2))
    assert (await rig.wake("r1")).missing == (await rig.wake("r2")).missing == {}


async def test_a_request_with_a_gap_is_woken_to_ask(rig: Rig) -> None:
    await rig.hear(history("r1", 2)[1])
    assert (await rig.document()).wake_at == rig.clock.now() + timedelta(seconds=3)


def forked(event: Event) -> Event:
    """Another event in the place of `event`."""
    return Event.say(**{**event.model_dump(exclude={"id"}), "data": {"by": "x", "reason": "other"}})


async def test_the_same_number_with_another_id_parks_the_request(rig: Rig) -> None:
    one, two = history("r1", 2)
    await rig.hear(one)
    await rig.hear(forked(one))
    document = await rig.document()
    assert "fork" in (document.parked or "")
    assert [held.id for held in document.early] == [forked(one).id]
    await rig.hear(two)
    assert (await rig.diary()).heard == ("intake:1",)


async def test_a_fork_is_seen_also_when_both_came_early(rig: Rig) -> None:
    one, two = history("r1", 2)
    await rig.hear(two, forked(two))
    await rig.hear(one)
    document = await rig.document()
    assert "fork" in (document.parked or "")
    assert len((await rig.diary()).heard) == 2


async def test_a_broken_chain_parks_the_request(rig: Rig) -> None:
    one, two = history("r1", 2)
    await rig.hear(forked(one))
    (outcome,) = await rig.hear(two)
    assert "does not follow" in outcome.problem
    assert (await rig.diary()).heard == ("intake:1",)


async def test_a_first_event_that_names_a_predecessor_parks_the_request(rig: Rig) -> None:
    (outcome,) = await rig.hear(History("r1").say(previous="abcdef"))
    assert "does not follow" in outcome.problem


async def test_a_fork_redriven_is_kept_aside_and_the_rest_flows(rig: Rig) -> None:
    one, two = history("r1", 2)
    await rig.hear(one)
    await rig.hear(forked(one))
    await rig.hear(two)
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    document = await rig.document()
    assert (await rig.diary()).heard == ("intake:1", "intake:2")
    assert [held.id for held in document.aside] == [forked(one).id]
    assert (document.early, document.wake_at) == ([], None)


async def test_a_fork_kept_aside_is_not_counted_again(rig: Rig) -> None:
    (one,) = history("r1", 1)
    await rig.hear(one)
    await rig.hear(forked(one))
    await rig.ledger.redrive(["r1"])
    (outcome,) = await rig.hear(forked(one))
    assert outcome.repeated
    assert (await rig.document()).parked is None


async def test_an_unknown_event_type_is_heard_and_kept_aside(rig: Rig) -> None:
    chain = History("r1")
    new = chain.say(type="backline.request.praised")
    await rig.hear(new, chain.say())
    document = await rig.document()
    assert (document.parked, document.heard) == (None, {"intake": 2})
    assert [held.id for held in document.aside] == [new.id]
    assert (await rig.diary()).heard == ("intake:2",)


async def test_an_unknown_major_version_parks_the_request(rig: Rig) -> None:
    (outcome,) = await rig.hear(History("r1").say(dataschema="urn:backline:backline.request.withdrawal_requested:2"))
    assert "unknown version" in outcome.problem


async def test_a_source_that_is_not_heard_is_refused_by_name(rig: Rig) -> None:
    (outcome,) = await rig.hear(History("r1", "notify").say())
    assert outcome.problem == "routing does not hear notify"


async def test_what_comes_in_between_does_not_put_the_question_for_a_gap_off(rig: Rig) -> None:
    events = history("r1", 4)
    await rig.hear(events[1])
    asks = (await rig.document()).wake_at
    rig.clock.forward(2)
    await rig.hear(events[3])
    assert (await rig.document()).wake_at == asks
