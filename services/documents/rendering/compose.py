"""A request as a document of plain blocks, in the order its type's layout names, for those its layout says it is for. Pure.

What stays inside leaves nothing out that was given. What goes to a customer holds what its layout names and nothing else;
its internal sheet holds the whole.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from services.documents.rendering.about import currency, particulars, request_facts, subtitle
from services.documents.rendering.blocks import clean, facts, label, merged, text
from services.documents.rendering.fields import answered_blocks, checklist_blocks, form_blocks, free_blocks
from services.documents.rendering.material import Material
from services.documents.rendering.wording import day, word
from shared.schemas.model import Json
from shared.schemas.requests import number_of

Layout = Mapping[str, Any]
LAYOUTS: Mapping[str, Layout] = yaml.safe_load(files("services.documents").joinpath("layouts.yaml").read_text(encoding="utf-8"))
PLAIN_LAYOUT: Layout = {"cover": False, "sections": []}


def layout_of(kind: str) -> Layout:
    """How documents of the type `kind` are laid out; plainly when nobody said how."""
    return LAYOUTS.get(kind, PLAIN_LAYOUT)


def for_customers(kind: str) -> bool:
    """Whether documents of the type `kind` go to a customer. Whatever nobody said so of stays inside."""
    return bool(layout_of(kind).get("audience") == "customer")


def compose(material: Material) -> Json:
    """The document: {title, subtitle, cover, locale, number, unit, version, footer, date, particulars, sections}.

    A section is {heading, blocks, new_page}; `particulars` are the facts of the cover.
    """
    layout = layout_of(material.kind.key)
    if not for_customers(material.kind.key):
        return _document(material, material.kind.output.name(material.request.locale), layout, _whole(material, layout))
    sections = [*_form(material, layout["sections"]), *_survey_told(material, layout), *_result_told(material, layout)]
    return _document(material, material.kind.output.name(material.request.locale), layout, sections)


def compose_sheet(material: Material) -> Json:
    """The internal sheet of a document that goes to a customer: everything that was given, for those who work on it."""
    layout = {**layout_of(material.kind.key), "cover": False, "audience": "internal"}
    return _document(material, word("sheet", material.request.locale), layout, _whole(material, layout))


def _document(material: Material, title: str, layout: Layout, sections: list[Json]) -> Json:
    locale, outward = material.request.locale, layout.get("audience") == "customer"
    policy = f"{material.pack.label.by_locale(locale)} {material.pack.version}"
    document = {
        "title": title,
        "subtitle": subtitle(material),
        "cover": bool(layout["cover"]),
        "locale": locale,
        "number": number_of(material.identity),
        "unit": material.unit,
        "version": material.version,
        "date": day(material.at, locale),
        "footer": "" if outward else f"{word('internal', locale)} · {policy}",
        "particulars": particulars(material, outward=outward),
        "sections": [section for section in sections if section["blocks"]],
    }
    cleaned: Json = clean(document)
    return cleaned


def _whole(material: Material, layout: Layout) -> list[Json]:
    """All that was given and all that came of it."""
    about = _section(word("request", material.request.locale), facts(request_facts(material), paired=True))
    inside = [layout["internal"]] if "internal" in layout else []
    parts = [*layout["sections"], *inside]
    outcome = [*_survey(material, layout), *_result(material, layout)]
    further = _further(material, parts)
    return [about, *_form(material, parts), *outcome, *further, *_closing(material, layout), *material.sections]


def _section(heading: str, blocks: list[Json], *, new_page: bool = False) -> Json:
    """A section; a label that only repeats what the heading says is dropped."""
    alone = len(blocks) == 2 and blocks[0]["kind"] == "label"
    return {"heading": heading, "blocks": blocks[1:] if alone else blocks, "new_page": new_page}


def _form(material: Material, parts: list[Layout]) -> list[Json]:
    """The fields that `parts` name, a section for each."""
    kind, details, locale = material.kind, material.request.details, material.request.locale
    return [_section(part[locale], form_blocks(kind, details, part["fields"], locale)) for part in parts]


def _further(material: Material, parts: list[Layout]) -> list[Json]:
    """The fields that `parts` do not name, with all that no form describes."""
    kind, details, locale = material.kind, material.request.details, material.request.locale
    shown = {key for part in parts for key in part["fields"]}
    rest = form_blocks(kind, details, [key for key in kind.fields if key not in shown], locale)
    unknown = {key: value for key, value in details.items() if key not in kind.fields}
    extra = {key: value for key, value in material.request.extra.items() if key != "currency" or currency(material) is None}
    blocks = merged(rest + free_blocks(unknown, locale) + free_blocks(extra, locale))
    return [{"heading": word("other", locale), "blocks": blocks}]


def _survey(material: Material, layout: Layout) -> list[Json]:
    """All that the completed survey of the opportunity found, and when and about what it was held."""
    if material.survey is None:
        return []
    kind, locale = material.pack.types["tech.survey"], material.request.locale
    note = material.survey.get("note")
    blocks = checklist_blocks(kind, material.survey.get("result") or {}, locale) + ([text(str(note))] if note else [])
    return [{"heading": word("survey", locale), "blocks": blocks + _survey_held(material, layout)}]


def _survey_told(material: Material, layout: Layout) -> list[Json]:
    """What the survey found under the policy's own headings: neither what is open nor what was noted beside them."""
    if material.survey is None:
        return []
    kind, locale = material.pack.types["tech.survey"], material.request.locale
    blocks = answered_blocks(kind, material.survey.get("result") or {}, locale)
    return [{"heading": word("survey", locale), "blocks": blocks + _survey_held(material, layout)}]


def _survey_held(material: Material, layout: Layout) -> list[Json]:
    details = (material.survey or {}).get("details") or {}
    locale = material.request.locale
    held = form_blocks(material.pack.types["tech.survey"], details, layout.get("survey", ()), locale)
    return [label(word("surveyed", locale)), *held] if held else []


def _result(material: Material, layout: Layout) -> list[Json]:
    """What came of the work, with the note to whoever asked for it."""
    told = _result_blocks(material)
    locale = material.request.locale
    note = [label(word("note", locale)), text(material.note)] if material.result is not None and material.note else []
    heading = layout["result"][locale] if "result" in layout else word("result", locale)
    return [{"heading": heading, "blocks": told + note}]


def _result_told(material: Material, layout: Layout) -> list[Json]:
    """What came of the work where that is what the customer gets; the note is to whoever asked for it."""
    if layout["result"].get("audience") == "internal":
        return []
    return [{"heading": layout["result"][material.request.locale], "blocks": _result_blocks(material)}]


def _result_blocks(material: Material) -> list[Json]:
    return [] if material.result is None else checklist_blocks(material.kind, material.result, material.request.locale)


def _closing(material: Material, layout: Layout) -> list[Json]:
    """The checklist and the sign-off sheet; a document with a cover begins them on a page of their own."""
    locale = material.request.locale
    checks = [entry[locale] for entry in layout.get("checklist", ())]
    signatures = [entry[locale] for entry in layout.get("signatures", ())] or list(material.signatories)
    given = [("checklist", "checks", checks), ("signatures", "signatures", signatures)]
    return [
        _section(word(key, locale), [{"kind": kind, "items": items}], new_page=bool(layout["cover"]) and place == 0)
        for place, (key, kind, items) in enumerate(part for part in given if part[2])
    ]
