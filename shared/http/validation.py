"""Wrong parameters and bodies in words: pydantic's errors as {pointer, code, detail}, never quoting the value itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.schemas.model import Json, Text

WHOLE = Text(zh="请求内容", en="The body")
SENTENCES = {
    "missing": Text(zh="缺少，请补上。", en="is missing; add it."),
    "json_invalid": Text(zh="不是有效的 JSON，请更正后重发。", en="is not valid JSON; correct it and send it again."),
    "int_parsing": Text(zh="应为整数。", en="must be a whole number."),
    "int_type": Text(zh="应为整数。", en="must be a whole number."),
    "float_parsing": Text(zh="应为数字。", en="must be a number."),
    "bool_parsing": Text(zh="应为 true 或 false。", en="must be true or false."),
    "bool_type": Text(zh="应为 true 或 false。", en="must be true or false."),
    "string_type": Text(zh="应为文字。", en="must be a text."),
    "list_type": Text(zh="应为列表。", en="must be a list."),
    "dict_type": Text(zh="应为 JSON 对象。", en="must be a JSON object."),
    "model_attributes_type": Text(zh="应为 JSON 对象。", en="must be a JSON object."),
    "string_too_short": Text(zh="至少 {min_length} 个字。", en="must have at least {min_length} characters."),
    "string_too_long": Text(zh="至多 {max_length} 个字。", en="must have at most {max_length} characters."),
    "too_short": Text(zh="至少 {min_length} 项。", en="must have at least {min_length} entries."),
    "too_long": Text(zh="至多 {max_length} 项。", en="must have at most {max_length} entries."),
    "greater_than_equal": Text(zh="应不小于 {ge}。", en="must be at least {ge}."),
    "less_than_equal": Text(zh="应不大于 {le}。", en="must be at most {le}."),
    "greater_than": Text(zh="应大于 {gt}。", en="must be more than {gt}."),
    "less_than": Text(zh="应小于 {lt}。", en="must be less than {lt}."),
    "literal_error": Text(zh="应为 {expected} 之一。", en="must be one of {expected}."),
    "enum": Text(zh="应为 {expected} 之一。", en="must be one of {expected}."),
    "datetime_from_date_parsing": Text(zh="应为带时区的 ISO 8601 时间。", en="must be an ISO 8601 time with offset."),
    "datetime_parsing": Text(zh="应为带时区的 ISO 8601 时间。", en="must be an ISO 8601 time with offset."),
    "not_a_number_of_a_request": Text(zh="应为申请编号，如 BL-28492763。", en="must be a request's number such as BL-28492763."),
    "not_a_cursor": Text(zh="应为上一页的 next，原样给出。", en="must be the `next` of the page before, as it was given."),
    "unknown_parameter": Text(zh="不是这里的参数；可用：{known}。", en="is no parameter of this address; it takes: {known}."),
    "repeated_parameter": Text(zh="给了多次；请只给一次。", en="is given more than once; give it once."),
    "extra_forbidden": Text(zh="不在允许之列，请去掉。", en="is not allowed here; remove it."),
}
INVALID = Text(zh="请求参数有误，详见 errors。", en="The request's parameters are wrong; see errors.")
UNLISTED = Text(
    zh="的值不合要求（{code}），请按 /openapi.json 更正。", en="does not fit ({code}); correct it as /openapi.json says."
)


def faults(errors: Sequence[Any], locale: str) -> list[Json]:
    """Each of pydantic's errors as {pointer, code, detail}, `detail` in `locale`.

    `pointer` is a JSON pointer (RFC 6901) into the body; for parameters it starts with /query, /path or /header.
    """
    return [_fault(error, locale) for error in errors]


def pointer(parts: Sequence[str | int]) -> str:
    """The JSON pointer (RFC 6901) of a path; the empty one is the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def fault(place: Sequence[str | int], code: str, locale: str, **context: object) -> Json:
    """One fault at `place`, in the sentence of its `code`; `context` is what the sentence leaves open."""
    named = ".".join(str(part) for part in place) or WHOLE.by_locale(locale)
    gap = " " if locale == "en" or place else ""
    told = SENTENCES.get(code, UNLISTED).by_locale(locale).format(**{**context, "code": code})
    return {"pointer": pointer(place), "code": code, "detail": named + gap + told}


def _fault(error: Mapping[str, Any], locale: str) -> Json:
    place, code = tuple(error["loc"]), str(error["type"])
    if place[:1] == ("body",):
        place = () if code == "json_invalid" else place[1:]
    return fault(place, code, locale, **error.get("ctx", {}))
