"""What must be true beforehand: each precondition is asked for, and only evidence of a fitting kind proves it."""

from typing import Any

import pytest

from shared.catalogue.proofs import KINDS
from shared.schemas.requests import PreconditionVerdict
from tests.builders import (
    SURVEY_BEFORE,
    TYPES,
    a_body,
    a_completed_survey,
    a_draft_attachment,
    attested,
    judged,
    surveyed,
    the_pack,
    with_details,
    without,
)


def missing(body: dict[str, Any], **context: Any) -> list[tuple[str, ...]]:
    verdict = judged(body, **context).verdict
    assert verdict.problems == ()
    return [condition.any_of for condition in verdict.preconditions if condition.state == "missing"]


def proved(body: dict[str, Any], precondition: str) -> PreconditionVerdict:
    return next(c for c in judged(body).verdict.preconditions if precondition in c.any_of)


def by(kind: str, precondition: str, value: object = "X-1") -> list[dict[str, Any]]:
    return [{"precondition": precondition, "kind": kind, "value": value}]


EACH = [(kind, position) for kind in TYPES for position in range(len(a_body(kind)["evidence"]))]


@pytest.mark.parametrize(("kind", "position"), EACH)
def test_without_its_evidence_each_precondition_is_named(kind: str, position: int):
    body = a_body(kind)
    taken = body["evidence"].pop(position)
    conditions = [
        condition.any_of for condition in the_pack().types[kind].preconditions if taken["precondition"] in condition.any_of
    ]
    judgement = judged(body).verdict
    assert judgement.outcome == "returned"
    # A bid without the tender leaves jury, pitch and due open: only the precondition is missing.
    assert missing(body) == conditions


@pytest.mark.parametrize("kind", TYPES)
def test_without_any_evidence_all_preconditions_of_the_policy_are_named(kind: str):
    body = a_body(kind, evidence=[])
    wanted = [condition.any_of for condition in the_pack().types[kind].preconditions if not condition.only]
    assert missing(body) == wanted
    for condition in judged(body).verdict.preconditions:
        assert condition.message is not None
        assert condition.label.zh in condition.message.zh
        assert condition.label.en in condition.message.en


@pytest.mark.parametrize("kind", ["crm_reference", "attestation", "tender_number"])
def test_a_text_of_any_kind_proves_an_ordinary_precondition(kind: str):
    body = a_body("business.price", evidence=by(kind, "offer_fixed"))
    assert missing(body) == []
    assert proved(body, "offer_fixed").met_by.kind == kind


@pytest.mark.parametrize("value", ["", "   ", {"a": "b"}])
def test_an_empty_word_proves_nothing(value: object):
    assert missing(a_body("business.price", evidence=by("attestation", "offer_fixed", value))) == [("offer_fixed",)]


def test_evidence_of_an_unknown_kind_proves_nothing():
    assert missing(a_body("business.price", evidence=by("hearsay", "offer_fixed"))) == [("offer_fixed",)]


def test_an_attachment_proves_only_when_it_is_attached():
    evidence = by("attachment", "offer_fixed", "报价.docx")
    assert missing(a_body("business.price", evidence=evidence)) == [("offer_fixed",)]
    assert missing(a_body("business.price", evidence=evidence, attachments=[a_draft_attachment("报价.docx")])) == []


def test_attestation_does_not_prove_that_a_contract_follows_the_sample():
    assert missing(a_body("business.contract", evidence=attested("based_on_sample"))) == [("based_on_sample",)]


class TestEarlierRequest:
    """需求已了解 is proved by a survey of the same opportunity that is completed, or by another kind of evidence."""

    def test_a_completed_survey_of_the_opportunity_counts(self):
        assert missing(a_body("tech.proposal")) == []

    @pytest.mark.parametrize(
        "became",
        [
            {"status": "submitted"},
            {"status": "working"},
            {"status": "withdrawn"},
            {"type": "tech.test"},
            {"opportunity_id": "O-6"},
            {"opportunity_id": None},
        ],
    )
    def test_another_opportunity_type_or_status_does_not(self, became: dict[str, Any]):
        earlier = {SURVEY_BEFORE: a_completed_survey(**became)}
        assert missing(a_body("tech.proposal"), earlier=earlier) == [("needs_understood",)]

    def test_a_survey_that_does_not_exist_is_named_in_the_answer(self):
        verdict = judged(a_body("tech.proposal"), earlier={}).verdict
        (condition,) = verdict.preconditions
        assert condition.message is not None
        assert "harbour / crm / S-0" in condition.message.zh
        assert "harbour / crm / S-0" in condition.message.en

    def test_attestation_counts_as_well(self):
        assert missing(a_body("tech.proposal", evidence=attested("needs_understood"))) == []

    @pytest.mark.parametrize("value", ["S-0", {"business_unit": "harbour", "system": "crm"}, {}])
    def test_a_reference_that_cannot_be_read_proves_nothing(self, value: object):
        assert missing(a_body("tech.proposal", evidence=by("earlier_request", "needs_understood", value))) == [
            ("needs_understood",)
        ]


