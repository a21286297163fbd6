"""The update that names only what differs makes of what is stored exactly what shall be, on the real mongod."""

import random
from typing import Any

import pytest

from shared.storage import Database, UpdateOne
from shared.storage.ledger_form import parts

PAIRS = 600
KEYS = ("a", "b", "x-1", "0", "a.b", "$a", "", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "中")
LEAVES = (None, True, False, 0, 1, 1.0, -2.5, "", "x", "1")


def a_value(chance: random.Random, depth: int = 3) -> Any:
    kind = chance.random()
    if depth == 0 or kind < 0.3:
        return chance.choice(LEAVES)
    if kind < 0.75:
        return {chance.choice(KEYS): a_value(chance, depth - 1) for _ in range(chance.randrange(4))}
    return [a_value(chance, depth - 1) for _ in range(chance.randrange(4))]


def changed(chance: random.Random, value: Any) -> Any:
    """`value` with something in it changed, added or taken away; its other parts are the same objects."""
    match value:
        case dict() if value and chance.random() < 0.8:
            key = chance.choice(list(value))
            return {**value, key: changed(chance, value[key]), **{chance.choice(KEYS): 1 for _ in range(chance.randrange(3))}}
        case list() if value and chance.random() < 0.8:
            place = chance.randrange(len(value))
            return [*value[:place], changed(chance, value[place]), *value[place + 1 :], *([{}] if chance.random() < 0.4 else [])]
        case _:
            return a_value(chance)


def typed(value: Any) -> Any:
    """A form in which 1, 1.0 and true are three, and the order of a dict counts."""
    match value:
        case dict():
            return [(key, typed(inner)) for key, inner in value.items()]
        case list():
            return [typed(inner) for inner in value]
        case _:
            return type(value).__name__, value


@pytest.mark.stack
async def test_what_is_stored_becomes_what_shall_be(mongo_database: Database) -> None:
    chance = random.Random(20270301)
    before = [{"title": a_value(chance), "entries": a_value(chance)} for _ in range(PAIRS)]
    after = [{name: changed(chance, value) for name, value in state.items()} for state in before]
    collection = mongo_database["states"]
    await collection.insert_many([{"_id": place, "state": state} for place, state in enumerate(before)])
    updates = [parts("state", *pair) for pair in zip(before, after, strict=True)]
    await collection.bulk_write([UpdateOne({"_id": n}, {"$set": update}) for n, update in enumerate(updates) if update])
    found = {one["_id"]: one["state"] async for one in collection.find()}
    assert [typed(found[place]) for place in range(PAIRS)] == [typed(state) for state in after]
    assert sum("state" not in update for update in updates) > PAIRS / 4, "most updates name less than the whole"


@pytest.mark.parametrize(
    ("stored", "value", "named"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"s.b": 3}),
        ({"a": 1}, {"a": True}, {"s.a": True}),
        ({"a": {"k": [1]}}, {"a": {"k": [1.0]}}, {"s.a.k": [1.0]}),
        ({"a": [{"n": 1}, {"n": 2}]}, {"a": [{"n": 1}, {"n": 3}, {"n": 4}]}, {"s.a.1": {"n": 3}, "s.a.2": {"n": 4}}),
        ({"a": [1, 2]}, {"a": [1]}, {"s.a": [1]}),
        ({"a": {"x.y": 1}}, {"a": {"x.y": 2}}, {"s.a": {"x.y": 2}}),
        ({"a": 1, "b": 2}, {"a": 1}, {"s": {"a": 1}}),
        ({"a": 1}, {"a": 1, "z": 2}, {"s.z": 2}),
        ({"a": 1}, {"a": 1, "z": 2, "y": 3}, {"s": {"a": 1, "z": 2, "y": 3}}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"s": {"b": 2, "a": 1}}),
        (None, {"a": 1}, {"s": {"a": 1}}),
    ],
)
def test_only_what_differs_is_named(stored: Any, value: Any, named: dict[str, Any]) -> None:
    assert parts("s", stored, value) == named
