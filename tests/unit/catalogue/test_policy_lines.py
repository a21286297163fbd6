"""Every line of the policy names the article it comes from, or says that it is an example; names agree with the units' files."""

import pytest
import yaml

from shared.catalogue import form_schema
from tests.builders import TYPES, the_pack
from tests.unit.catalogue.sample_data import sample_folder

CHAPTER = {"tools": "第二章", "tech": "第三章", "market": "第四章", "business": "第五章"}


@pytest.mark.parametrize("kind", TYPES)
def test_every_field_comes_from_the_chapter_of_its_type_or_is_an_example(kind: str):
    policy = the_pack().types[kind]
    for line in (*policy.fields, "preconditions"):
        article = policy.article_of(line)
        assert article is None or article.startswith(CHAPTER[kind.split(".", maxsplit=1)[0]])
    forms = form_schema(policy)["properties"]["details"]["properties"]
    assert all(form.get("x-example") or form["x-article"] == policy.article_of(key) for key, form in forms.items())


@pytest.mark.parametrize(
    ("kind", "line", "article"),
    [
        ("tech.survey", "mode", "第三章 2.1.3.2"),
        ("tech.survey", "topics", "第三章 2.1.3"),
        ("tech.survey", "preconditions", "第三章 2.1.2"),
        ("tech.bid", "jury", "第三章 2.5.3.3"),
        ("market.event", "budget", "第四章 2.1.3.5"),
        ("tools.company", "items", "第二章 2.1"),
        ("tools.company", "delivery", None),
        ("tech.training", "headcount", None),
        ("business.contract", "price_request", "第五章 2.1.1"),
    ],
)
def test_lines_are_found_in_the_policy(kind: str, line: str, article: str | None):
    assert the_pack().types[kind].article_of(line) == article


def test_what_the_policy_leaves_open_is_marked_as_an_example():
    silent = {line for line, article in the_pack().articles.items() if article is None}
    assert silent == {"departments", "skills", "seats", "weights", "service_levels"}
    assert the_pack().service_levels.example


def test_the_names_that_units_write_are_known():
    names = yaml.safe_load((sample_folder() / "requests" / "labels.yaml").read_text(encoding="utf-8"))
    pack, unknown = the_pack(), []
    for key, said in names["types"].items():
        unknown += [name for name in said["zh"] + said["en"] if (kind := pack.type_by_alias(name)) is None or kind.key != key]
    for key, fields in names["detail_fields"].items():
        for path, said in fields.items():
            spec = pack.types[key].fields.get(path.removeprefix("details."))
            unknown += [name for name in said["zh"] if spec and name not in {spec.zh, *spec.aliases}]
    assert unknown == []
