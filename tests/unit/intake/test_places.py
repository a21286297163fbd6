"""Where a verdict's problems lie in the body as it was sent, as JSON pointers (RFC 6901)."""

from typing import Any

import pytest

from services.intake.places import place_of

BODY = {
    "details": {"topics": "one text", "lines": [{"item": 1}, {"a/b": 2}], "a.b": {"c": 1}, "~": 1, "where": None},
    "attachments": [{"name": "x"}],
    "body": 1,
}


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("needed_by", "/needed_by"),
        ("details.lines.1.price", "/details/lines/1/price"),
        ("details.lines.1.a/b", "/details/lines/1/a~1b"),
        ("details.~", "/details/~0"),
        ("details.a.b.c", "/details/a.b/c"),
        ("details.a.x", "/details/a/x"),
        ("details.topics.0", "/details/topics"),
        ("details.where.start", "/details/where/start"),
        ("opportunity.customer.name", "/opportunity/customer/name"),
        ("attachments.0.size", "/attachments/0/size"),
        ("attachments.7.size", "/attachments/7/size"),
        ("body", "/body"),
    ],
)
def test_a_field_is_found_where_it_was_sent_or_where_it_would_be(field: str, pointer: str):
    assert place_of(field, BODY) == pointer


@pytest.mark.parametrize("body", [{}, [], None, "text"])
def test_the_whole_body_is_the_empty_pointer(body: Any):
    assert place_of("body", body) == ""
