"""Each hard filter removes whom it should and counts them under its own name."""

import pytest

from services.routing.domain.assignment import rank
from services.routing.domain.context import OpenLoad
from services.routing.domain.eligibility import Question
from shared.schemas.people import Person
from shared.schemas.routing import DecisionRecord
from tests.unit.routing.routing_build import (
    AWAY,
    PACK,
    a_context,
    a_customer_in,
    a_directory,
    a_person,
    a_request,
    an_engineer,
    asked_by,
)

ENGINEER = an_engineer("anna")


def ranked(*people: Person, loads: dict[str, OpenLoad] | None = None, **question: object) -> DecisionRecord:
    """The record for an engineer's seat in a survey of unit east."""
    request = question.pop("request", a_request())
    kind = PACK.types[request.type]
    context = a_context(loads=loads or {}, directory=a_directory(*people))
    plain = {
        "identity": "R1",
        "request": request,
        "kind": kind,
        "policy": PACK.pin,
        "step": "supporter",
        "role": "presales_engineer",
    }
    return rank(Question(**{**plain, **question}), context, PACK)


def test_whoever_passes_every_filter_is_a_candidate():
    record = ranked(ENGINEER)
    assert record.chosen == ("anna",)
    assert (record.considered, record.excluded) == (1, {})


@pytest.mark.parametrize(
    ("reason", "person"),
    [
        ("role", a_person("x", "test_engineer")),
        ("unit_or_pool", an_engineer("x", unit="south")),
        ("inactive", an_engineer("x", active=False)),
        ("on_leave", an_engineer("x", leave=AWAY)),
        ("on_leave", an_engineer("x", leave=AWAY, delegate="nobody")),
        ("skill", an_engineer("x", skills={"network": 3})),
        ("requester", an_engineer("asker")),
    ],
)
def test_each_filter_counts_whom_it_removes(reason: str, person: Person):
    record = ranked(ENGINEER, person, skills=("analysis",))
    assert record.chosen == ("anna",)
    assert record.excluded == {reason: 1}


def test_a_skill_at_level_zero_is_no_skill():
    assert ranked(an_engineer("x", skills={"analysis": 0}), skills=("analysis",)).excluded == {"skill": 1}


def test_a_seat_of_a_department_goes_to_that_department_alone():
    finance = a_person("f", "department_reviewer", unit="headquarters", department="finance")
    legal = a_person("l", "department_reviewer", unit="headquarters", department="legal")
    record = ranked(finance, legal, role="department_reviewer", department="legal")
    assert (record.chosen, record.excluded) == (("l",), {"department": 1})


def test_who_declined_or_has_another_seat_is_barred():
    record = ranked(ENGINEER, an_engineer("ben"), barred=frozenset({"ben"}))
    assert record.excluded == {"declined_or_seated": 1}


def test_who_holds_as_many_requests_as_they_have_seats_is_full():
    busy = an_engineer("ben", seats=2)
    assert ranked(ENGINEER, busy, loads={"ben": OpenLoad(count=2)}).excluded == {"full": 1}
    assert ranked(ENGINEER, busy, loads={"ben": OpenLoad(count=1)}).excluded == {}


def test_who_has_a_part_in_the_request_already_needs_no_further_seat():
    record = ranked(an_engineer("ben", seats=2), loads={"ben": OpenLoad(count=2)}, holding=frozenset({"ben"}))
    assert record.chosen == ("ben",)


def test_the_pool_is_asked_when_nobody_of_the_unit_fits():
    pool = an_engineer("hq", unit="headquarters")
    record = ranked(an_engineer("anna", leave=AWAY), pool)
    assert (record.chosen, record.excluded) == (("hq",), {"on_leave": 1})
    assert "共享池" in record.explanation.zh
    assert "pool" in record.explanation.en


def test_the_pool_is_left_alone_while_somebody_of_the_unit_fits():
    pool = an_engineer("hq", unit="headquarters", skills={"analysis": 3})
    record = ranked(ENGINEER, pool, skills=("analysis",), loads={"anna": OpenLoad(count=5, weight=20)})
    assert (record.chosen, record.excluded) == (("anna",), {"pool_not_needed": 1})


def test_people_of_the_pool_cover_the_regions_they_name():
    request = a_request(opportunity=a_customer_in("west"))
    near = an_engineer("near", unit="headquarters", regions=("west",))
    far = an_engineer("far", unit="headquarters", regions=("south",))
    record = ranked(near, far, request=request)
    assert (record.chosen, record.excluded) == (("near",), {"region": 1})


@pytest.mark.parametrize("regions", [("nationwide",), ("overseas",), ()])
def test_people_of_the_pool_who_work_everywhere_cover_every_region(regions: tuple[str, ...]):
    record = ranked(an_engineer("hq", unit="headquarters", regions=regions), request=a_request(opportunity=a_customer_in("west")))
    assert record.chosen == ("hq",)


def test_people_of_the_unit_serve_its_customers_wherever_they_are():
    record = ranked(an_engineer("anna", regions=("east",)), request=a_request(opportunity=a_customer_in("west")))
    assert record.chosen == ("anna",)


def test_in_a_marketing_request_the_requester_is_taken_when_nobody_else_can_and_the_record_says_so():
    request = a_request("market.visit", requester=asked_by("marketer"))
    record = ranked(a_person("marketer", "bu_marketing"), request=request, role="bu_marketing")
    assert record.chosen == ("marketer",)
    assert "申请人本人" in record.explanation.zh
    assert "requester" in record.explanation.en


def test_in_a_marketing_request_anybody_else_goes_before_the_requester():
    request = a_request("market.visit", requester=asked_by("marketer"))
    other = a_person("other", "bu_marketing")
    record = ranked(
        a_person("marketer", "bu_marketing"),
        other,
        request=request,
        role="bu_marketing",
    )
    assert (record.chosen, record.excluded) == (("other",), {"requester": 1})


@pytest.mark.parametrize("kind", ["business.price", "business.contract", "tech.survey", "tools.company"])
def test_nobody_reviews_or_supports_their_own_request_outside_marketing(kind: str):
    request = a_request(kind, requester=asked_by("marketer"))
    record = ranked(a_person("marketer", "bu_marketing"), request=request, role="bu_marketing")
    assert (record.chosen, record.excluded) == ((), {"requester": 1})


def test_a_review_is_never_ones_own_even_if_a_policy_allowed_it():
    kind = PACK.types["business.price"].model_copy(update={"own_allowed": True})
    request = a_request("business.price", requester=asked_by("marketer"))
    assert ranked(a_person("marketer", "bu_marketing"), request=request, kind=kind, role="bu_marketing").chosen == ()


def test_nobody_fitting_is_explained_with_the_number_under_each_reason():
    record = ranked(an_engineer("x", leave=AWAY), an_engineer("y", unit="south"), a_person("z", "sales_manager"))
    assert record.chosen == ()
    assert record.excluded == {"on_leave": 1, "role": 1, "unit_or_pool": 1}
    assert record.explanation.zh == "没有合适的售前工程师：1 人不在该岗位、1 人不属于该经营单位或共享池、1 人休假且无人代理。"
    assert "1 are away with nobody standing in" in record.explanation.en


def test_an_empty_directory_is_said_to_be_empty():
    record = ranked()
    assert (record.chosen, record.considered) == ((), 0)
    assert "目录为空" in record.explanation.zh
