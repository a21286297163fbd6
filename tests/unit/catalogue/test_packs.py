"""Policy packs: a fault is refused whole with its place named; a new type and a new version come by YAML alone."""

from pathlib import Path

import pytest

from shared.catalogue import PackError, judge, load_pack, load_packs, newest
from tests.builders import a_body, a_context, the_pack
from tests.unit.catalogue.packs import copied, replaced, with_a_sixteenth_type

HEAD, TECH, MARKET = "pack.yaml", "tech.yaml", "market.yaml"

FAULTS = [
    (TECH, "tech.survey:\n", "tech.survey: [\n", "tech.yaml is not valid YAML"),
    (TECH, "form: T", "form: Z", "tech.survey: form Z is not defined"),
    (TECH, "[[relationship_established]", "[[friendship]", "tech.survey: preconditions ['friendship']"),
    (TECH, "coordinator: presales_manager", "coordinator: emperor", "tech.survey: roles ['emperor']"),
    (TECH, "role: presales_engineer", "role: jester", "tech.survey: roles ['jester']"),
    (TECH, "formats: format", "formats: shape", "tech.proposal: output.formats names the field shape"),
    (TECH, "effort: 2", "effrot: 2", "effrot"),
    (TECH, "type: texts", "type: poem", "tech.survey.fields.counterparts.type"),
    (TECH, "label: {zh: 需求调研, en: Requirements survey}", "", "tech.survey.label: Field required"),
    (TECH, "{tender_received: [jury", "{tender_seen: [jury", "tech.bid: later_without names ['tender_seen']"),
    (TECH, "{tender_received: [jury", "{tender_received: [judges", "tech.bid: later_without names the fields ['judges']"),
    (TECH, "aliases: [产品建议书]", "aliases: [需求调研]", "tech.survey and tech.proposal are both called 需求调研"),
    (TECH, "tech.survey:\n", "tech.nothing:\ntech.survey:\n", "tech.yaml: type tech.nothing must be a mapping"),
    (TECH, "  effort: 2\n", "  effort: 2\n  effort: 3\n", "the key effort is said twice"),
    (TECH, "skills: [analysis]", "skills: [juggling]", "tech.survey: skills ['juggling']"),
    (
        TECH,
        "type: choice, required: true, choices: {onsite",
        "type: text, required: true, choices: {onsite",
        "tech.survey.mode: a field",
    ),
    (TECH, "aliases: [电话]", "aliases: [现场]", "tech.survey.mode: the choices onsite and phone are both called 现场"),
    (TECH, "unless: {stage: 6}", "unless: {stadium: 6}", "tech.training: only or unless names the fields ['stadium']"),
    (TECH, "requirements: 第三章 2.1.3.1", "demands: 第三章 2.1.3.1", "tech.survey: articles names the fields ['demands']"),
    (
        MARKET,
        "total: [quantity, unit_price]",
        "total: [quantity, weight]",
        "market.gift.gifts: total names the fields ['weight']",
    ),
    (MARKET, "same_as: opportunity.customer", "same_as: chance.customer", "same_as names chance.customer.name"),
    (HEAD, "evidence: [attachment]", "mode: waivable", "based_on_sample: mode waivable and waived_by"),
    (HEAD, "evidence: [attachment]", "mode: waivable, waived_by: emperor", "waived_by ['emperor']"),
    (HEAD, "version: 1.0.0", "version: 1.0.1", "pack.yaml in sales-support/1.0.0 says sales-support 1.0.1"),
    (HEAD, "name: sales-support", "nmae: sales-support", "name: Field required"),
    (HEAD, "version: 1.0.0", "version: soon", "version soon must be numbers"),
    (HEAD, "may_submit: [account_manager", "may_submit: [emperor", "roles ['emperor']"),
    (HEAD, "evidence: [attachment]", "evidence: [rumour]", "based_on_sample: evidence ['rumour']"),
    (HEAD, "request: tech.survey", "request: tech.poll", "needs_understood: there is no type tech.poll"),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), FAULTS, ids=[fault[3] for fault in FAULTS])
def test_a_faulty_pack_is_refused_and_the_place_named(tmp_path: Path, file: str, old: str, new: str, said: str):
    replaced(copied(tmp_path), file, old, new)
    with pytest.raises(PackError) as refused:
        load_packs(tmp_path)
    assert said in str(refused.value)


def test_the_copy_without_a_fault_loads_and_is_the_same_policy(tmp_path: Path):
    copied(tmp_path)
    assert load_pack(root=tmp_path).hash == the_pack().hash


def test_a_type_in_two_files_is_refused(tmp_path: Path):
    folder = copied(tmp_path)
    (folder / "zz.yaml").write_text((folder / "tools.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(PackError, match=r"zz\.yaml: type tools\.company is defined twice"):
        load_packs(tmp_path)


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path):
    (copied(tmp_path) / "zz.yaml").write_text("- one\n- two\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"zz\.yaml must hold a mapping"):
        load_packs(tmp_path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path):
    (copied(tmp_path) / "zz.yaml").write_bytes("说明: 国标".encode("gb18030"))
    with pytest.raises(PackError, match=r"zz\.yaml is not UTF-8"):
        load_packs(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(PackError, match="no policy pack"):
        load_packs(tmp_path)


def test_an_unknown_name_or_version_is_refused():
    with pytest.raises(PackError, match="no policy pack named sails-support"):
        load_pack("sails-support")
    with pytest.raises(PackError, match=r"no version 9\.9\.9"):
        load_pack("sales-support", "9.9.9")


def test_versions_are_compared_as_numbers(tmp_path: Path):
    for version in ("1.0.0", "1.9.0", "1.10.0"):
        copied(tmp_path, version=version)
    packs = load_packs(tmp_path)
    assert sorted(packs) == [("sales-support", version) for version in ("1.0.0", "1.10.0", "1.9.0")]
    assert newest(packs, "sales-support").version == "1.10.0"


def test_another_content_has_another_hash(tmp_path: Path):
    replaced(copied(tmp_path), TECH, "effort: 2", "effort: 2.5")
    assert load_pack(root=tmp_path).hash != the_pack().hash


def test_a_sixteenth_type_is_judged_by_yaml_alone(tmp_path: Path):
    pack = load_pack(root=with_a_sixteenth_type(tmp_path))
    body = a_body(
        "tech.test", type="例行巡检", evidence=[{"precondition": "environment_defined", "kind": "attestation", "value": "是"}]
    )
    body["details"] = {"site": "七号仓", "due": "2027-03-20T12:00:00+08:00", "devices": [{"name": "道闸", "count": "3"}]}
    returned = judge(pack, body, a_context())
    assert [problem.field for problem in returned.verdict.problems] == ["details.contact"]
    body["details"]["contact"] = "门岗老秦"
    accepted = judge(pack, body, a_context())
    assert accepted.verdict.outcome == "accepted"
    assert accepted.request is not None
    assert accepted.request.type == "tech.inspection"
    assert accepted.request.details["devices"] == [{"name": "道闸", "count": 3}]
    assert judge(the_pack(), body, a_context()).type is None
