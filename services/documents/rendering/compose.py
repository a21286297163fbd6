"""A request as a document of plain blocks: headings, facts, paragraphs, lists and tables. Pure; nothing given is left out.

Block kinds: facts [[label, value]], text, list [text], table {columns, rows, total}, checks [text], signatures [text].
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from services.documents.rendering.wording import PRIORITIES, flat, moment, money, plain, word
from shared.catalogue import Field, Pack, RequestType
from shared.schemas.model import Json
from shared.schemas.requests import Request

LAYOUTS: Mapping[str, Any] = yaml.safe_load(files("services.documents").joinpath("layouts.yaml").read_text(encoding="utf-8"))
PLAIN_LAYOUT: Mapping[str, Any] = {"cover": False, "sections": []}


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything a document is made from, personal values included: it exists only while the document is rendered."""

    identity: str
    request: Request
    kind: RequestType
    pack: Pack
    names: Mapping[str, str]
    unit: str
    coordinator: str | None
    supporters: tuple[str, ...]
    result: Json | None
    note: str
    survey: Json | None
    version: int
    at: str
    draft: tuple[Json, ...] = ()


def compose(material: Material) -> Json:
    """The document: {title, subtitle, cover, locale, number, footer, sections: [{heading, blocks}]}."""
    locale = material.request.locale
    layout = LAYOUTS.get(material.kind.key, PLAIN_LAYOUT)
    sections = [_section(word("request", locale), _facts(material))]
    shown: set[str] = set()
    for section in layout["sections"]:
        shown |= set(section["fields"])
        sections.append({"heading": section[locale], "blocks": _fields(material, section["fields"])})
    sections += _survey(material)
    rest = [key for key in material.kind.fields if key not in shown]
    further = _fields(material, rest) + _unknown(material)
    if further:
        sections.append({"heading": word("other", locale), "blocks": further})
    sections += _result(material) + _closing(material, layout)
    return {
        "title": material.kind.output.name(locale),
        "subtitle": _subtitle(material),
        "cover": bool(layout["cover"]),
        "locale": locale,
        "number": number_of(material.identity),
        "version": material.version,
        "date": moment(material.at, locale)[:10] if locale == "en" else moment(material.at, locale).split(" ")[0],
        "policy": f"{material.pack.label.by_locale(locale)} {material.pack.version}",
        "sections": [_clean(section) for section in sections if section["blocks"]],
    }


def number_of(identity: str) -> str:
    """The short number people use for a request."""
    return identity.split("-", maxsplit=1)[0].upper()


def _subtitle(material: Material) -> str:
    opportunity = material.request.opportunity
    return f"{opportunity.customer.name} · {opportunity.name}" if opportunity else material.kind.name(material.request.locale)


def _section(heading: str, *blocks: Json) -> Json:
    return {"heading": heading, "blocks": list(blocks)}


def _facts(material: Material) -> Json:
    request, locale = material.request, material.request.locale
    opportunity = request.opportunity
    facts: list[tuple[str, object]] = [
        ("number", f"{number_of(material.identity)}（{request.source.system} {request.source.reference}）"),
        ("type", material.kind.name(locale)),
        ("unit", material.unit),
        (
            "requester",
            f"{material.names.get(request.requester.id, request.requester.id)}，{material.pack.role_name(request.requester.role, locale)}",
        ),
    ]
    if opportunity is not None:
        facts += [("opportunity", f"{opportunity.name}（{opportunity.id}）"), ("customer", opportunity.customer.name)]
        facts += [("stage", opportunity.stage), ("tender_no", opportunity.tender_no)]
    facts += [
        ("needed_by", moment(request.needed_by.isoformat(), locale) if request.needed_by else None),
        ("priority", PRIORITIES[request.priority][locale == "en"]),
    ]
    facts += [("coordinator", material.coordinator), ("supporters", "、".join(material.supporters))]
    return {"kind": "facts", "rows": [[word(key, locale), str(value)] for key, value in facts if value]}


def _fields(material: Material, keys: Iterable[str]) -> list[Json]:
    """Short values side by side in one table of facts, long ones each as its own block."""
    blocks: list[Json] = []
    facts: list[list[str]] = []
    locale = material.request.locale
    for key in keys:
        spec, value = material.kind.fields.get(key), material.request.details.get(key)
        if spec is None or key not in material.request.details:
            continue
        if value is None:  # only an erased personal value is given as nothing
            facts.append([spec.name(locale), word("erased", locale)])
        elif spec.type in {"texts", "lines", "record"} and not isinstance(value, str):
            blocks += _large(material, spec, value)
        else:
            facts.append([spec.name(locale), plain(spec, value, locale)])
    return ([{"kind": "facts", "rows": facts}] if facts else []) + blocks


def _large(material: Material, spec: Field, value: Any) -> list[Json]:
    locale = material.request.locale
    heading = {"kind": "label", "text": spec.name(locale)}
    if spec.type == "texts" and isinstance(value, list):
        return [heading, {"kind": "list", "items": [str(item) for item in value]}]
    if spec.type == "record" and isinstance(value, dict):
        return [heading, _record(spec, value, locale)]
    if spec.type == "lines" and isinstance(value, list):
        return [heading, _lines(spec, value, locale)]
    return [heading, {"kind": "text", "text": str(value)}]


