"""A request as a document of plain blocks, in the order its type's layout names. Pure; nothing given is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from services.documents.rendering.blocks import clean, facts, label, merged, text
from services.documents.rendering.fields import checklist_blocks, form_blocks, free_blocks
from services.documents.rendering.wording import PRIORITIES, aside, day, joined, moment, word
from shared.catalogue import Field, Pack, RequestType
from shared.schemas.model import Json
from shared.schemas.requests import Request, number_of

LAYOUTS: Mapping[str, Any] = yaml.safe_load(files("services.documents").joinpath("layouts.yaml").read_text(encoding="utf-8"))
PLAIN_LAYOUT: Mapping[str, Any] = {"cover": False, "sections": []}


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything a document is made from, personal values included: it exists only while the document is rendered.

    `survey` is {request, result, note, details}; `signatories` are who gives an opinion on a review; `sections` are a
    packet's own, put after all others.
    """

    identity: str
    request: Request
    kind: RequestType
    pack: Pack
    names: Mapping[str, str]
    unit: str
    coordinator: str | None
    supporters: tuple[str, ...]
    signatories: tuple[str, ...]
    result: Json | None
    note: str
    survey: Json | None
    version: int
    at: str
    sections: tuple[Json, ...] = ()


def compose(material: Material) -> Json:
    """The document: {title, subtitle, cover, locale, number, unit, version, date, policy, particulars, sections}.

    A section is {heading, blocks, new_page}; `particulars` are the facts of the cover.
    """
    locale = material.request.locale
    layout = LAYOUTS.get(material.kind.key, PLAIN_LAYOUT)
    about = _section(word("request", locale), facts(_facts(material)))
    form, further = _form(material, layout)
    outcome = _survey(material, layout) + _result(material, layout)
    whole = [*form, *outcome, *further, about] if layout.get("request_last") else [about, *form, *outcome, *further]
    date = day(material.at, locale)
    document = {
        "title": material.kind.output.name(locale),
        "subtitle": _subtitle(material),
        "cover": bool(layout["cover"]),
        "locale": locale,
        "number": number_of(material.identity),
        "unit": material.unit,
        "version": material.version,
        "date": date,
        "policy": f"{material.pack.label.by_locale(locale)} {material.pack.version}",
        "particulars": _particulars(material, date),
        "sections": [section for section in (*whole, *_closing(material, layout), *material.sections) if section["blocks"]],
    }
    cleaned: Json = clean(document)
    return cleaned


def _subtitle(material: Material) -> str:
    opportunity = material.request.opportunity
    return f"{opportunity.customer.name} · {opportunity.name}" if opportunity else material.kind.name(material.request.locale)


def _section(heading: str, blocks: list[Json], *, new_page: bool = False) -> Json:
    """A section; a label that only repeats what the heading says is dropped."""
    alone = len(blocks) == 2 and blocks[0]["kind"] == "label"
    return {"heading": heading, "blocks": blocks[1:] if alone else blocks, "new_page": new_page}


def _particulars(material: Material, date: str) -> list[list[str]]:
    locale = material.request.locale
    rows = [
        ("number", number_of(material.identity)),
        ("version", f"v{material.version}"),
        ("date", date),
        ("unit", material.unit),
        ("supporters", joined(list(material.supporters), locale)),
    ]
    return [[word(key, locale), value] for key, value in rows if value]


def _facts(material: Material) -> list[list[str]]:
    request, locale = material.request, material.request.locale
    requester = material.names.get(request.requester.id, request.requester.id)
    given: list[tuple[str, object]] = [
        ("number", number_of(material.identity)),
        ("reference", f"{request.source.system} {request.source.reference}"),
        ("type", material.kind.name(locale)),
        ("unit", material.unit),
        ("requester", aside(requester, material.pack.role_name(request.requester.role, locale), locale)),
    ]
    if opportunity := request.opportunity:
        given += [("opportunity", aside(opportunity.name, opportunity.id, locale)), ("customer", opportunity.customer.name)]
        given += [("stage", opportunity.stage), ("tender_no", opportunity.tender_no)]
    given += [
        ("needed_by", moment(request.needed_by.isoformat(), locale) if request.needed_by else None),
        ("priority", PRIORITIES[request.priority][locale == "en"]),
        ("coordinator", material.coordinator),
        ("supporters", joined(list(material.supporters), locale)),
        ("currency", (request.extra.get("currency") or "CNY") if _has_money(material.kind.fields) else None),
    ]
    return [[word(key, locale), str(value)] for key, value in given if value]


def _has_money(fields: Mapping[str, Field]) -> bool:
    return any(spec.type == "money" or _has_money(spec.fields) for spec in fields.values())


def _form(material: Material, layout: Mapping[str, Any]) -> tuple[list[Json], list[Json]]:
    """The layout's sections; and what it does not name, with all that no form describes."""
    kind, details, locale = material.kind, material.request.details, material.request.locale
    named = [_section(part[locale], form_blocks(kind, details, part["fields"], locale)) for part in layout["sections"]]
    shown = {key for part in layout["sections"] for key in part["fields"]}
    rest = form_blocks(kind, details, [key for key in kind.fields if key not in shown], locale)
    unknown = {key: value for key, value in details.items() if key not in kind.fields}
    further = merged(rest + free_blocks(unknown, locale) + free_blocks(material.request.extra, locale))
    return named, [{"heading": word("other", locale), "blocks": further}]


def _survey(material: Material, layout: Mapping[str, Any]) -> list[Json]:
    """What the completed survey of the opportunity found, and when and about what it was held."""
    if material.survey is None:
        return []
    kind, locale = material.pack.types["tech.survey"], material.request.locale
    held = form_blocks(kind, material.survey.get("details") or {}, layout.get("survey", ()), locale)
    note = material.survey.get("note")
    blocks = checklist_blocks(kind, material.survey.get("result") or {}, locale) + ([text(str(note))] if note else [])
    blocks += [label(word("surveyed", locale)), *held] if held else []
    return [{"heading": word("survey", locale), "blocks": blocks}]


def _result(material: Material, layout: Mapping[str, Any]) -> list[Json]:
    if material.result is None:
        return []
    locale = material.request.locale
    blocks = checklist_blocks(material.kind, material.result, locale)
    if material.note:
        blocks += [label(word("note", locale)), text(material.note)]
    return [{"heading": layout["result"][locale] if "result" in layout else word("result", locale), "blocks": blocks}]


def _closing(material: Material, layout: Mapping[str, Any]) -> list[Json]:
    """The checklist and the sign-off sheet; a document with a cover begins them on a page of their own."""
    locale = material.request.locale
    checks = [entry[locale] for entry in layout.get("checklist", ())]
    signatures = [entry[locale] for entry in layout.get("signatures", ())] or list(material.signatories)
    given = [("checklist", "checks", checks), ("signatures", "signatures", signatures)]
    return [
        _section(word(key, locale), [{"kind": kind, "items": items}], new_page=bool(layout["cover"]) and place == 0)
        for place, (key, kind, items) in enumerate(part for part in given if part[2])
    ]
