"""A waivable precondition may be waived by who holds the named role, stated with the person's id; a hard one never."""

from pathlib import Path
from typing import Any

import pytest

from shared.catalogue import Pack, judge, load_pack
from shared.schemas.requests import PreconditionVerdict
from tests.builders import a_body, a_context, a_directory, a_person, attested
from tests.unit.catalogue.packs import copied, replaced

OFFER = "offer_fixed: {zh: 已经确定了产品、方案或系统, en: 'Product, solution or system is fixed'"


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The policy with one precondition that a unit's leader may waive."""
    root: Path = tmp_path_factory.mktemp("packs")
    replaced(copied(root), "pack.yaml", OFFER, f"{OFFER}, mode: waivable, waived_by: bu_leader")
    return load_pack(root=root)


def waived_by(value: Any) -> list[dict[str, Any]]:
    return [{"precondition": "offer_fixed", "kind": "waiver", "value": value}]


def verdict_on(pack: Pack, evidence: list[dict[str, Any]], **changes: Any) -> PreconditionVerdict:
    directory = a_directory(
        a_person("LEFT", "harbour", "bu_leader", active=False), a_person("BOTH", "harbour", "bu_leader", "account_manager")
    )
    (verdict,) = judge(
        pack, a_body("business.price", evidence=evidence, **changes), a_context(directory=directory)
    ).verdict.preconditions
    return verdict


def test_the_holder_of_the_role_waives_and_is_named(lenient: Pack):
    verdict = verdict_on(lenient, waived_by("BL1"))
    assert verdict.state == "waived"
    assert verdict.met_by is not None
    assert verdict.met_by.value == "BL1"
    assert verdict.message is not None
    assert "BL1" in verdict.message.zh
    assert "Business unit leader" in verdict.message.en


def test_a_waived_precondition_lets_the_request_through(lenient: Pack):
    assert judge(lenient, a_body("business.price", evidence=waived_by("BL1")), a_context()).verdict.outcome == "accepted"


@pytest.mark.parametrize("value", ["MK1", "NOBODY", "LEFT", "", {"person": "BL1"}])
def test_nobody_else_waives(lenient: Pack, value: Any):
    assert verdict_on(lenient, waived_by(value)).state == "missing"


def test_nobody_waives_for_the_own_request(lenient: Pack):
    assert verdict_on(lenient, waived_by("BOTH")).state == "waived"
    assert verdict_on(lenient, waived_by("BOTH"), requester={"id": "BOTH", "role": "account_manager"}).state == "missing"


def test_evidence_is_preferred_to_a_waiver(lenient: Pack):
    assert verdict_on(lenient, waived_by("BL1") + attested("offer_fixed")).state == "met"


def test_a_hard_precondition_cannot_be_waived():
    assert verdict_on(load_pack(), waived_by("BL1")).state == "missing"


def test_a_later_precondition_is_said_to_be_open_and_lets_the_request_through(tmp_path: Path):
    replaced(copied(tmp_path), "pack.yaml", OFFER, f"{OFFER}, mode: later")
    pack = load_pack(root=tmp_path)
    assert verdict_on(pack, []).state == "later"
    assert judge(pack, a_body("business.price", evidence=[]), a_context()).verdict.outcome == "accepted"
