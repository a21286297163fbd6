"""What cannot be taken sets its own request aside, byte for byte, and disturbs no other."""

import pytest
import structlog
from structlog.testing import capture_logs

from shared.ledger.messages import Heard
from shared.ledger.order import held_from
from shared.messaging.wire import record_of
from shared.telemetry.logging import merge_bound
from tests.unit.ledger.rig import Rig, raw, record
from tests.unit.ledger.small_domain import History, history, told


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_a_record_that_cannot_be_read_parks_its_request_byte_for_byte(rig: Rig) -> None:
    (event,) = history("r1", 1)
    bad = record(event, value=b'{"by": \xff')
    (outcome,) = await rig.ledger.apply([raw(event, bad)])
    assert "JSONDecodeError" in outcome.problem
    document = await rig.document()
    assert document.parked == outcome.problem
    assert document.early[0].record == bad
    assert document.heard == {}


async def test_the_same_number_read_well_replaces_the_bad_record_at_redrive(rig: Rig) -> None:
    (event,) = history("r1", 1)
    await rig.ledger.apply([raw(event, record(event, value=b"{"))])
    await rig.hear(event)
    assert (await rig.document()).parked is not None
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    assert (await rig.diary()).heard == ("intake:1",)


async def test_a_record_under_a_damaged_id_gives_way_to_the_good_one_at_redrive_and_is_kept(rig: Rig) -> None:
    (event,) = history("r1", 1)
    damaged = record(event, id=b"damaged")
    await rig.ledger.apply([held_from(damaged, rig.clock.now())])
    await rig.hear(event)
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    document = await rig.document()
    assert (document.heard, document.early) == ({"intake": 1}, [])
    assert [held.record for held in document.aside] == [damaged]


async def test_a_damaged_record_has_no_turn_while_the_good_one_waits_for_what_it_follows(rig: Rig) -> None:
    first, second = history("r1", 2)
    drawn = History("r1", "documents").say(after={"intake": 2})
    await rig.ledger.apply([held_from(record(drawn, id=b"damaged"), rig.clock.now())])
    await rig.hear(first, drawn)
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    await rig.hear(second)
    assert (await rig.diary()).heard == ("intake:1", "intake:2", "documents:1")


async def test_a_record_under_a_damaged_id_parks_nothing_after_the_good_one(rig: Rig) -> None:
    (event,) = history("r1", 1)
    await rig.hear(event)
    damaged = record(event, id=b"damaged")
    for _ in range(2):
        await rig.ledger.apply([held_from(damaged, rig.clock.now())])
    document = await rig.document()
    assert (document.parked, [held.record for held in document.aside]) == (None, [damaged])


async def test_a_bad_copy_of_an_early_event_does_not_linger(rig: Rig) -> None:
    one, two = history("r1", 2)
    await rig.ledger.apply([raw(two, record(two)), raw(two, record(two, value=b"{"))])
    await rig.hear(one)
    document = await rig.document()
    assert document.heard == {"intake": 2}
    assert (document.early, document.parked) == ([], None)


async def test_a_bad_copy_parks_nothing_while_the_good_one_waits_for_what_it_follows(rig: Rig) -> None:
    (first,) = history("r1", 1)
    drawn = History("r1", "documents").say(after={"intake": 1})
    await rig.hear(drawn)
    await rig.ledger.apply([raw(drawn, record(drawn, value=b"{"))])
    assert (await rig.document()).parked is None
    await rig.hear(first)
    assert (await rig.diary()).heard == ("intake:1", "documents:1")


async def test_a_decision_that_raises_parks_only_its_request(rig: Rig) -> None:
    bad, good = history("r1", 2), history("r2", 2)
    rig.failing.add("intake:2")
    outcomes = await rig.hear(bad[0], good[0], bad[1])
    assert [bool(outcome.problem) for outcome in outcomes] == [False, False, True]
    assert (await rig.document()).parked == outcomes[2].problem
    assert (await rig.document("r2")).parked is None
    assert await rig.said() == ["intake:1"]


