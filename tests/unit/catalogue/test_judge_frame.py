"""The frame's normal form: names are compared trimmed and in NFC, nothing given is dropped without being named."""

import unicodedata
from typing import Any

import pytest

from shared.schemas.requests import Request
from tests.builders import a_body, a_draft_attachment, id_of, judged, window, with_details


def accepted(body: dict[str, Any]) -> Request:
    judgement = judged(body)
    assert judgement.verdict.outcome == "accepted", judgement.verdict.problems
    assert judgement.request is not None
    return judgement.request


def fields_of(body: dict[str, Any]) -> list[str]:
    return [problem.field for problem in judged(body).verdict.problems]


def test_unit_source_requester_and_opportunity_are_trimmed_and_composed():
    decomposed = unicodedata.normalize("NFD", "Réf-É1")
    body = a_body(
        "tech.survey",
        business_unit=" harbour ",
        requester={"id": " A1\n", "role": " account_manager "},
        source={"system": " crm ", "reference": f" {decomposed} "},
    )
    body["opportunity"]["id"] = " O-5 "
    request = accepted(body)
    assert (request.business_unit, request.requester.id, request.requester.role) == ("harbour", "A1", "account_manager")
    assert (request.source.system, request.source.reference) == ("crm", "Réf-É1")
    assert request.opportunity is not None
    assert request.opportunity.id == "O-5"
    assert id_of(body) == id_of({**body, "business_unit": "harbour", "source": {"system": "crm", "reference": "Réf-É1"}})


def test_the_case_of_a_reference_is_kept():
    assert accepted(a_body("tools.company", source={"system": "CRM", "reference": "aB"})).source.reference == "aB"


@pytest.mark.parametrize("blank", [None, "", "   ", 7, ["x"]])
@pytest.mark.parametrize("part", ["system", "reference"])
def test_a_source_without_system_or_reference_is_returned(part: str, blank: Any):
    body = a_body("tools.company")
    body["source"][part] = blank
    assert fields_of(body) == [f"source.{part}"]


@pytest.mark.parametrize("source", [None, "crm", [], 7])
def test_a_source_that_is_no_record_lacks_both(source: Any):
    assert fields_of({**a_body("tools.company"), "source": source}) == ["source.system", "source.reference"]


PIECE = {"precondition": "relationship_established", "kind": "attestation", "value": "是"}


@pytest.mark.parametrize(
    ("evidence", "field"),
    [
        ("yes", "evidence"),
        ({"0": PIECE}, "evidence"),
        ([PIECE, "yes"], "evidence.1"),
        ([{key: value for key, value in PIECE.items() if key != "value"}], "evidence.0"),
        ([{**PIECE, "kind": None}], "evidence.0"),
        ([{**PIECE, "precondition": " "}], "evidence.0"),
        ([{**PIECE, "value": 7}], "evidence.0"),
        ([PIECE] * 2001, "evidence"),
    ],
)
def test_evidence_that_cannot_be_read_is_named(evidence: Any, field: str):
    assert fields_of(a_body("tools.company", evidence=evidence)) == [field]


@pytest.mark.parametrize("attachments", ["draft.docx", {"0": a_draft_attachment()}, [a_draft_attachment()] * 2001])
def test_attachments_that_are_no_list_are_named(attachments: Any):
    assert fields_of(a_body("tools.company", attachments=attachments)) == ["attachments"]


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("name", [None, "", " ", 7, "a" * 256, "../a.txt", "a\\b.txt", "a\n.txt", "a\u202etxt.pdf", "a\u2066.pdf"]),
        ("name", ["a.exe", "a.pdf.js", "a.HTA", "a.lnk .", "a.docm", "a.exe::$DATA"]),
        ("path", [7, ["a"]]),
        ("media_type", [None, "", "docx", 7, "a/b c"]),
        ("size", [None, "12", -1, True, 1.5, 25 * 1024 * 1024 + 1, 2**64]),
        ("sha256", [None, "", 7, "c0" * 31, "xy" * 32, "c0" * 32 + "\n"]),
    ],
)
def test_each_part_of_an_attachment_that_is_missing_or_wrong_is_named(part: str, wrong: list[Any]):
    for value in wrong:
        given = [a_draft_attachment("b.docx"), {**a_draft_attachment(), part: value}]
        (problem,) = judged(a_body("tools.company", attachments=given)).verdict.problems
        assert problem.field == f"attachments.1.{part}", value
        assert problem.field in problem.message.zh
        assert problem.field in problem.message.en


