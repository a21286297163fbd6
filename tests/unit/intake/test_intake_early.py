"""Amendments and withdrawals that come before their submission: held, applied in order, or refused for good and told."""

from typing import Any

import pytest

from services.intake.desk.early import TellsEarly
from services.intake.desk.entries import Entry
from services.intake.domain.early import MOST, OVER
from services.intake.reception import Submission
from shared.ledger.effects import Done, Retry
from shared.ledger.messages import Item, Settled
from shared.schemas.model import Json
from tests.unit.intake.life import Life
from tests.unit.intake.states import FORBIDDEN, GOOD, LACKING

NAMED = {key: GOOD[key] for key in ("business_unit", "source")}
URGENT, PURPOSE = NAMED | {"priority": "urgent"}, NAMED | {"details": {"purpose": "另一个目的"}}
REASON = NAMED | {"reason": "客户推迟"}
WAIT = 15 * 60
CHANNELS = ("http", "batch", "topic")


class Shelf:
    """The entries that were put there."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    async def put(self, entry: Entry) -> bool:
        self.entries.setdefault(entry.id, entry)
        return True


class Silent:
    """A broker that is away."""

    async def send(self, _topic: str, records: Any) -> list[bool]:
        return [False for _ in records]


def facts(life: Life) -> list[str]:
    state = life.room.requests.states[life.id]
    return [moment.type.removeprefix("backline.request.") for moment in state.timeline if moment.source == "intake"]


async def told(life: Life, broker: Any = None) -> Shelf:
    """What is planned of early messages is performed, twice, and settled."""
    shelf = Shelf()
    tells = TellsEarly(shelf, life.room.requests, broker or life.broker, life.room.clock)  # type: ignore[arg-type]
    for one in life.room.requests.states[life.id].private.early:
        if one.refusal is not None:
            item = Item(id=f"early:{one.command}", kind=OVER, subject=life.id, data={"early": one.command})
            assert [await tells.perform(item, _never) for _ in range(2)] == [Done(), Done()]
            await life.apply(Settled(subject=life.id, item=item, end="done"))
    return shelf


async def _never() -> None:
    raise AssertionError("there is no point of no return")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_an_amendment_waits_and_is_applied_when_its_submission_comes(channel: str):
    life = Life(GOOD)
    early = await life.send(channel, "amend", PURPOSE)
    assert (early.outcome, early.status, early.pending) == ("held", "new", ("submission",))
    answer = await life.send("topic", "submit", GOOD)
    assert (answer.outcome, answer.pending) == ("accepted", ("amendment",))
    assert facts(life) == ["submitted", "amendment_requested"]
    latest = life.room.requests.states[life.id].private.latest
    assert latest is not None
    assert latest.request.details["purpose"] == "另一个目的"


async def test_several_are_applied_in_the_order_in_which_they_came():
    life = Life(GOOD)
    for purpose in ("甲", "乙", "丙"):
        await life.send("topic", "amend", NAMED | {"details": {"purpose": purpose}})
    await life.send("http", "amend", URGENT)
    await life.send("http", "submit", GOOD)
    private = life.room.requests.states[life.id].private
    wordings = [(asked.version.request.details["purpose"], asked.version.request.priority) for asked in private.pending]
    assert wordings == [("甲", "high"), ("乙", "high"), ("丙", "high"), ("丙", "urgent")]
    assert [asked.number for asked in private.pending] == [2, 3, 4, 5]
    assert private.early == ()


async def test_one_that_completes_what_would_be_returned_lets_it_through():
    life = Life(GOOD)
    await life.send("topic", "amend", PURPOSE)
    answer = await life.send("topic", "submit", LACKING)
    assert (answer.outcome, facts(life)) == ("accepted", ["returned", "submitted"])


async def test_a_withdrawal_that_comes_first_takes_the_request_back_when_it_comes():
    life = Life(GOOD)
    assert (await life.send("batch", "withdraw", REASON)).outcome == "held"
    answer = await life.send("topic", "submit", GOOD)
    assert (answer.outcome, answer.pending) == ("accepted", ("withdrawal",))
    dropped = Life(LACKING)
    await dropped.send("batch", "withdraw", REASON)
    answer = await dropped.send("topic", "submit", LACKING)
    assert (answer.outcome, answer.status) == ("withdrawn", "dropped")


async def test_a_withdrawal_without_a_reason_is_refused_at_once():
    answer = await Life(GOOD).send("topic", "withdraw", NAMED)
    assert answer.problem is not None
    assert answer.problem["code"] == "reason_missing"


async def test_over_http_a_body_that_names_no_request_is_refused_at_once():
    answer = await Life(GOOD).send("http", "amend", {"priority": "urgent"})
    assert answer.problem is not None
    assert (answer.problem["code"], answer.problem["status"]) == ("unknown_request", 404)


async def test_a_body_that_names_another_request_than_the_address_is_refused_at_once():
    other = {**URGENT, "source": {"system": "crm", "reference": "OTHER"}}
    answer = await Life(GOOD).send("http", "amend", other)
    assert answer.problem is not None
    assert answer.problem["code"] == "unknown_request"


class TestOver:
    @pytest.mark.parametrize("channel", CHANNELS)
    async def test_when_the_time_is_over_it_is_refused_for_good_and_lies_on_the_desk(self, channel: str):
        life = Life(GOOD)
        await life.send(channel, "amend", PURPOSE, key="k")
        said = len(life.broker.said)
        await life.wake(WAIT - 5)
        assert (await told(life)).entries == {}
        await life.wake(6)
        (entry,) = (await told(life)).entries.values()
        assert (entry.unit, entry.kind, entry.action, entry.problem["code"]) == (
            "harbour",
            "early",
            "amend",
            "submission_missing",
        )
        assert entry.body == PURPOSE
        assert all(entry.problem["message"][language] for language in ("zh", "en"))
        late = life.broker.said[said:]
        assert [one["problem"]["code"] for one in late] == (["submission_missing"] * 2 if channel == "topic" else [])
        await life.send("http", "submit", GOOD)
        assert facts(life) == ["submitted"], "what was refused for good is not applied"

    async def test_the_same_command_again_is_answered_with_its_fate(self):
        life = Life(GOOD)
        assert (await life.send("http", "amend", PURPOSE, key="k")).outcome == "held"
        again = await life.send("http", "amend", PURPOSE, key="k")
        assert (again.outcome, again.duplicate) == ("held", False), "as the first time"
        await life.wake(WAIT + 1)
        for _ in range(2):
            refused = await life.send("http", "amend", PURPOSE, key="k")
            assert refused.problem is not None
            assert refused.problem["code"] == "submission_missing"
            await told(life)

    async def test_a_verdict_that_the_broker_does_not_take_is_tried_again(self):
        life = Life(GOOD)
        await life.send("topic", "amend", PURPOSE)
        await life.wake(WAIT + 1)
        (one,) = life.room.requests.states[life.id].private.early
        item = Item(id=f"early:{one.command}", kind=OVER, subject=life.id, data={"early": one.command})
        tells = TellsEarly(Shelf(), life.room.requests, Silent(), life.room.clock)  # type: ignore[arg-type]
        assert isinstance(await tells.perform(item, _never), Retry)
        await life.apply(Settled(subject=life.id, item=item, end="failed", problem="away"))
        assert life.room.requests.states[life.id].private.early == (one,), "it is kept until it is told"

    async def test_one_that_arrives_in_time_is_not_refused_by_a_late_timer(self):
        life = Life(GOOD)
        await life.send("topic", "amend", PURPOSE)
        await life.send("topic", "submit", GOOD)
        await life.wake(WAIT + 1)
        assert facts(life) == ["submitted", "amendment_requested"]
        assert (await told(life)).entries == {}


class TestWhose:
    async def test_one_by_a_person_of_another_unit_is_not_applied_and_lies_on_that_units_desk(self):
        life = Life(GOOD)
        assert (await life.send("http", "amend", PURPOSE, by="dev-person-MK2")).outcome == "held"
        await life.send("topic", "submit", GOOD)
        assert facts(life) == ["submitted"]
        (entry,) = (await told(life)).entries.values()
        assert (entry.unit, entry.problem["code"]) == (life.directory.people["MK2"].business_unit, "not_yours")

    @pytest.mark.parametrize("action", ["amend", "withdraw"])
    @pytest.mark.parametrize("channel", ["http", "batch"])
    async def test_who_may_not_file_for_a_unit_is_answered_alike_whether_there_is_a_request_or_not(
        self, channel: str, action: str
    ):
        body = REASON if action == "withdraw" else URGENT
        answers = []
        for there in (False, True):
            life = Life(GOOD)
            if there:
                await life.send("http", "submit", GOOD)
            answers.append(await life.send(channel, action, body, by="dev-unit-islands"))
        assert answers[0].model_dump() == answers[1].model_dump()
        assert (answers[0].problem or {})["code"] == "unknown_request"

    async def test_nobody_takes_the_place_of_what_a_unit_sends_early(self):
        life = Life(GOOD)
        for number in range(MOST):
            await life.send("http", "amend", NAMED | {"extra": {"n": number}}, by="dev-person-MK2")
        assert (await life.send("http", "amend", URGENT)).outcome == "held"

    async def test_who_has_leave_to_file_for_the_unit_may_send_early(self):
        life = Life(GOOD)
        sent = Submission(action="amend", body=URGENT, by="unit:islands", filed_by="islands", channel="http", for_any=True)
        assert (await life.reception.take(sent)).outcome == "held"

    async def test_the_others_are_applied_all_the_same(self):
        life = Life(GOOD)
        await life.send("http", "amend", PURPOSE, by="dev-unit-islands")
        await life.send("http", "amend", URGENT)
        await life.send("topic", "submit", GOOD)
        latest = life.room.requests.states[life.id].private.latest
        assert latest is not None
        assert (latest.request.priority, latest.request.details["purpose"]) == ("urgent", GOOD["details"]["purpose"])


@pytest.mark.parametrize(
    ("submission", "patch", "code"),
    [(GOOD, {"details": {"purpose": None}}, "amendment_not_accepted"), (GOOD, {"type": "tools.company"}, "type_fixed")],
)
async def test_one_under_which_the_request_could_not_be_accepted_lies_on_the_desk(submission: Json, patch: Json, code: str):
    life = Life(submission)
    await life.send("topic", "amend", NAMED | patch)
    assert (await life.send("topic", "submit", submission)).outcome == "accepted"
    (entry,) = (await told(life)).entries.values()
    assert entry.problem["code"] == code


async def test_a_rejected_request_is_judged_again_with_what_was_held():
    life = Life(FORBIDDEN)
    await life.send("topic", "amend", NAMED | {"requester": GOOD["requester"]})
    assert (await life.send("topic", "submit", FORBIDDEN)).outcome == "accepted"


async def test_no_more_are_held_than_a_request_can_need():
    life = Life(GOOD)
    for number in range(MOST):
        assert (await life.send("topic", "amend", NAMED | {"extra": {"n": number}})).outcome == "held"
    answer = await life.send("topic", "amend", URGENT)
    assert answer.problem is not None
    assert answer.problem["code"] == "too_many_early"


async def test_a_submission_that_is_repeated_is_answered_as_the_first_time():
    life = Life(GOOD)
    await life.send("http", "amend", PURPOSE)
    first = await life.send("http", "submit", GOOD, key="k")
    again = await life.send("http", "submit", GOOD, key="k")
    assert (first.outcome, first.amended, first.pending) == (again.outcome, again.amended, again.pending)
