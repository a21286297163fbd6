"""Every realistic request that is accepted becomes a complete document, in its own language, without a missing glyph."""

from functools import cache
from typing import Any

import pytest

from services.documents.rendering.job import render
from shared.catalogue import EarlierRequest, JudgingContext, judge, read_directory
from shared.schemas.people import Directory
from tests.builders import NOW, the_pack
from tests.unit.catalogue.sample_data import bodies, lines_of, sample_folder
from tests.unit.documents.renderings import a_job_of, inside, missing_glyphs, shown_values, text_of

KINDS = sorted(the_pack().types)


class Surveyed(dict[tuple[str, str, str], EarlierRequest]):
    """Earlier requests of which every one is known: the survey that somebody refers to was completed."""

    def __init__(self, opportunity: str | None) -> None:
        super().__init__()
        self._found = EarlierRequest(type="tech.survey", opportunity_id=opportunity, status="completed")

    def get(self, _key: object, _default: object = None) -> Any:
        return self._found


@cache
def accepted() -> dict[str, list[dict[str, Any]]]:
    """The accepted submissions, by type."""
    folder = sample_folder()
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    outcomes = {(row["file"], row["line"]): row for row in lines_of(folder / "expected.jsonl")}
    units, people, _ = read_directory((folder / "directory.yaml").read_text(encoding="utf-8"))
    directory = Directory().with_entries([*units, *people])
    for key, body in bodies(folder).items():
        expected = outcomes.get(key, {})
        if expected.get("outcome") == "accepted" and expected.get("action", "submit") == "submit":
            opportunity = (body.get("opportunity") or {}).get("id")
            judgement = judge(the_pack(), body, JudgingContext(now=NOW, directory=directory, earlier=Surveyed(opportunity)))
            if judgement.request is not None and judgement.type is not None:
                found[judgement.type.key].append({"judgement": judgement, "key": key})
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_documents_of_all_accepted_requests_are_complete(kind: str):
    requests = accepted()[kind]
    assert requests, f"no accepted request of {kind} in the sample"
    for one in requests:
        judgement = one["judgement"]
        made = render(a_job_of(judgement.request, judgement.type))
        text = text_of(inside(made))
        wanted = shown_values(judgement.type, judgement.request)
        assert [value for value in wanted if value not in text] == [], one["key"]
        assert all(missing_glyphs(file) == 0 for file in {made.data, inside(made)}), one["key"]