class TestTraining:
    def test_before_signing_training_needs_the_needs_understood(self):
        assert missing(a_body("tech.training", evidence=attested("content_and_audience_fixed"))) == [("needs_understood",)]

    def test_after_signing_it_does_not(self):
        body = a_body("tech.training", evidence=attested("content_and_audience_fixed"))
        body["opportunity"]["stage"] = 6
        assert missing(body) == []

    def test_but_evidence_offered_all_the_same_must_hold(self):
        body = a_body("tech.training", evidence=attested("content_and_audience_fixed") + surveyed())
        body["opportunity"]["stage"] = 6
        assert missing(body, earlier={}) == [("needs_understood",)]


class TestVisit:
    def test_the_host_must_be_confirmed_when_the_visit_goes_to_a_customer(self):
        body = with_details(a_body("market.visit"), site="成功案例")
        assert missing(body) == [("host_confirmed",)]
        assert missing({**body, "evidence": attested("customer_and_aim_clear", "host_confirmed")}) == []

    def test_not_at_headquarters(self):
        assert missing(with_details(a_body("market.visit"), site="headquarters")) == []


class TestBid:
    """A bid needs the tender documents or a clear need; what only the tender tells may stay open without it."""

    NEED = attested("purchase_need_clear")

    @pytest.mark.parametrize("kind", ["tender_number", "attachment"])
    def test_the_tender_is_proved_by_its_number_or_as_attachment(self, kind: str):
        body = a_body(
            "tech.bid", evidence=by(kind, "tender_received", "招标书.pdf"), attachments=[a_draft_attachment("招标书.pdf")]
        )
        assert missing(body) == []

    @pytest.mark.parametrize("kind", ["attestation", "crm_reference"])
    def test_nothing_else_proves_the_tender(self, kind: str):
        assert missing(a_body("tech.bid", evidence=by(kind, "tender_received"))) == [("tender_received", "purchase_need_clear")]

    @pytest.mark.parametrize("field", ["jury", "pitch", "due"])
    def test_with_the_tender_jury_pitch_and_due_are_required(self, field: str):
        verdict = judged(without(a_body("tech.bid"), f"details.{field}")).verdict
        assert [problem.field for problem in verdict.problems] == [f"details.{field}"]

    def test_with_only_the_need_they_may_stay_open(self):
        body = with_details(a_body("tech.bid", evidence=self.NEED), jury=None, pitch=None, due=None)
        assert judged(body).verdict.outcome == "accepted"

    def test_the_other_fields_may_not(self):
        body = with_details(a_body("tech.bid", evidence=self.NEED), bid_requirements=None, jury=None)
        assert [problem.field for problem in judged(body).verdict.problems] == ["details.bid_requirements"]

    @pytest.mark.parametrize("answer", ["未公布", " 未公布 ", "Not published", "not announced"])
    def test_not_announced_is_an_answer(self, answer: str):
        body = with_details(a_body("tech.bid"), jury=answer, pitch=answer, due=answer)
        judgement = judged(body)
        assert judgement.verdict.outcome == "accepted"
        assert judgement.request is not None
        assert judgement.request.details["jury"] == answer

    def test_it_is_no_answer_elsewhere(self):
        verdict = judged(with_details(a_body("tech.proposal"), due="未公布")).verdict
        assert [problem.field for problem in verdict.problems] == ["details.due"]

    def test_a_due_that_is_given_is_judged_even_without_the_tender(self):
        body = with_details(a_body("tech.bid", evidence=self.NEED), due="2027-01-01T09:00:00+08:00")
        assert [problem.field for problem in judged(body).verdict.problems] == ["details.due"]


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_asked_for_is_called_as_people_call_it(kind: str):
    pack = the_pack()
    verdicts = judged({**a_body(kind), "evidence": []}).verdict.preconditions
    said = "".join(sentence for verdict in verdicts if verdict.message for sentence in (verdict.message.zh, verdict.message.en))
    assert [key for key in pack.evidence_kinds if "_" in key and key in said] == []
    for verdict in verdicts:
        assert verdict.message is not None
        assert "CRM 记录编号" in verdict.message.zh or "附件" in verdict.message.zh
        assert "attestation" not in verdict.message.zh + verdict.message.en


def test_every_kind_of_evidence_of_the_shipped_policy_has_a_name():
    assert set(the_pack().evidence_kinds) <= KINDS.keys()