async def test_an_evolution_that_raises_parks_the_request_too(rig: Rig) -> None:
    (outcome,) = await rig.hear(History("r1").say(data={"unreadable": 1}))
    assert outcome.problem == "KeyError: 'unreadable'"
    assert (await rig.diary()).heard == ()


async def test_later_events_of_a_parked_request_are_held_and_flow_after_redrive(rig: Rig) -> None:
    rig.failing.add("intake:1")
    one, two, three = history("r1", 3)
    await rig.hear(one)
    (outcome, _) = await rig.hear(three, two)
    assert outcome.problem
    rig.failing.clear()
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    assert (await rig.diary()).heard == ("intake:1", "intake:2", "intake:3")
    assert len(rig.published.topic) == 3


async def test_redrive_says_why_a_request_is_parked_still_and_may_be_repeated(rig: Rig) -> None:
    rig.failing.add("intake:1")
    await rig.hear(*history("r1", 1))
    first = await rig.ledger.redrive(["r1"])
    assert first == await rig.ledger.redrive(["r1"])
    assert "ArithmeticError" in (first["r1"] or "")


async def test_redriving_what_is_not_parked_changes_nothing(rig: Rig) -> None:
    await rig.hear(*history("r1", 1))
    revision = (await rig.document()).revision
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    assert (await rig.document()).revision == revision


@pytest.mark.parametrize("unstorable", [{"a\0b": 1}, {"n": 2**63}], ids=["NUL in a key", "too large an integer"])
async def test_an_event_whose_state_cannot_be_stored_is_set_aside_alone(rig: Rig, unstorable: dict[str, int]) -> None:
    bad = History("r1").say(data={"by": "p", "reason": "r", "keep": unstorable})
    outcomes = await rig.hear(bad, *history("r2", 1))
    assert outcomes[0].problem
    assert not outcomes[1].problem
    document = await rig.document()
    assert document.parked == outcomes[0].problem
    assert [held.record for held in document.early] == [record_of(bad)]
    assert await rig.said("r2") == ["intake:1"]


async def test_an_event_of_the_feed_that_cannot_be_stored_is_kept_as_well(rig: Rig) -> None:
    bad = History("r1").say(data={"by": "p", "reason": "r", "keep": {"n": 2**63}})
    (outcome,) = await rig.ledger.apply([Heard(event=bad)])
    assert outcome.problem
    assert len((await rig.document()).early) == 1


async def test_redriving_what_still_cannot_be_stored_says_so(rig: Rig) -> None:
    await rig.hear(History("r1").say(data={"by": "p", "reason": "r", "keep": {"n": 2**63}}))
    assert (await rig.ledger.redrive(["r1"]))["r1"]
    assert (await rig.document()).parked


async def test_a_command_whose_state_cannot_be_stored_is_refused_with_a_problem_and_parks_nothing(rig: Rig) -> None:
    await rig.hear(*history("r1", 1))
    outcome = await rig.tell(told("c1", keep={"n": 2**63}))
    assert outcome.problem
    assert not outcome.events
    document = await rig.document()
    assert (document.parked, document.head) == (None, 1)
    assert len(rig.published.topic) == 1


async def test_what_is_parked_is_not_asked_for(rig: Rig) -> None:
    rig.failing.add("intake:1")
    one, _, three = history("r1", 3)
    await rig.hear(one, three)
    assert (await rig.wake()).missing == {}


async def test_a_decision_that_raises_is_logged_with_the_ids_of_its_message(rig: Rig) -> None:
    (event,) = history("r1", 1)
    rig.failing.add("intake:1")
    with capture_logs(processors=[merge_bound]) as lines:
        await rig.hear(event)
        structlog.get_logger().info("afterwards")
    failed, afterwards = lines
    assert (failed["event"], failed["request"], failed["message"]) == ("ledger.decision_failed", "r1", event.id)
    assert not afterwards.keys() & {"request", "message"}
