"""A waivable precondition is waived by a fact about a person, never by what a request says of itself; one may come later by a time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.catalogue import JudgingContext, Pack, PackError, judge, load_pack
from shared.catalogue.waiving import waiving_role
from shared.schemas.intake import Owed, PreconditionWaived
from shared.schemas.model import Text
from shared.schemas.requests import PreconditionVerdict
from tests.builders import NOW, a_body, a_context, a_directory, a_person, attested
from tests.unit.catalogue.packs import copied, replaced

OFFER = "offer_fixed: {zh: 已经确定了产品、方案或系统, en: 'Product, solution or system is fixed'"
DIRECTORY = a_directory(
    a_person("LEFT", "harbour", "bu_leader", active=False),
    a_person("BOTH", "harbour", "bu_leader", "account_manager"),
    a_person("FAR", "islands", "bu_leader"),
    a_person("CHIEF", "headquarters", "bu_leader"),
)


def a_pack(root: Path, terms: str) -> Pack:
    """The policy with other terms for one precondition."""
    replaced(copied(root), "pack.yaml", OFFER, f"{OFFER}, {terms}")
    return load_pack(root=root)


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The policy with one precondition that a unit's leader may waive."""
    return a_pack(tmp_path_factory.mktemp("packs"), "mode: waivable, waived_by: bu_leader")


def claims(value: Any) -> list[dict[str, Any]]:
    return [{"precondition": "offer_fixed", "kind": "waiver", "value": value}]


def waived(by: str = "BL1") -> dict[str, PreconditionWaived]:
    text = Text(zh="已定", en="fixed")
    return {"offer_fixed": PreconditionWaived(precondition="offer_fixed", label=text, by=by, role="bu_leader", reason="急")}


def verdict_on(pack: Pack, evidence: list[dict[str, Any]], **known: Any) -> PreconditionVerdict:
    context = JudgingContext(now=NOW, directory=DIRECTORY, earlier={}, **known)
    (verdict,) = judge(pack, a_body("business.price", evidence=evidence), context).verdict.preconditions
    return verdict


def test_who_waived_is_named_and_lets_the_request_through(lenient: Pack):
    verdict = verdict_on(lenient, [], waived=waived())
    assert (verdict.state, verdict.met_by.value if verdict.met_by else None) == ("waived", "BL1")
    assert verdict.message is not None
    assert "BL1" in verdict.message.zh
    assert "Business unit leader" in verdict.message.en
    context = JudgingContext(now=NOW, directory=DIRECTORY, earlier={}, waived=waived())
    assert judge(lenient, a_body("business.price", evidence=[]), context).verdict.outcome == "accepted"


@pytest.mark.parametrize("value", ["BL1", "BOTH", "NOBODY", "", {"person": "BL1"}])
def test_that_a_request_says_it_was_waived_does_not_count_and_it_is_told_who_may(lenient: Pack, value: Any):
    verdict = verdict_on(lenient, claims(value))
    assert verdict.state == "missing"
    assert verdict.message is not None
    assert "经营单位领导" in verdict.message.zh
    assert "Business unit leader" in verdict.message.en


def test_evidence_is_preferred_to_a_waiver(lenient: Pack):
    assert verdict_on(lenient, attested("offer_fixed"), waived=waived()).state == "met"


def test_a_hard_precondition_cannot_be_waived():
    verdict = verdict_on(load_pack(), claims("BL1"), waived=waived())
    assert verdict.state == "missing"
    assert verdict.message is not None
    assert "豁免" not in verdict.message.zh


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("BL1", ("bu_leader", None)),
        ("CHIEF", ("bu_leader", None)),
        ("MK1", (None, "role_may_not_waive")),
        ("FAR", (None, "another_unit")),
        ("LEFT", (None, "not_a_person")),
        ("NOBODY", (None, "not_a_person")),
        ("BOTH", (None, "own_request")),
    ],
)
def test_who_may_waive(lenient: Pack, person: str, expected: tuple[str | None, str | None]):
    precondition = lenient.preconditions["offer_fixed"]
    assert waiving_role(lenient, precondition, DIRECTORY, person=person, unit="harbour", requester="BOTH") == expected


def test_the_pack_may_let_somebody_waive_for_themselves(lenient: Pack):
    precondition = lenient.preconditions["offer_fixed"].model_copy(update={"own_waiver": True})
    found = waiving_role(lenient, precondition, DIRECTORY, person="BOTH", unit="harbour", requester="BOTH")
    assert found == ("bu_leader", None)


class TestLater:
    def test_without_a_time_it_is_open_and_lets_the_request_through(self, tmp_path: Path):
        pack = a_pack(tmp_path, "mode: later")
        verdict = verdict_on(pack, [])
        assert (verdict.state, verdict.due) == ("later", None)
        assert judge(pack, a_body("business.price", evidence=[]), a_context()).verdict.outcome == "accepted"

    @pytest.fixture
    def timed(self, tmp_path: Path) -> Pack:
        return a_pack(tmp_path, "mode: later, within_hours: 48, escalate_hours: 24")

    def test_the_verdict_says_until_when(self, timed: Pack):
        verdict = verdict_on(timed, [])
        assert (verdict.state, verdict.due, verdict.escalates) == ("later", NOW + timedelta(hours=48), NOW + timedelta(hours=72))
        assert verdict.message is not None
        assert "2027-03-03 09:00" in verdict.message.zh
        assert "2027-03-03 09:00" in verdict.message.en

    def test_what_is_owed_already_keeps_its_time(self, timed: Pack):
        due = NOW - timedelta(hours=1)
        standing = Owed(any_of=("offer_fixed",), label=Text(zh="已定", en="fixed"), due=due)
        verdict = verdict_on(timed, [], standing={standing.any_of: standing})
        assert (verdict.due, verdict.escalates) == (due, None)

    def test_a_request_that_is_returned_for_something_else_owes_nothing_yet(self, timed: Pack):
        context = JudgingContext(now=NOW, directory=DIRECTORY, earlier={})
        verdict = judge(timed, a_body("business.price", evidence=[], details={}), context).verdict
        assert verdict.outcome == "returned"
        assert [one.due for one in verdict.preconditions] == [None]


@pytest.mark.parametrize(
    "terms",
    [
        "mode: waivable",
        "waived_by: bu_leader",
        "mode: waivable, waived_by: [bu_leader, nobody]",
        "mode: hard, within_hours: 4",
        "mode: later, escalate_hours: 4",
        "mode: later, within_hours: 0",
    ],
)
def test_terms_that_contradict_each_other_are_refused(tmp_path: Path, terms: str):
    with pytest.raises(PackError):
        a_pack(tmp_path, terms)
