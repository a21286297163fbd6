"""Whatever JSON arrives, the validator answers, in both languages, and never raises."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.catalogue import Judgement, earlier_references, judge, meaning, personal, public
from shared.catalogue.storable import unstorable
from tests.builders import TYPES, a_body, a_context, a_directory, judged, the_pack

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(10**400)
ODD = st.sampled_from(
    ["\ud800", "\0", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "未公布", "$personal", "1e999", "NaN"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["$set", "a.b", "\ud800"]), inner, max_size=3)
    ),
    max_leaves=8,
)
CONTEXT = a_context()
KEYS = ["type", "business_unit", "requester", "source", "opportunity", "needed_by", "priority", "locale", "details", "extra"]
KEYS += ["evidence", "attachments", "surprise"]
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def answered(judgement: Judgement) -> None:
    """Holds for every judgement, whatever it was about."""
    verdict = judgement.verdict
    assert verdict.outcome in {"accepted", "returned", "rejected"}
    sentences = [verdict.message, *(problem.message for problem in verdict.problems)]
    sentences += [condition.message for condition in verdict.preconditions if condition.state == "missing" and condition.message]
    assert all(sentence.zh and sentence.en for sentence in sentences)
    assert unstorable(verdict.model_dump(mode="json")) == ()
    assert judgement.request is None or unstorable(judgement.request.model_dump(mode="json")) == ()
    assert (verdict.reason is not None) == (verdict.outcome == "rejected")
    if verdict.outcome == "accepted":
        assert judgement.request is not None
        assert verdict.problems == ()
        assert judgement.type is not None
    assert meaning(judgement.request or {}) == meaning(judgement.request or {})
    if judgement.request is not None and judgement.type is not None:
        public(judgement.request, judgement.type)
        personal(judgement.request, judgement.type)


@QUICK
@given(JSON)
def test_any_json_value_is_answered(body: Any):
    answered(judge(the_pack(), body, CONTEXT))
    assert isinstance(meaning(body), str)
    assert isinstance(earlier_references(body), set)


@QUICK
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), JSON, max_size=8))
def test_arbitrary_objects_are_answered(body: dict[str, Any]):
    answered(judged(body, directory=CONTEXT.directory))


@QUICK
@given(st.sampled_from(TYPES), st.sampled_from(KEYS), JSON)
def test_a_request_with_one_arbitrary_field_is_answered(kind: str, key: str, value: Any):
    answered(judged({**a_body(kind), key: value}, directory=CONTEXT.directory))


@QUICK
@given(st.data())
def test_a_request_with_one_arbitrary_detail_is_answered(data: st.DataObject):
    kind = data.draw(st.sampled_from(TYPES))
    field = data.draw(st.sampled_from(sorted(the_pack().types[kind].fields)))
    body = a_body(kind)
    body["details"][field] = data.draw(JSON)
    answered(judged(body, directory=CONTEXT.directory))


@QUICK
@given(st.sampled_from(TYPES), JSON, JSON, JSON)
def test_arbitrary_evidence_and_attachments_are_answered(kind: str, precondition: Any, value: Any, name: Any):
    evidence = [{"precondition": precondition, "kind": "attestation", "value": value}, value]
    attachments = [{"name": name, "size": value, "sha256": precondition}, name]
    answered(judged(a_body(kind, evidence=evidence, attachments=attachments), directory=CONTEXT.directory))


def test_somebody_with_an_impossible_time_zone_may_still_ask():
    lost = a_directory().people["A1"].model_copy(update={"time_zone": "Mars/Olympus"})
    answered(judged(a_body("tech.proposal"), directory=a_directory(lost)))
