"""Finds whatever in a message no store or JSON writer can hold, and names its place. Linear, never recurses, never raises."""

import math
import re
from collections.abc import Callable, Iterator

from shared.schemas.model import LEAST, MOST, Text
from shared.schemas.requests import Problem

MAX_DEPTH = 64
MAX_NAME = 200
MAX_NAMED = 20
BROKEN = re.compile("[\0\ud800-\udfff]")
SENTENCES = {
    "unstorable": Text(
        zh="含有无法保存的字符（空字符或不成对的代理码）；请删除。", en="holds a NUL or half a surrogate pair; remove it."
    ),
    "bad_key": Text(
        zh="字段名不能为空或超过 200 字，不能含“.”或空字符，也不能以“$”开头；请改名。",
        en="has a name that is blank, longer than 200 characters, holds a dot or a NUL, or starts with $; rename it.",
    ),
    "number_too_large": Text(zh="数字过大（超过 64 位整数）；请更正。", en="is a number of more than 64 bits; correct it."),
    "not_a_number": Text(zh="不是有限的数字；请更正。", en="is no finite number; correct it."),
    "too_deep": Text(zh=f"嵌套超过 {MAX_DEPTH} 层；请简化。", en=f"is nested deeper than {MAX_DEPTH} levels; flatten it."),
    "not_json": Text(
        zh="不是 JSON 值；请用文字、数字、列表或字段。", en="is no JSON value; use texts, numbers, lists or records."
    ),
}


def storable(text: str) -> bool:
    """Whether every store and every document can hold `text`."""
    return BROKEN.search(text) is None


def unstorable(body: object, shown: Callable[[str], str] = str) -> tuple[Problem, ...]:
    """The places in `body` that cannot be stored, the first 20 in no promised order, each as far as `shown` lets it be seen.

    No value is quoted, names are made safe.
    """
    if _sound(body):
        return ()
    found: dict[tuple[str, str], Problem] = {}
    for path, code in _walk(body):
        sentence, place = SENTENCES[code], shown(path)
        message = Text(zh=f"“{place}”{sentence.zh}", en=f"“{place}” {sentence.en}")
        found[place, code] = Problem(field=place, code=code, message=message)
        if len(found) == MAX_NAMED:
            break
    return tuple(found.values())


def _sound(body: object) -> bool:
    """Whether there is nothing to name. Every message is asked this, so no path is written for it."""
    level = [body]
    for depth in range(1, MAX_DEPTH + 2):
        deeper: list[object] = []
        for value in level:
            if depth > MAX_DEPTH and isinstance(value, dict | list):
                return False
            if isinstance(value, dict):
                if not all(map(_is_name, value)):
                    return False
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif _fault(value) is not None:
                return False
        if not deeper:
            break
        level = deeper
    return True


def _walk(body: object) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[str, object, int]] = [("", body, 1)]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, dict | list) and depth > MAX_DEPTH:
            yield path, "too_deep"
        elif isinstance(value, dict):
            for key, inner in value.items():
                here = f"{path}.{key}" if path and isinstance(key, str) else str(key)
                if not _is_name(key):
                    here = _shown(here)
                    yield here, "bad_key"
                waiting.append((here, inner, depth + 1))
        elif isinstance(value, list):
            waiting.extend((f"{path}.{place}", inner, depth + 1) for place, inner in enumerate(value))
        elif (code := _fault(value)) is not None:
            yield path, code


def _is_name(key: object) -> bool:
    return (
        isinstance(key, str) and bool(key.strip()) and "." not in key and key[0] != "$" and len(key) <= MAX_NAME and storable(key)
    )


def _fault(value: object) -> str | None:
    match value:
        case str():
            return None if storable(value) else "unstorable"
        case int():
            return None if LEAST <= value <= MOST else "number_too_large"
        case float():
            return None if math.isfinite(value) else "not_a_number"
        case None:
            return None
        case _:
            return "not_json"


def _shown(path: str) -> str:
    """A path that can itself be stored and shown."""
    return BROKEN.sub("�", path)[:MAX_NAME]
