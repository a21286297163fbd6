"""The life after submission as a table: at each stage, whatever the channel, each action has one outcome."""

from typing import Any

import pytest

from shared.catalogue import Pack
from shared.schemas.model import Json
from shared.schemas.requests import Answer
from tests.builders import a_body, a_directory, a_person, attested
from tests.unit.intake.desk import NOT_AMENDED, NOT_WITHDRAWN, amended
from tests.unit.intake.life import CHANNELS, Life
from tests.unit.intake.states import FORBIDDEN, GOOD, LACKING, OTHER, PATHS
from tests.unit.intake.test_intake_waiving import a_pack

REASON = {"reason": "客户推迟"}
SAME_PURPOSE = {"details": {"purpose": GOOD["details"]["purpose"]}}
PATCH = {"details": {"purpose": "另一个目的"}}
FIRST: dict[str, Json] = {"returned": LACKING, "rejected": FORBIDDEN}
OPEN = ("submitted", "waiting", "choosing", "assigned", "working", "sent_back", "paused")
ENDED = ("completed", "confirmed", "withdrawn")
PENDING = ("amendment pending", "withdrawal pending")
STAGES = ("returned", "rejected", *OPEN, *ENDED, *PENDING)

# (outcome, duplicate, amended, code of the refusal)
ACCEPTED_AGAIN = ("accepted", True, False, None)
AMENDED = ("accepted", False, True, None)
CLOSED = ("refused", False, False, "closed")
CONFLICT = ("refused", False, False, "conflict")
WITHDRAWN = ("withdrawn", False, False, None)
WITHDRAWN_AGAIN = ("withdrawn", True, False, None)
RETURNED_AGAIN = ("returned", True, False, None)
REJECTED_AGAIN = ("rejected", True, False, None)
Expected = tuple[str, bool, bool, str | None]

TABLE: dict[str, dict[str, Expected]] = {
    "submit same": {
        "returned": RETURNED_AGAIN,
        "rejected": REJECTED_AGAIN,
        **dict.fromkeys((*OPEN, *ENDED, *PENDING), ACCEPTED_AGAIN),
    },
    "submit changed": {
        **dict.fromkeys(("returned", "rejected"), AMENDED),
        **dict.fromkeys((*OPEN, *ENDED), CONFLICT),
        "amendment pending": ACCEPTED_AGAIN,  # it says what the amendment asks for
        "withdrawal pending": CONFLICT,
    },
    "amend": {
        "returned": AMENDED,
        "rejected": ("rejected", False, True, None),
        **dict.fromkeys(OPEN, AMENDED),
        **dict.fromkeys(ENDED, CLOSED),
        "amendment pending": AMENDED,
        "withdrawal pending": AMENDED,  # routing answers the withdrawal first, then this
    },
    "amend nothing": {
        "returned": RETURNED_AGAIN,
        "rejected": REJECTED_AGAIN,
        **dict.fromkeys((*OPEN, *PENDING), ACCEPTED_AGAIN),
        **dict.fromkeys(ENDED, CLOSED),
    },
    "withdraw": {
        **dict.fromkeys(("returned", "rejected", *OPEN, "amendment pending"), WITHDRAWN),
        **dict.fromkeys(("completed", "confirmed"), CLOSED),
        **dict.fromkeys(("withdrawn", "withdrawal pending"), WITHDRAWN_AGAIN),
    },
    "withdraw again": {
        **dict.fromkeys((*STAGES,), WITHDRAWN_AGAIN),
        **dict.fromkeys(("completed", "confirmed"), CLOSED),
    },
}
CASES = [
    pytest.param(stage, action, channel, id=f"{stage}-{action}-{channel}")
    for action, expected in TABLE.items()
    for stage in expected
    for channel in CHANNELS
    if not (
        channel == "mail" and action.startswith("submit")
    )  # a mail that submits again is the same mail: its Message-ID says so
]


async def a_life(stage: str) -> Life:
    """A request brought to `stage` over HTTP."""
    life = Life(GOOD)
    await life.send("http", "submit", FIRST.get(stage, GOOD))
    await life.hear(*PATHS.get(stage, []))
    if stage == "amendment pending":
        await life.send("http", "amend", PATCH)
    if stage == "withdrawal pending":
        await life.send("http", "withdraw", REASON)
    return life


def body_of(stage: str, action: str) -> Json:
    """What is sent."""
    match action:
        case "submit same":
            return FIRST.get(stage, GOOD)
        case "submit changed":
            return OTHER
        case "amend":
            return {"details": {"purpose": "第三个目的"}}
        case "amend nothing":
            return {"returned": {"priority": "high"}, "amendment pending": PATCH}.get(stage, SAME_PURPOSE)
        case _:
            return REASON


def shown(answer: Answer) -> Expected:
    return answer.outcome, answer.duplicate, answer.amended, answer.problem["code"] if answer.problem else None


@pytest.mark.parametrize(("stage", "action", "channel"), CASES)
async def test_at_each_stage_each_action_has_one_outcome_on_every_channel(stage: str, action: str, channel: str):
    life = await a_life(stage)
    before = life.room.requests.states[life.id]
    name, body = action.split(maxsplit=1)[0], body_of(stage, action)
    if action == "withdraw again":
        await life.send(channel, name, body)
    answer = await life.send(channel, name, body)
    expected = TABLE[action][stage]
    assert shown(answer) == expected
    after = life.room.requests.states[life.id]
    if expected[1] or expected[3]:
        unchanged = {"timeline", "private"} if action != "withdraw again" else set()
        assert all(getattr(after, field) == getattr(before, field) for field in unchanged), "it changed something"
    if expected == AMENDED and stage not in {"returned", "rejected"}:
        assert "amendment" in answer.pending
    if expected == WITHDRAWN and stage in {*OPEN, "amendment pending"}:
        assert "withdrawal" in answer.pending


