"""A state written down by its changed parts reads as one written down whole."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import Field, field_serializer

from shared.ledger.writing import written
from shared.schemas.model import Frozen


class Line(Frozen):
    at: datetime
    data: dict[str, Any] = Field(default_factory=dict)


class Shelf(Frozen):
    title: str = ""
    lines: tuple[Line, ...] = ()
    named: dict[str, Line] = Field(default_factory=dict)
    kept: dict[str, Any] = Field(default_factory=dict)
    shown: tuple[Line, ...] = ()

    @field_serializer("shown")
    def _short(self, shown: tuple[Line, ...]) -> str:
        return str(len(shown))


NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
A, B, C = (Line(at=NOON, data={"n": n}) for n in range(3))
BEFORE = Shelf(title="t", lines=(A, B), named={"a": A, "b": B}, kept={"k": [1]}, shown=(A,))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"title": "other"},
        {"lines": (A, B, C)},
        {"lines": (B,)},
        {"lines": (C, B)},
        {"lines": ()},
        {"named": {"a": A, "b": C, "c": B}},
        {"named": {"b": B}},
        {"kept": {"k": [1, 2], "l": None}},
        {"shown": (A, B)},
        {"title": "other", "lines": (A, C), "named": {}, "kept": {}, "shown": ()},
    ],
)
def test_a_state_is_written_down_as_if_whole(change: dict[str, Any]) -> None:
    after = BEFORE.model_copy(update=change)
    assert written(after, BEFORE, BEFORE.model_dump(mode="json")) == after.model_dump(mode="json")


def test_what_did_not_change_is_not_written_down_again() -> None:
    stored = BEFORE.model_dump(mode="json")
    after = written(BEFORE.model_copy(update={"named": {**BEFORE.named, "c": C}}), BEFORE, stored)
    assert after["lines"] is stored["lines"]
    assert after["named"]["a"] is stored["named"]["a"]


def test_a_first_state_is_written_down_whole() -> None:
    assert written(BEFORE, None, None) == BEFORE.model_dump(mode="json")
