"""docs/problems.md lists every code a service can answer, in both languages; the sources and the page cannot drift apart."""

import re
from pathlib import Path

import pytest

from infra.contract import problems
from infra.contract.sentences import Place, module


def test_the_page_is_what_the_sources_say():
    assert problems.stale() == []


def test_every_code_of_the_page_reads_in_both_languages():
    found = problems.listings()
    assert len({one.code for one in found}) > 100
    for one in found:
        assert one.said is not None
        zh, en = one.said
        assert re.search(r"[\u4e00-\u9fff]", zh), one
        assert re.search(r"[A-Za-z]{2}", en), one
        assert not re.search(r"[\u4e00-\u9fff]", en.replace("“", "")), one


@pytest.mark.parametrize(
    "code", ["idempotency_key_reused", "unauthorised", "too_large", "not_json", "http_405", "busy", "missing"]
)
def test_a_code_that_is_not_on_the_page_is_missed(code: str, tmp_path: Path):
    """The control: a page without one of its codes is not accepted."""
    lines = problems.PAGE.read_text(encoding="utf-8").splitlines(keepends=True)
    page = tmp_path / "problems.md"
    page.write_text("".join(line for line in lines if f"`{code}`" not in line), encoding="utf-8")
    assert len(page.read_text(encoding="utf-8").splitlines()) < len(lines)
    (told,) = problems.stale(page)
    assert "backline schemas export" in told


def test_a_sentence_that_only_running_would_tell_is_named_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = tmp_path / "shared" / "silent.py"
    source.parent.mkdir()
    source.write_text('refusal = Refusal(code="silent", message=somewhere())\n', encoding="utf-8")
    for holder in ("infra.contract.problems", "infra.contract.sentences"):
        monkeypatch.setattr(f"{holder}.ROOT", tmp_path)
    (told, _) = problems.stale(tmp_path / "none.md")
    assert told.startswith("shared/silent.py:1: the sentence of silent")
    assert Place(module(source)).value_of("nothing", 1) is None
