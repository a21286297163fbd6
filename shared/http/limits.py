"""JSON as every channel takes it: UTF-8, of bounded size and depth, no key said twice, nothing that is no number or no text.

Invariant: `parse_json` costs time linear in its input, and whatever it returns can be written as JSON again.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Scope

from shared.schemas.model import LEAST, MOST, Text

SUBMISSION_BYTES = 256 * 1024
LONGEST_INTEGER = len(str(LEAST))
MAX_DEPTH = 64
# An unterminated string must match to its end: were it skipped, each later quote would start the search anew.
STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


class BadJson(Exception):  # noqa: N818  # it names what was received, and is answered rather than raised at anyone
    """The bytes are no JSON that can be taken. `text` says why, for users; `code` is stable."""

    def __init__(self, text: Text, code: str = "not_json") -> None:
        super().__init__(text.en)
        self.text = text
        self.code = code


def parse_json(raw: bytes, *, limit: int = SUBMISSION_BYTES) -> Any:
    """The value in `raw`, at most `limit` bytes (a leading byte order mark is allowed).

    Raises BadJson: too_large, not_utf8, too_deep, duplicate_key, not_a_number, not_a_text or not_json.
    """
    if len(raw) > limit:
        raise BadJson(
            Text(zh=f"JSON 超过 {limit} 字节的上限。", en=f"The JSON is larger than the limit of {limit} bytes."), "too_large"
        )
    if _brackets(raw) > MAX_DEPTH and depth(raw) > MAX_DEPTH:
        raise BadJson(
            Text(zh=f"JSON 嵌套超过 {MAX_DEPTH} 层。", en=f"The JSON is nested deeper than {MAX_DEPTH} levels."), "too_deep"
        )
    try:
        value = json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_unique, parse_float=_finite, parse_int=_whole, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise BadJson(Text(zh="内容不是 UTF-8 编码。", en="The body is not UTF-8."), "not_utf8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "1:1"
        raise BadJson(
            Text(zh=f"内容不是有效的 JSON（行:列 {place}）。", en=f"The body is not valid JSON (line:column {place}).")
        ) from error
    if HALF_A_CHARACTER.search(raw):
        _ensure_text(value)
    return value


def depth(raw: bytes) -> int:
    """The deepest nesting of brackets outside strings, in linear time."""
    deepest = now = 0
    for found in STRUCTURE.finditer(raw):
        match raw[found.start()]:
            case 0x5B | 0x7B:
                now += 1
                deepest = max(deepest, now)
            case 0x5D | 0x7D:
                now -= 1
            case _:
                continue
    return deepest


def _brackets(raw: bytes) -> int:
    """How many brackets open anywhere: nothing nests deeper than this, and counting is far cheaper than scanning."""
    return raw.count(b"[") + raw.count(b"{")


class StrictRoute(APIRoute):
    """A route whose pydantic bodies are read by `parse_json`: APIRouter(route_class=StrictRoute).

    A body is JSON whatever its Content-Type says, or when it says none: here as where a route parses its body itself.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, given a request that parses strictly."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(
                _StrictRequest(_said_to_be_json(request.scope) if self.body_field else request.scope, request.receive)
            )

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:
        return parse_json(await self.body())


def _said_to_be_json(scope: Scope) -> Scope:
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*others, (b"content-type", b"application/json")]}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        named = ", ".join(sorted(key[:40] for key, count in counts.items() if count > 1)[:5])
        raise BadJson(
            Text(zh=f"同一对象中重复的键：{named}；请只保留一个。", en=f"Keys said twice in one object: {named}; keep one."),
            "duplicate_key",
        )
    return result


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _too_large(digits)
    return value


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER or not LEAST <= (value := int(digits)) <= MOST:
        raise _too_large(digits)
    return value


def _too_large(digits: str) -> BadJson:
    shown = digits if len(digits) <= 2 * LONGEST_INTEGER else f"{digits[:LONGEST_INTEGER]}…"
    return BadJson(
        Text(
            zh=f"数字 {shown} 过大，无法保存；请更正，编号请写成文字。",
            en=f"The number {shown} is too large to be kept; correct it, and write a code as text.",
        ),
        "not_a_number",
    )


def _no_constant(name: str) -> Any:
    raise BadJson(
        Text(zh=f"JSON 中不能有 {name}；请用数字或 null。", en=f"JSON has no {name}; write a number or null."), "not_a_number"
    )


def _ensure_text(value: Any) -> None:
    """Raise BadJson for a text with half a surrogate pair: no encoding can carry it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        text = Text(
            zh="有一段文字含有不成对的代理码（\\ud800 之类）；请更正。",
            en="A text holds half a surrogate pair (such as \\ud800); correct it.",
        )
        raise BadJson(text, "not_a_text") from error
