"""A batch of rows over HTTP: CSV and XLSX whose headers are labels of the catalogue get a verdict a row."""

import json
from typing import Any

import httpx
import pytest

from services.intake.api import batch_lines
from tests.builders.workbooks import a_sheet, a_workbook
from tests.component.intake.intake_site import Site

pytestmark = pytest.mark.stack
CSV, XLSX = "text/csv", batch_lines.XLSX
HEADER = ["操作", "Reference", "来源系统", "经营单位", "工号", "岗位", "支持类型", "资料项", "数量", "撤回原因", "流水号"]
MADE = ["新建", "R-1", "oa", "港湾事业部", "A1", "大客户经理", "公司资料", "宣传手册", "5", "", "L-1"]
ROWS = [
    MADE,
    ["新建", "R-2", "oa", "harbour", "A1", "大客户经理", "公司资料", "宣传手册", "很多", "", ""],
    ["新建", "R-3", "oa", "harbour", "A1", "大客户经理", "公司资料", "[1", "5", "", ""],
]
REPEATED = ["", "R-1", "oa", "", "A1", "account_manager", "tools.company", "brochure", "5", "", "L-2"]
WITHDRAWN = ["撤回", "R-1", "oa", "harbour", "A1", "大客户经理", "公司资料", "", "", "客户推迟", ""]


def a_csv(*rows: list[str]) -> str:
    return "\r\n".join(",".join(row) for row in (HEADER, *rows))


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def posted(site: Site, content: bytes, kind: str, **options: Any) -> httpx.Response:
    return await site.ask("POST", "/v1/requests:batch", content=content, headers={"Content-Type": kind}, **options)


@pytest.mark.parametrize("kind", [CSV, "Text/CSV; charset=GB18030", XLSX])
async def test_every_row_gets_its_verdict(site: Site, kind: str):
    text = a_csv(*ROWS)
    content = (
        a_workbook({"S": a_sheet([HEADER, *ROWS])}) if kind == XLSX else text.encode("gb18030" if "GB" in kind else "utf-8-sig")
    )
    answers = lines(await posted(site, content, kind))
    told = [(row["line"], row["record"], row["outcome"], row["duplicate"]) for row in answers]
    assert told == [(2, 1, "accepted", False), (3, 2, "returned", False), (4, 3, "refused", False)]
    assert answers[1]["verdict"]["problems"][0]["field"] == "details.quantity"
    assert answers[2]["problem"]["errors"][0]["code"] == "bad_json"


async def test_a_row_may_repeat_or_withdraw_what_an_earlier_table_said(site: Site):
    (made,), (repeated,), (withdrawn,) = [
        lines(await posted(site, a_csv(row).encode(), CSV)) for row in (MADE, REPEATED, WITHDRAWN)
    ]
    assert made["id"] == repeated["id"] == withdrawn["id"]
    assert (repeated["outcome"], repeated["duplicate"]) == ("accepted", True)
    assert withdrawn["outcome"] == "withdrawn"


async def test_the_same_table_sent_again_gets_the_same_answers(site: Site):
    content = a_csv(*ROWS).encode()
    first, again = [lines(await posted(site, content, CSV)) for _ in range(2)]
    told = [[(row["id"], row["outcome"], row.get("verdict")) for row in answers] for answers in (first, again)]
    assert told[0] == told[1]


async def test_unknown_columns_are_kept_as_extra_fields(site: Site):
    (answer,) = lines(await posted(site, a_csv(MADE).encode(), CSV))
    shown = (await site.ask("GET", f"/v1/requests/{answer['id']}")).json()
    assert shown["request"]["extra"] == {"流水号": "L-1"}


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"a,b\n1,2\n", CSV, 422, "header_missing"),
        (b"", CSV, 422, "no_header"),
        (b"PK\x03\x04", XLSX, 422, "broken_workbook"),
        (a_workbook({"A": a_sheet([HEADER]), "B": a_sheet([HEADER])}), XLSX, 422, "which_sheet"),
        (a_csv(MADE).encode(), "text/csv; charset=klingon", 415, "unknown_charset"),
    ],
)
async def test_what_is_no_such_table_is_a_problem_in_both_languages(
    site: Site, content: bytes, kind: str, status: int, code: str
):
    answer = await posted(site, content, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert all(answer.json()["message"].values())


async def test_a_sheet_may_be_named(site: Site):
    content = a_workbook({"A": a_sheet([["x"]]), "B": a_sheet([HEADER, MADE])})
    (answer,) = lines(await posted(site, content, XLSX, params={"sheet": "B"}))
    assert answer["outcome"] == "accepted"


async def test_more_rows_than_are_taken_at_once_are_refused_whole(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batch_lines, "MAX_ROWS", 2)
    answer = await posted(site, a_csv(*ROWS).encode(), CSV)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_rows")
    assert (await site.ask("GET", "/v1/requests")).json()["requests"] == []
