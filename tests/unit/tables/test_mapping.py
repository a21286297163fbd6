"""A mapping file is read strictly: every fault is named with its line and field, in both languages."""

import pytest

from shared.tables.faults import TableFault
from tests.unit.tables.samples import FOLDER, mapping

FAULTS = [
    ("common: {a: type}\ncolour: red", 2, "colour"),
    ("common: {a: details.items}", 1, "common.a"),
    ("details:\n  tools.company:\n    份数: details.weight", 3, "details.tools.company.份数"),
    ("details: {tools.none: {a: details.items}}", 1, "details.tools.none"),
    ("\nconstants: {requester.shoe: 4}", 2, "constants.requester.shoe"),
    ("values: {nothing: {a: b}}", 1, "values.nothing"),
    ("local_time_zone: Mars/Base", 1, "local_time_zone"),
    ("file: {encoding: klingon}", 1, "file.encoding"),
    ("file: {delimiter: ';;'}", 1, "file.delimiter"),
    ("dates: ['%d/%m']", 1, "dates"),
    ("dates: ['%Q']", 1, "dates"),
    ("numbers: {decimal: ',', group: ','}", 1, "mapping"),
    ("common: {a: {to: priority, factor: -1}}", 1, "common.a.factor"),
    ("action: {column: 操作, values: {x: explode}}", 1, "action.values.x"),
    ("common: {Ref No: source.reference, refno: source.system}", 1, "common.refno"),
    ("common: {a: type}\ncommon: {b: type}", 2, "mapping"),
    ("- a list", 1, "mapping"),
    ("a: [", 1, "mapping"),
    ("", 1, "mapping"),
]


@pytest.mark.parametrize(("text", "line", "field"), FAULTS)
def test_a_fault_is_named_with_its_line_and_field(text: str, line: int, field: str):
    with pytest.raises(TableFault) as caught:
        mapping(text)
    (problem,) = caught.value.problems
    assert problem.code == "bad_mapping"
    assert problem.field in {"common", field} or problem.field.startswith(field)
    assert problem.message.en.startswith(f"line {line}: ") or text.startswith("a: [")
    assert problem.message.zh.startswith("第 ")


def test_every_fault_is_named_at_once():
    with pytest.raises(TableFault) as caught:
        mapping("common: {a: nowhere, b: neither}\nvalues: {c: {}}")
    assert [problem.field for problem in caught.value.problems] == ["common.a", "common.b", "values.c"]


def test_the_sample_is_without_fault():
    known = mapping((FOLDER / "oa-harbour.mapping.yaml").read_text(encoding="utf-8"))
    assert known.separators == ("；", "\n")
    assert known.common["单号"].to == "source.reference"
    assert set(known.wanted()) >= {"动作", "单号", "证明", "附件", "备注"}
