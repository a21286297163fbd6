"""The form's values as blocks: short ones side by side, lists, lines and records each in its own shape, sums included. Pure."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from services.documents.rendering.blocks import facts, label, listing, merged, table, text
from services.documents.rendering.wording import WINDOW, flat, money, plain, word
from shared.catalogue import Field, RequestType
from shared.schemas.model import Json


def outward(known: Mapping[str, Field | None], values: Mapping[str, Any]) -> Json:
    """Of `values` what is `known` at every depth: whatever a form does not name, within a field as beside it, is left out."""
    return {key: _outward(spec, values[key]) for key, spec in known.items() if key in values}


def _outward(spec: Field | None, value: Any) -> Any:
    match value:
        case dict() if spec is not None and spec.type == "window":
            return outward(dict.fromkeys(WINDOW), value)
        case dict():
            return outward(spec.fields if spec is not None else {}, value)
        case list():
            return [told for item in value if (told := _outward(spec, item)) != {}]
        case _:
            return value


def form_blocks(kind: RequestType, details: Mapping[str, Any], keys: Iterable[str], locale: str) -> list[Json]:
    """The given ones of the fields `keys`: short values in one table of facts, then each long one under its name."""
    blocks: list[Json] = []
    rows: list[list[str]] = []
    for key in keys:
        if key not in details or key not in kind.fields:
            continue
        spec, value = kind.fields[key], details[key]
        if value is None:  # only an erased personal value is given as nothing
            rows.append([spec.name(locale), word("erased", locale)])
        elif spec.type in {"texts", "lines", "record"} and not isinstance(value, str):
            blocks += [label(spec.name(locale)), *_long(spec, value, locale)]
        else:
            rows.append([spec.name(locale), plain(spec, value, locale)])
    return facts(rows) + blocks


def free_blocks(values: Mapping[str, Any], locale: str) -> list[Json]:
    """Values that no form describes (等): as they were given, under the names they were given."""
    rows: list[list[str]] = []
    blocks: list[Json] = []
    for key, value in values.items():
        match value:
            case [dict(), *others] if all(isinstance(other, dict) for other in others):
                columns = list(dict.fromkeys(name for line in value for name in line))
                lines = [[flat(line.get(name), locale) for name in columns] for line in value]
                blocks += [label(key), table(columns, lines)] if columns else []
            case list() if len(value) > 1:
                blocks += [label(key), *listing([flat(inner, locale) for inner in value])]
            case _:
                rows.append([key, flat(value, locale)])
    return facts(rows) + blocks


def _long(spec: Field, value: Any, locale: str) -> list[Json]:
    if spec.type == "texts" and isinstance(value, list):
        return listing([str(item) for item in value])
    if spec.type == "record" and isinstance(value, dict):
        return facts(_record(spec, value, locale))
    if spec.type == "lines" and isinstance(value, list):
        return [_lines(spec, [line for line in value if isinstance(line, dict)], locale)]
    return [text(flat(value, locale))]


def _record(spec: Field, value: Mapping[str, Any], locale: str) -> list[list[str]]:
    rows = [[inner.name(locale), plain(inner, value[key], locale)] for key, inner in spec.fields.items() if key in value]
    rows += [[key, flat(inner, locale)] for key, inner in value.items() if key not in spec.fields]
    if spec.total:
        amounts = [inner for inner in value.values() if isinstance(inner, int | float)]
        rows.append([word("total", locale), money(sum(amounts))])
    return rows


def _lines(spec: Field, lines: list[dict[str, Any]], locale: str) -> Json:
    extra = sorted({key for line in lines for key in line} - spec.fields.keys())
    columns = [inner.name(locale) for inner in spec.fields.values()] + extra
    rows = [
        [plain(inner, line[key], locale) if key in line else "" for key, inner in spec.fields.items()]
        + [flat(line.get(key, ""), locale) for key in extra]
        for line in lines
    ]
    if not isinstance(spec.total, tuple):
        return table(columns, rows)
    amounts = [_product(line, spec.total) for line in lines]
    rows = [[*row, money(amount)] for row, amount in zip(rows, amounts, strict=True)]
    total = [word("total", locale), *[""] * (len(columns) - 1), money(sum(amounts))]
    columns.append(word("amount", locale))
    if "list_price" in spec.fields:
        at_list = [_product(line, ["list_price" if name == "asked_price" else name for name in spec.total]) for line in lines]
        columns.append(word("discount", locale))
        rows = [[*row, _discount(line.get("list_price"), line.get("asked_price"))] for row, line in zip(rows, lines, strict=True)]
        total.append(_discount(sum(at_list), sum(amounts)))
    return table(columns, rows, total)


def _product(line: Mapping[str, Any], names: Iterable[str]) -> float:
    factors = [line.get(name) for name in names]
    return math.prod(float(factor) if isinstance(factor, int | float) else 0.0 for factor in factors)


def _discount(listed: object, asked: object) -> str:
    if isinstance(listed, int | float) and isinstance(asked, int | float) and listed:
        return f"{(1 - asked / listed) * 100:.1f}%"
    return ""


def checklist_blocks(kind: RequestType, result: Mapping[str, Any], locale: str) -> list[Json]:
    """The output's sections as far as they were filled in, the open ones marked as open; then whatever else was recorded."""
    rows = [[part.name(locale), _answer(result.get(part.key), locale)] for part in kind.output.sections]
    known = {part.key for part in kind.output.sections}
    return merged(facts(rows) + free_blocks({key: value for key, value in result.items() if key not in known}, locale))


def answered_blocks(kind: RequestType, result: Mapping[str, Any], locale: str) -> list[Json]:
    """The output's sections that were filled in with plain words, and nothing else."""
    told = outward(dict.fromkeys(part.key for part in kind.output.sections), result)
    return facts([[part.name(locale), _answer(told[part.key], locale)] for part in kind.output.sections if told.get(part.key)])


def _answer(value: object, locale: str) -> str:
    """What was recorded for one section; a list line by line."""
    if isinstance(value, list) and len(value) > 1:
        return "\n".join(flat(inner, locale) for inner in value)
    return flat(value, locale) or word("open", locale)
