"""Reviews within bounds: returns, what is kept of past opinions, accounts of amendments; and one opinion of each person."""

from dataclasses import replace

import pytest

from services.routing.domain.review.amending import MOST_FIELDS, Touched
from services.routing.domain.review.evolving import MOST_PAST
from services.routing.domain.review.refusals import MOST_RETURNS
from services.routing.domain.review.rules import ChainRule
from shared.schemas.reviews import OpinionGiven
from tests.unit.routing.reviews import FINANCE, LEGAL, SMALL, amends, asked, opines, under_review
from tests.unit.routing.routing_build import AWAY, MARKETER, PACK, POLICY, REVIEWERS, Journey, a_person
from tests.unit.routing.states import code

PRICE = PACK.types["business.price"]


def returned(journey: Journey, times: int) -> None:
    for _ in range(times):
        assert code(opines(journey, "finance", "approve_with_changes", conditions=[{"text": "预付"}])) is None
        assert code(journey.tells("return_to_step", "legal", step="departments", reason="再看")) is None


def stood_in_by(journey: Journey, delegate: str, *away: str) -> None:
    """Those of `away` are, and `delegate` stands in for each."""
    plain = [one for one in REVIEWERS if one.id not in away]
    gone = [one.model_copy(update={"leave": AWAY, "delegate": delegate}) for one in REVIEWERS if one.id in away]
    journey.changes(
        people=(MARKETER, *plain, *gone, a_person(delegate, "account_manager")) if delegate == "deputy" else (*plain, *gone)
    )


def test_a_review_goes_back_so_many_times_and_then_is_decided():
    journey = under_review(SMALL)
    returned(journey, MOST_RETURNS)
    opines(journey, "finance")
    before = journey.state
    assert code(journey.tells("return_to_step", "legal", step="departments", reason="再看")) == "too_many_returns"
    assert journey.state == before
    opines(journey, "legal", "reject", text="x")
    journey.tells("reopen", "asker", reason="更正")
    returned(journey, 1)


def test_of_past_opinions_the_words_are_not_kept_and_condition_ids_go_on():
    journey = under_review(SMALL)
    returned(journey, 2)
    review = journey.state.review
    assert review is not None
    assert [one.model_dump() for one in review.past] == [
        {"by": "finance", "party": FINANCE, "opinion": "approve_with_changes", "version": 1}
    ] * 2
    given = opines(journey, "finance", "approve_with_changes", conditions=[{"text": "预付"}]).facts[-1]
    assert isinstance(given, OpinionGiven)
    assert [one.id for one in given.conditions] == ["C3"]


def test_only_the_latest_past_opinions_are_kept():
    journey = under_review(SMALL)
    review = journey.state.review
    assert review is not None
    returned(journey, 1)
    kept = journey.state.review
    assert kept is not None
    full = kept.model_copy(update={"past": kept.past * MOST_PAST})
    journey.state = journey.state.model_copy(update={"review": full})
    returned(journey, 1)
    assert journey.state.review is not None
    assert (len(journey.state.review.past), journey.state.review.demanded) == (MOST_PAST, 2)


def test_an_account_names_the_first_fields_and_how_many_more():
    journey = under_review(SMALL)
    for person, concerns in (("finance", ["lines"]), ("legal", [])):
        opines(journey, person, "approve_with_changes", conditions=[{"text": "x", "concerns": concerns}])
    fields = [f"lines.{number}.asked_price" for number in range(MOST_FIELDS + 5)]
    amends(journey, *fields, lines=[{"asked_price": 7, "quantity": 5}])
    assert journey.state.review is not None
    assert [(one.fields, one.more) for one in journey.state.review.account] == [(tuple(fields[:MOST_FIELDS]), 5)] * 2


@pytest.mark.parametrize(
    ("changed", "concerns", "hit"),
    [
        (["lines.0.price", "reason"], ["lines"], ("lines.0.price",)),
        (["lines"], ["lines.0.price"], ("lines",)),
        (["lines.0", "lines.1"], ["details.lines.1", "lines.10"], ("lines.1",)),
        (["lines.1", "lines", "lines.1.price"], ["lines.1", "lines.1.price"], ("lines.1", "lines", "lines.1.price")),
        (["linesman"], ["lines"], ()),
        (["attachments.0", "reason"], ["第七条"], ("attachments.0",)),
    ],
)
def test_what_is_touched_is_found_above_and_beneath_what_is_wanted(changed: list[str], concerns: list[str], hit: tuple[str, ...]):
    found, more = Touched(changed, PRICE).hit(concerns)
    assert (set(found), len(found), more) == (set(hit), len(hit), 0)


def test_nobody_gives_the_opinions_of_two():
    journey = under_review(SMALL)
    stood_in_by(journey, "deputy", "finance", "legal")
    assert code(opines(journey, "deputy")) is None
    before = journey.state
    assert code(opines(journey, "deputy")) == "opined_for_another"
    assert journey.state == before
    assert code(opines(journey, "legal")) is None


def test_nobody_gives_the_opinions_of_two_steps_of_which_any_is_enough():
    steps = [
        {
            "key": key,
            "name": {"zh": key, "en": key},
            "rule": "any_of",
            "parties": [{"role": "department_reviewer", "department": one}],
        }
        for key, one in (("one", "finance"), ("two", "legal"))
    ]
    rule = ChainRule.model_validate({"amount": {"field": "lines", "product": ["quantity", "asked_price"]}, "steps": steps})
    journey = under_review(SMALL)
    journey.state = type(journey.state)()
    journey.context = replace(journey.context, policy=POLICY.model_copy(update={"reviews": {"business.price": rule}}))
    journey.submitted()
    stood_in_by(journey, "deputy", "finance", "legal")
    opines(journey, "deputy")
    assert asked(journey) == [LEGAL]
    assert code(opines(journey, "deputy")) == "opined_for_another"
    assert journey.state.status == "working"


def test_ones_own_part_comes_before_that_of_somebody_away():
    journey = under_review(SMALL)
    stood_in_by(journey, "legal", "finance")
    given = opines(journey, "legal").facts[-1]
    assert isinstance(given, OpinionGiven)
    assert (given.party, given.on_behalf_of) == (LEGAL, None)
    assert code(opines(journey, "legal")) == "opined_for_another"


def test_a_reviewers_seat_is_transferred_and_not_handed_over():
    journey = under_review(SMALL)
    before = journey.state
    assert code(journey.tells("hand_over", "finance", person="second", reason="出差")) == "by_transfer"
    assert code(journey.tells("hand_over", "marketer", person="second", holder="finance", reason="出差")) == "by_transfer"
    assert journey.state == before
    assert code(journey.tells("transfer", "marketer", person="second", holder="finance", reason="出差")) is None


def test_a_seat_whose_opinion_counts_is_not_declined():
    journey = under_review(SMALL)
    opines(journey, "finance")
    assert code(journey.tells("decline", "finance", reason="x")) == "opined_already"
    assert code(journey.tells("decline", "legal", reason="x")) is None