def _record(spec: Field, value: Mapping[str, Any], locale: str) -> Json:
    rows = [[inner.name(locale), plain(inner, value[key], locale)] for key, inner in spec.fields.items() if key in value]
    rows += [[key, flat(inner, locale)] for key, inner in value.items() if key not in spec.fields]
    if spec.total:
        amounts = [inner for inner in value.values() if isinstance(inner, int | float)]
        rows.append([word("total", locale), money(sum(amounts))])
    return {"kind": "facts", "rows": rows}


def _lines(spec: Field, value: list[Any], locale: str) -> Json:
    lines = [line for line in value if isinstance(line, dict)]
    extra = sorted({key for line in lines for key in line} - spec.fields.keys())
    columns = [inner.name(locale) for inner in spec.fields.values()] + extra
    rows = [
        [plain(inner, line[key], locale) if key in line else "" for key, inner in spec.fields.items()]
        + [flat(line.get(key, ""), locale) for key in extra]
        for line in lines
    ]
    total: list[str] = []
    if isinstance(spec.total, tuple):
        columns.append(word("amount", locale))
        amounts = [_product(line, spec.total) for line in lines]
        rows = [[*row, money(amount)] for row, amount in zip(rows, amounts, strict=True)]
        total = [word("total", locale), *[""] * (len(columns) - 2), money(sum(amounts))]
        if "list_price" in spec.fields:
            columns.append(word("discount", locale))
            rows = [[*row, _discount(line)] for row, line in zip(rows, lines, strict=True)]
            total.append("")
    return {"kind": "table", "columns": columns, "rows": rows, "total": total}


def _product(line: Mapping[str, Any], names: tuple[str, str]) -> float:
    one, other = (line.get(name) for name in names)
    return float(one) * float(other) if isinstance(one, int | float) and isinstance(other, int | float) else 0.0


def _discount(line: Mapping[str, Any]) -> str:
    listed, asked = line.get("list_price"), line.get("asked_price")
    if isinstance(listed, int | float) and isinstance(asked, int | float) and listed:
        return f"{(1 - asked / listed) * 100:.1f}%"
    return ""


def _unknown(material: Material) -> list[Json]:
    """Fields the pack does not know (等): shown as they were given."""
    locale = material.request.locale
    details = {key: value for key, value in material.request.details.items() if key not in material.kind.fields}
    rows = [[key, flat(value, locale)] for key, value in {**details, **material.request.extra}.items()]
    return [{"kind": "facts", "rows": rows}] if rows else []


def _survey(material: Material) -> list[Json]:
    if material.survey is None:
        return []
    survey_kind, locale = material.pack.types["tech.survey"], material.request.locale
    rows = _checklist(survey_kind, material.survey.get("result") or {}, locale)
    note = material.survey.get("note")
    blocks: list[Json] = [{"kind": "facts", "rows": rows}] + ([{"kind": "text", "text": str(note)}] if note else [])
    return [{"heading": word("survey", locale), "blocks": blocks}]


def _checklist(kind: RequestType, result: Mapping[str, Any], locale: str) -> list[list[str]]:
    rows = [
        [section.name(locale), flat(result.get(section.key), locale) or word("open", locale)] for section in kind.output.sections
    ]
    known = {section.key for section in kind.output.sections}
    return rows + [[key, flat(value, locale)] for key, value in result.items() if key not in known]


def _result(material: Material) -> list[Json]:
    if material.result is None:
        return []
    locale = material.request.locale
    rows = _checklist(material.kind, material.result, locale)
    blocks: list[Json] = [{"kind": "facts", "rows": rows}] if rows else []
    if material.note:
        blocks += [{"kind": "label", "text": word("note", locale)}, {"kind": "text", "text": material.note}]
    return [{"heading": word("result", locale), "blocks": blocks}]


def _closing(material: Material, layout: Mapping[str, Any]) -> list[Json]:
    locale = material.request.locale
    sections: list[Json] = []
    if layout.get("checklist"):
        sections.append(
            _section(word("checklist", locale), {"kind": "checks", "items": [entry[locale] for entry in layout["checklist"]]})
        )
    if layout.get("signatures"):
        names = [entry[locale] for entry in layout["signatures"]]
        sheet = _section(word("signatures", locale), {"kind": "signatures", "items": names})
        sections.append({**sheet, "new_page": bool(layout["cover"])})
    if material.draft:
        sections.append({"heading": word("draft", locale), "blocks": list(material.draft), "new_page": True})
    return sections


def _clean(value: Any) -> Any:
    """Characters no page can show (controls, lone surrogates) become a space; everything else stays."""
    match value:
        case str():
            return "".join(c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"} else " " for c in value)
        case dict():
            return {key: _clean(inner) for key, inner in value.items()}
        case list():
            return [_clean(inner) for inner in value]
        case _:
            return value
