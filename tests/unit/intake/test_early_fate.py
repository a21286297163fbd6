"""What came early is answered with its own fate when it is repeated: with what routing said of it, not of what came beside it."""

import pytest

from shared.schemas.model import Json
from tests.unit.intake.desk import NOT_AMENDED, NOT_WITHDRAWN
from tests.unit.intake.life import Life
from tests.unit.intake.states import GOOD

NAMED = {key: GOOD[key] for key in ("business_unit", "source")}
URGENT, REASON = NAMED | {"priority": "urgent"}, NAMED | {"reason": "客户推迟"}


@pytest.mark.parametrize("early", [True, False], ids=["early", "control: after it"])
@pytest.mark.parametrize(
    ("action", "body", "word", "code"),
    [("amend", URGENT, NOT_AMENDED, "amendment_refused"), ("withdraw", REASON, NOT_WITHDRAWN, "closed")],
)
async def test_what_routing_refuses_is_refused_when_it_is_repeated(
    action: str, body: Json, word: object, code: str, early: bool
) -> None:
    life = Life(GOOD)
    steps = [(action, body, "k"), ("submit", GOOD, None)]
    for name, sent, key in steps if early else reversed(steps):
        await life.send("http", name, sent, key=key)
    await life.hear(word)
    answer = await life.send("http", action, body, key="k")
    assert (answer.problem or {}).get("code") == code


async def test_each_of_several_has_its_own() -> None:
    life = Life(GOOD)
    for number, priority in enumerate(("urgent", "normal")):
        await life.send("http", "amend", NAMED | {"priority": priority}, key=f"k{number}")
    await life.send("http", "submit", GOOD)
    private = life.room.requests.states[life.id].private
    assert [one.number for one in private.applied_early] == [asked.number for asked in private.pending] == [2, 3]
    await life.hear(NOT_AMENDED)
    first, second = [
        await life.send("http", "amend", NAMED | {"priority": priority}, key=f"k{number}")
        for number, priority in enumerate(("urgent", "normal"))
    ]
    assert (first.problem or {}).get("code") == "amendment_refused"
    assert second.problem is None
