"""The office system's export, as CSV and as a workbook, by its mapping file and by labels alone, means what its canonical form says."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalogue import JudgingContext, judge, meaning, read_directory
from shared.catalogue.pack import fold
from shared.schemas.people import Directory
from shared.tables.rows import Rows, Surroundings
from tests.builders import NOW, the_pack
from tests.unit.catalogue.sample_data import lines_of, sample_folder
from tests.unit.tables.samples import mapping, read

FREE = ("industry", "region")
"""Names that neither the catalogue nor the mapping file translates."""


@pytest.fixture(scope="module")
def directory() -> Directory:
    units, people, problems = read_directory(yaml.safe_load((sample_folder() / "directory.yaml").read_text(encoding="utf-8")))
    assert problems == []
    return Directory().with_entries([*units, *people])


def surroundings(folder: Path, directory: Directory) -> Surroundings:
    units = {fold(name): unit.code for unit in directory.units.values() for name in (unit.name.zh, unit.name.en)}
    index = json.loads((folder / "attachments" / "index.json").read_text(encoding="utf-8")).values()
    files = {known["name"]: {key: known[key] for key in ("name", "media_type", "size", "sha256")} for known in index}
    return Surroundings(pack=the_pack(), units=units, files=files)


def without_free_names(body: dict[str, Any]) -> dict[str, Any]:
    opportunity = body.get("opportunity", {})
    customer = {key: value for key, value in opportunity.get("customer", {}).items() if key not in FREE}
    return {**body, "opportunity": {**opportunity, "customer": customer}}


@pytest.mark.parametrize("mapped", [True, False], ids=["by mapping", "by labels"])
@pytest.mark.parametrize("file", ["oa-south.csv", "oa-south.xlsx"])
def test_every_row_means_what_its_canonical_form_says(directory: Directory, file: str, mapped: bool):
    folder = sample_folder()
    known = mapping((folder / "requests" / "oa-south.mapping.yaml").read_text(encoding="utf-8")) if mapped else None
    canonical = {
        row["line"]: row["request"] for row in lines_of(folder / "requests" / "canonical.jsonl") if row["file"].endswith(".csv")
    }
    table = read((folder / "requests" / file).read_bytes())
    rows = Rows(table.header, surroundings(folder, directory), known, table.reading)
    context = JudgingContext(now=NOW, directory=directory, earlier={})
    checked, wrong = 0, []
    for record in table.records:
        message = rows.message(record)
        assert message is not None
        assert message.content is not None, message.problems
        told, meant = (
            judge(the_pack(), without_free_names(body), context) for body in (message.content["body"], canonical[message.number])
        )
        checked += 1
        if (meaning(told.request), told.verdict) != (meaning(meant.request), meant.verdict):
            wrong.append(message.number)
    assert wrong == []
    assert checked == 40