def test_an_attachment_that_is_only_named_lacks_the_rest():
    lacking = [f"attachments.0.{part}" for part in ("media_type", "size", "sha256")]
    assert fields_of(a_body("tools.company", attachments=[{"name": "a.txt"}])) == lacking
    assert fields_of(a_body("tools.company", attachments=["a.txt"])) == ["attachments.0"]


def test_where_an_attachment_lay_does_no_harm_and_its_digest_is_compared_in_lower_case():
    given = {**a_draft_attachment("a.txt"), "path": "attachments/a.txt", "size": 0, "sha256": "C0" * 32}
    (kept,) = accepted(a_body("tools.company", attachments=[given])).attachments
    assert (kept.name, kept.size, kept.sha256) == ("a.txt", 0, "c0" * 32)


def test_what_a_unit_adds_to_its_opportunity_is_kept_among_the_extra_fields():
    body = a_body("tech.survey", extra={"opportunity": "ours"})
    body["opportunity"] |= {"预算": 3_000_000}
    body["opportunity"]["customer"]["tier"] = "A"
    assert accepted(body).extra == {"opportunity": "ours", "opportunity_": {"预算": 3_000_000, "customer": {"tier": "A"}}}


def test_no_added_field_hides_another_of_the_same_name():
    assert accepted({**a_body("tools.company", extra={"note": 1}), "note": 2}).extra == {"note": 1, "note_": 2}


def test_an_extra_that_is_no_record_is_kept():
    assert accepted(a_body("tools.company", extra=["三楼", "前台"])).extra == {"extra": ["三楼", "前台"]}


@pytest.mark.parametrize(
    ("path", "value"),
    [("customer.id", 5), ("tender_no", 7), ("customer.industry", ["ports"]), ("customer.region", {"a": 1})],
)
def test_a_misshapen_part_of_the_opportunity_is_named_by_its_path(path: str, value: Any):
    body = a_body("tech.survey")
    outer, _, inner = path.rpartition(".")
    (body["opportunity"][outer] if outer else body["opportunity"])[inner] = value
    assert fields_of(body) == [f"opportunity.{path}"]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "UTC+8", "Asia", 7, ["Asia/Shanghai"], "x" * 5000])
def test_an_unknown_time_zone_is_returned_rather_than_guessed(zone: Any):
    body = with_details(a_body("tech.survey"), where={**window(), "time_zone": zone})
    assert fields_of(body) == ["details.where.time_zone"]


def test_a_window_without_a_time_zone_is_in_the_senders():
    where = {key: value for key, value in window().items() if key != "time_zone"}
    assert accepted(with_details(a_body("tech.survey"), where=where)).details["where"]["start"].endswith("+08:00")


@pytest.mark.parametrize(("given", "code"), [("usd ", "USD"), ("人民币", "CNY"), ("RMB", "CNY"), ("美元", "USD"), ("XAU", "XAU")])
def test_a_currency_is_kept_as_its_code(given: str, code: str):
    assert accepted(a_body("business.price", extra={"currency": given, "run": 3})).extra == {"currency": code, "run": 3}


@pytest.mark.parametrize("given", [5, "dollars", "US$", ["USD"], {"code": "USD"}, True])
def test_a_currency_that_nobody_can_tell_is_sent_back(given: object):
    assert fields_of(a_body("business.price", extra={"currency": given})) == ["extra.currency"]


def test_without_a_currency_amounts_are_yuan():
    assert accepted(a_body("business.price", extra={"currency": " "})).currency == "CNY"
