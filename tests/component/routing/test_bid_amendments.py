"""The effect that amends a bid's parts, against intake over real HTTP."""

from services.routing.opening import AMEND_CHILD
from shared.ledger.effects import Done, Retry, Terminal
from shared.ledger.messages import Item
from shared.schemas.requests import Problem, Verdict
from tests.component.routing.opening_site import SAYS, Intake, an_item, intake, opened
from tests.unit.routing.bids import a_planned, details

__all__ = ["intake"]


def an_amendment() -> Item:
    """Of the part that `an_item` opens, after an earlier deadline."""
    journey = a_planned()
    journey.amended(**details("2027-03-23T09:30:00+08:00", "2027-03-23T14:00:00+08:00"))
    return next(item for item in journey.wakes("due").items if item.kind == AMEND_CHILD)


async def test_a_part_is_amended_under_a_key_of_its_own_and_twice_it_is_the_same(intake: tuple[Intake, str]):
    room, url = intake
    await opened(url, an_item())
    item = an_amendment()
    first, again = await opened(url, item), await opened(url, item)
    assert first == again
    assert isinstance(first, Done)
    assert (first.data["outcome"], first.data["amended"], first.data["id"]) == ("accepted", True, next(iter(room.requests)))
    assert room.requests[first.data["id"]]["needed_by"] == item.data["needed_by"]
    assert room.requests[first.data["id"]]["type"] == "tech.survey"
    assert room.calls[1:] == [[f"bid-{item.id}"]] * 2


async def test_an_amendment_that_is_not_taken_says_so_and_why(intake: tuple[Intake, str]):
    room, url = intake
    await opened(url, an_item())
    problems = (Problem(field="needed_by", code="past", message=SAYS),)
    room.verdict = Verdict(outcome="returned", problems=problems, message=SAYS)
    ended = await opened(url, an_amendment())
    assert isinstance(ended, Done)
    assert ended.data["missing"] == ["needed_by"]
    assert "amended" not in ended.data


async def test_a_part_that_was_dropped_is_not_asked_for_again_and_again(intake: tuple[Intake, str]):
    """An address that is not there is: the call is at fault, not the part."""
    room, url = intake
    assert isinstance(await opened(url, an_amendment()), Terminal)
    room.failing = [(404, {})]
    assert isinstance(await opened(url, an_amendment()), Retry)
