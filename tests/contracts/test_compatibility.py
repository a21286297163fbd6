"""What may change in a released schema, each kind of breaking change shown on models; and what may change freely."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from infra.contract.compatibility import violations


class Inner(BaseModel):
    a: str
    b: int = 0


class InnerWithoutB(BaseModel):
    a: str


class InnerWithMore(BaseModel):
    a: str
    b: int = 0
    c: str | None = None


class Tree(BaseModel):
    value: int
    branches: "list[Tree]" = []


class OtherTree(BaseModel):
    value: str
    branches: "list[OtherTree]" = []


def change(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The violations from one model to another; fields are name → type (required) or (type, default)."""
    models = [
        create_model("Payload", **{name: field if isinstance(field, tuple) else (field, ...) for name, field in fields.items()})
        for fields in (before, after)
    ]
    old, new = (model.model_json_schema() for model in models)
    return violations(old, new)


BREAKING: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a field removed": ({"a": str, "b": str}, {"a": str}, "/b was removed"),
    "an optional field removed": ({"a": (str, "")}, {}, "/a was removed"),
    "a field renamed": ({"a": str}, {"b": str}, "/a was removed"),
    "a type changed": ({"a": int}, {"a": str}, "/a was integer and is string now"),
    "a number narrowed to whole ones": ({"a": float}, {"a": int}, "/a was number and is integer now"),
    "a type narrowed from anything": ({"a": Any}, {"a": str}, "/a was anything and is string now"),
    "a type widened to anything": ({"a": str}, {"a": Any}, "/a was string and is anything now"),
    "null no longer allowed": ({"a": str | None}, {"a": str}, "/a could be null and no longer can"),
    "null newly allowed": ({"a": str}, {"a": str | None}, "/a may be null now, which its readers do not expect"),
    "an alternative removed": ({"a": str | int | None}, {"a": str | None}, "/a could be integer and no longer can"),
    "an alternative added": ({"a": str | None}, {"a": str | int | None}, "/a may be integer now"),
    "a new required field": ({"a": str}, {"a": str, "b": str}, "/b is required now"),
    "an optional field made required": ({"a": (str, "")}, {"a": str}, "/a is required now"),
    "a required field made optional": ({"a": str}, {"a": (str, "")}, "/a may be absent now"),
    "an enum value removed": ({"a": Literal["x", "y"]}, {"a": Literal["x"]}, "'y'"),
    "an enum value renamed": ({"a": Literal["x", "y"]}, {"a": Literal["x", "z"]}, "/a no longer allows 'y'"),
    "an enum value removed beside null": (
        {"a": Literal["x", "y"] | None},
        {"a": Literal["x", "z"] | None},
        "/a no longer allows 'y'",
    ),
    "an open text closed to an enum": ({"a": str}, {"a": Literal["x", "y"]}, "/a was open and allows only ['x', 'y'] now"),
    "a default changed": ({"a": (str, "zh")}, {"a": (str, "en")}, "/a meant 'zh' when absent and means 'en' now"),
    "a format changed": (
        {"a": Annotated[str, Field(json_schema_extra={"format": "date"})]},
        {"a": str},
        "/a had format 'date' and has none now",
    ),
    "a pattern added": ({"a": str}, {"a": Annotated[str, Field(pattern="^x")]}, "/a had pattern none and has '^x' now"),
    "a minimum added": ({"a": int}, {"a": Annotated[int, Field(ge=1)]}, "/a has minimum 1 now, where none was enough"),
    "a minimum raised": (
        {"a": Annotated[int, Field(ge=1)]},
        {"a": Annotated[int, Field(ge=2)]},
        "/a has minimum 2 now, where 1 was enough",
    ),
    "a maximum lowered": (
        {"a": Annotated[str, Field(max_length=9)]},
        {"a": Annotated[str, Field(max_length=5)]},
        "/a has maxLength 5 now, where 9 was allowed",
    ),
    "a list of other things": ({"a": list[int]}, {"a": list[str]}, "/a/[] was integer and is string now"),
    "a field removed inside a list": ({"a": list[Inner]}, {"a": list[InnerWithoutB]}, "/a/[]/b was removed"),
    "a field removed inside an object": ({"a": Inner}, {"a": InnerWithoutB}, "/a/b was removed"),
    "a field removed inside an optional object": ({"a": Inner | None}, {"a": InnerWithoutB | None}, "/a/b was removed"),
    "a field removed inside a mapping": ({"a": dict[str, Inner]}, {"a": dict[str, InnerWithoutB]}, "/a/*/b was removed"),
    "other values in a mapping": ({"a": dict[str, int]}, {"a": dict[str, str]}, "/a/* was integer and is string now"),
    "an open mapping given a shape": (
        {"a": dict[str, Any]},
        {"a": dict[str, str]},
        "/a/* was open to any key and is of one shape now",
    ),
    "a list made an object": ({"a": list[Inner]}, {"a": Inner}, "/a was array and is object now"),
    "a place added to a tuple": ({"a": tuple[int, int]}, {"a": tuple[int, int, int]}, "/a had 2 places and has 3 now"),
    "a change inside a recursive shape": ({"a": Tree}, {"a": OtherTree}, "/a/value was integer and is string now"),
}
ADDITIVE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({"a": str}, {"a": str}),
    "a new optional field": ({"a": str}, {"a": str, "b": (str | None, None)}),
    "a new optional object": ({"a": str}, {"a": str, "b": (Inner | None, None)}),
    "a new optional field inside a list": ({"a": list[Inner]}, {"a": list[InnerWithMore]}),
    "a new enum value": ({"a": Literal["x", "y"]}, {"a": Literal["x", "y", "z"]}),
    "a first second enum value": ({"a": Literal["x"]}, {"a": Literal["x", "y"]}),
    "a minimum lowered": ({"a": Annotated[int, Field(ge=2)]}, {"a": Annotated[int, Field(ge=1)]}),
    "a maximum removed": ({"a": Annotated[str, Field(max_length=9)]}, {"a": str}),
    "another description": ({"a": Annotated[str, Field(description="this")]}, {"a": Annotated[str, Field(description="that")]}),
    "another order": ({"a": str, "b": int}, {"b": int, "a": str}),
    "a recursive shape as it was": ({"a": Tree}, {"a": Tree}),
}


@pytest.mark.parametrize("kind", BREAKING)
def test_breaking(kind: str):
    before, after, sentence = BREAKING[kind]
    found = change(before, after)
    assert any(sentence in problem for problem in found), found


@pytest.mark.parametrize("kind", ADDITIVE)
def test_additive(kind: str):
    assert change(*ADDITIVE[kind]) == []


def test_every_sentence_names_the_remedy():
    assert all(
        problem.endswith("; add an optional field or a new event type instead.")
        for problem in change({"a": str, "b": int}, {"b": str})
    )


def test_one_change_is_said_once_where_a_shape_is_used_often():
    found = change({"a": Inner, "b": list[Inner]}, {"a": InnerWithoutB, "b": list[InnerWithoutB]})
    assert found == ["/a/b was removed; add an optional field or a new event type instead."]


def test_closing_an_object_to_other_keys_is_breaking():
    assert violations({"type": "object"}, {"type": "object", "additionalProperties": False}) == [
        "/* was open to any key and is closed to other keys now; add an optional field or a new event type instead."
    ]
