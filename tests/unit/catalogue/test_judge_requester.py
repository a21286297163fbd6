"""Who may ask (第一章 2.1): the post claimed must be held, and be one that may submit; anybody else is rejected."""

import pytest

from tests.builders import TYPES, a_body, a_directory, a_person, judged, the_pack

MAY = set(the_pack().may_submit)
ROLES = sorted(the_pack().roles)


def rejection(identity: str, role: str, **context: object) -> str | None:
    body = a_body("tools.company", requester={"id": identity, "role": role})
    verdict = judged(body, **context).verdict
    assert verdict.outcome == ("rejected" if verdict.reason else "accepted")
    return verdict.reason


@pytest.mark.parametrize("role", ROLES)
def test_only_the_posts_of_the_policy_may_submit(role: str):
    directory = a_directory(a_person("X", "harbour", role))
    assert rejection("X", role, directory=directory) == (None if role in MAY else "role_may_not_submit")


def test_exactly_seven_posts_may_submit():
    assert {
        "account_manager",
        "sales_assistant",
        "sales_manager",
        "presales_engineer",
        "product_manager",
        "bu_marketing",
        "corporate_marketing",
    } == MAY


def test_a_post_that_is_not_held_is_rejected():
    assert rejection("A1", "product_manager") == "role_not_held"


def test_somebody_unknown_is_rejected():
    assert rejection("NOBODY", "account_manager") == "unknown_requester"


def test_somebody_who_has_left_is_rejected():
    assert rejection("GONE", "account_manager") == "unknown_requester"


def test_an_unknown_post_may_not_submit():
    assert rejection("A1", "emperor") == "role_may_not_submit"


def test_a_rejection_names_neither_fields_nor_preconditions_but_says_why_in_both_languages():
    body = a_body("tech.survey", requester={"id": "BL1", "role": "bu_leader"}, details={}, evidence=[])
    verdict = judged(body).verdict
    assert verdict.outcome == "rejected"
    assert (verdict.problems, verdict.preconditions) == ((), ())
    assert "岗位" in verdict.message.zh
    assert "eligible" in verdict.message.en


@pytest.mark.parametrize("kind", TYPES)
def test_anyone_eligible_may_file_for_another_unit(kind: str):
    judgement = judged(a_body(kind, business_unit="mountain"))
    assert judgement.verdict.outcome == "accepted"
    assert judgement.request is not None
    assert judgement.request.business_unit == "mountain"