def test_the_table_names_every_stage_for_every_action():
    assert {action: sorted(row) for action, row in TABLE.items()} == dict.fromkeys(TABLE, sorted(STAGES))
    assert len(CASES) == len(STAGES) * (6 * len(CHANNELS) - 2)


LEADER = a_person("BL9", "harbour", "bu_leader")
PRICE = a_body("business.price", evidence=[])
WAIVER = {"precondition": "offer_fixed", "reason": "客户急需报价"}
PROVED = {**PRICE, "evidence": attested("offer_fixed")}
NOTHING_LEFT = ("accepted", True, False, None)
WAIVED: dict[str, Expected] = {
    "new": ("refused", False, False, "unknown_request"),
    "returned": ("accepted", False, False, None),
    "rejected": ("refused", False, False, "unknown_precondition"),  # it was not weighed, so none is lacking
    "dropped": ("refused", False, False, "unknown_request"),
    **dict.fromkeys((*OPEN, *PENDING), NOTHING_LEFT),
    **dict.fromkeys(ENDED, CLOSED),
}


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return a_pack(tmp_path_factory.mktemp("packs"), "mode: waivable, waived_by: bu_leader")


async def a_life_of_a_price(stage: str, pack: Pack) -> Life:
    """A price request brought to `stage`; only where it is returned does anything lack."""
    life = Life(PRICE, directory=a_directory(LEADER), pack=pack)
    forbidden = {**PRICE, "requester": {"id": "BL1", "role": "bu_leader"}}
    first = {"returned": PRICE, "dropped": PRICE, "rejected": forbidden}.get(stage, PROVED)
    if stage != "new":
        await life.send("http", "submit", first)
        await life.hear(*PATHS.get(stage, []))
    if stage in {"dropped", "withdrawal pending"}:
        await life.send("http", "withdraw", REASON)
    if stage == "amendment pending":
        await life.send("http", "amend", {"priority": "urgent"})
    return life


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("stage", WAIVED)
async def test_at_each_stage_a_waiver_has_one_outcome_on_every_channel(stage: str, channel: str, lenient: Pack):
    if (stage, channel) == ("new", "mail"):
        pytest.skip("nobody answers a mail about what is not there: test_mail_waiving")
    life = await a_life_of_a_price(stage, lenient)
    before = life.room.requests.states.get(life.id)
    answer = await life.send(channel, "waive", WAIVER, by="dev-person-BL9")
    assert shown(answer) == WAIVED[stage]
    after = life.room.requests.states.get(life.id)
    if stage != "returned":
        assert getattr(after, "timeline", ()) == getattr(before, "timeline", ()), "it changed something"
        return
    assert after is not None
    (waiver,) = after.waivers
    assert (after.status, waiver.by, waiver.role, waiver.reason) == ("submitted", "BL9", "bu_leader", "客户急需报价")
    assert waiver.through == ("unit:harbour" if channel == "topic" else None)


def test_the_table_of_waivers_names_every_stage():
    assert sorted(WAIVED) == sorted((*STAGES, "new", "dropped"))


class TestARepeatedKey:
    """The same command again is answered with what became of it."""

    @pytest.mark.parametrize("channel", ["http", "topic"])
    async def test_an_amendment_that_routing_refused_since_is_refused(self, channel: str):
        life = await a_life("working")
        assert shown(await life.send(channel, "amend", PATCH, key="k")) == AMENDED
        again = await life.send(channel, "amend", PATCH, key="k")
        assert shown(again) == AMENDED
        await life.hear(NOT_AMENDED)
        refused = await life.send(channel, "amend", PATCH, key="k")
        assert shown(refused) == ("refused", False, False, "amendment_refused")
        assert refused.problem is not None
        assert "已结束" in refused.problem["message"]["zh"]

    @pytest.mark.parametrize("channel", ["http", "topic"])
    async def test_one_that_stands_is_answered_as_before(self, channel: str):
        life = await a_life("working")
        await life.send(channel, "amend", PATCH, key="k")
        await life.hear(amended(self.asked(life)))
        assert shown(await life.send(channel, "amend", PATCH, key="k")) == AMENDED

    async def test_of_two_each_is_answered_with_its_own_fate(self):
        life = await a_life("working")
        await life.send("http", "amend", {"priority": "urgent"}, key="one")
        await life.hear(NOT_AMENDED)
        await life.send("http", "amend", PATCH, key="two")
        await life.hear(amended(self.asked(life)))
        one, two = [
            await life.send("http", "amend", body, key=key) for key, body in (("one", {"priority": "urgent"}), ("two", PATCH))
        ]
        assert (shown(one)[3], shown(two)) == ("amendment_refused", AMENDED)

    async def test_a_correction_is_said_to_be_one_each_time(self):
        life = await a_life("returned")
        answers = [await life.send("http", "submit", OTHER, key="k") for _ in range(2)]
        assert [shown(answer) for answer in answers] == [AMENDED, AMENDED]

    async def test_a_withdrawal_that_was_refused_is_refused(self):
        life = await a_life("working")
        await life.send("http", "withdraw", REASON, key="k")
        await life.hear(*PATHS["completed"][-1:], NOT_WITHDRAWN)
        assert shown(await life.send("http", "withdraw", REASON, key="k")) == CLOSED

    def asked(self, life: Life) -> Any:
        pending = life.room.requests.states[life.id].private.latest
        assert pending is not None
        return pending.request
